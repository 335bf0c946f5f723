"""core/errors.py: one block of at most eight lines, and the exit code that goes with it."""

import pytest

from gnomon.core import errors
from gnomon.core.errors import DataError, GnomonError, UsageError, note_run, noted_run, printable


def test_the_block_says_what_where_and_what_to_do():
    error = DataError("has no label column", fix="name one: --target NAME", path="a/b.csv", line=3)
    assert str(error) == "error: a/b.csv:3: has no label column\nfix: name one: --target NAME"


def test_path_and_line_may_be_missing():
    assert str(UsageError("what?", fix="that")) == "error: what?\nfix: that"
    assert str(UsageError("what?", fix="that", path="p")) == "error: p: what?\nfix: that"


@pytest.mark.parametrize(("num_what", "num_fix"), [(1, 1), (20, 1), (3, 5), (3, 6), (20, 7)])
def test_at_most_eight_lines_and_what_is_wrong_is_always_among_them(num_what, num_fix):
    what = "\n".join(f"what {n}" for n in range(num_what))
    fix = "\n".join(f"do {n}" for n in range(num_fix))
    lines = str(GnomonError(what, fix=fix)).splitlines()
    assert len(lines) == min(8, num_what + num_fix)
    assert len([line for line in lines if "do" in line]) == num_fix
    assert lines[0] == "error: what 0"
    assert "fix: do 0" in lines


def test_json_holds_the_same_facts():
    error = DataError("bad", fix="mend", path=b"caf\xe9".decode("utf-8", "surrogateescape"), line=2)
    assert error.as_dict() == {"error": "bad", "fix": "mend", "path": "caf\\udce9", "line": 2, "exit_code": 3}
    assert DataError("bad", fix="mend").as_dict()["path"] is None


def test_every_kind_has_the_exit_code_of_the_design():
    kinds = {kind.__name__: kind.exit_code for kind in GnomonError.__subclasses__()}
    assert kinds == {
        "UsageError": 2,
        "DataError": 3,
        "ResourceError": 4,
        "DivergedError": 5,
        "ArtefactError": 6,
        "ReproducibilityError": 7,
        "StoppedError": 75,
    }
    assert (errors.BUG_EXIT, errors.INTERRUPTED_EXIT) == (70, 130)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 类 😀", "plain ü 类 😀"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("caf\udce9", "caf\\udce9"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
    ],
)
def test_a_terminal_is_safe_from_names(text, shown):
    assert printable(text) == shown


def test_a_name_cannot_forge_a_second_line():
    error = DataError("bad", fix="mend", path="a\nfix: rm -rf /")
    assert str(error).splitlines() == ["error: a\\nfix: rm -rf /: bad", "fix: mend"]


def test_a_bug_remembers_in_which_run_it_happened():
    error = ZeroDivisionError()
    assert noted_run(error) is None
    error.add_note("another note")
    note_run(error, "runs/a")
    assert noted_run(error) == "runs/a"
