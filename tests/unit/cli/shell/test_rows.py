from gnomon.cli.shell import rows
from gnomon.cli.shell.rows import Row


def test_a_fact_has_its_label_in_a_column():
    assert rows.plain(rows.fact("steps", "980", (" of 512", "dim"))) == "  steps       980 of 512"


def test_marks_stand_before_the_text_and_nothing_trails():
    assert rows.plain(Row((("careful", "yellow"),), mark=("!", "bold"))) == "! careful"
    assert rows.plain(rows.blank()) == ""
    assert rows.plain(rows.heading("Plan")) == "Plan"
    assert rows.plain(rows.heading("Accuracy", "10 samples")) == "Accuracy · 10 samples"


def test_flags_in_a_text_are_made_visible():
    assert rows.with_flags("test is given (--split, --valid)") == (
        ("test is given (", ""),
        ("--split", "cyan"),
        (", ", ""),
        ("--valid", "cyan"),
        (")", ""),
    )


def test_columns_align_wide_characters_and_numbers():
    table = [[("cat", ""), ("9.5", ""), ("x", "")], [("猫猫", ""), ("10.5", ""), ("y", "")]]
    shown = [rows.plain(row) for row in rows.columns(table, right=frozenset({1}))]
    assert shown == ["cat    9.5  x", "猫猫  10.5  y"]


def test_no_record_makes_no_row():
    assert rows.columns([]) == []
