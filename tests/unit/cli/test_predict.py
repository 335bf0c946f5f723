from gnomon.cli import main

CAT = {"file": "a.jpg", "label": "cat", "confidence": 0.987, "top": []}
BAD = {"file": "b\n.jpg", "label": None, "confidence": None, "error": "not a picture"}


def test_one_row_an_input_in_order_also_for_bad_ones(api, capsys):
    api.answers["predict"] = [CAT, BAD]
    assert main(["predict", "runs/a", "a.jpg", "b\n.jpg"]) == 0
    assert api.calls == [("predict", ("runs/a", ["a.jpg", "b\n.jpg"]), {"out": None, "strict": False})]
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["a.jpg", "98.7", "%", "cat"]
    assert second.startswith(r"b\n.jpg")
    assert second.endswith("not a picture")


def test_many_rows_are_not_poured_over_the_screen(api, capsys):
    api.answers["predict"] = [CAT] * 25
    main(["predict", "runs/a", "photos"])
    printed = capsys.readouterr().out
    assert printed.count("cat") == 20
    assert "and 5 more" in printed


def test_what_cannot_be_read_is_named_however_late_it_comes(api, capsys):
    api.answers["predict"] = [CAT] * 25 + [BAD] * 10
    main(["predict", "runs/a", "photos"])
    printed = capsys.readouterr().out
    assert "and 15 more; -o" in printed
    assert "unread" in printed
    assert printed.count("not a picture") == 8
    assert printed.splitlines()[-1].strip() == "and 2 more"


def test_a_file_for_the_rows_is_named_instead_of_the_rows(api, capsys):
    api.answers["predict"] = [CAT]
    assert main(["predict", "runs/a", "a.jpg", "-o", "p.csv"]) == 0
    assert api.calls[0][2] == {"out": "p.csv", "strict": False}
    assert capsys.readouterr().out.split() == ["written", "p.csv"]
    api.answers["predict"] = [CAT, BAD]
    assert main(["predict", "runs/a", "a.jpg", "-o", "p.csv"]) == 0
    assert capsys.readouterr().out.split() == ["written", "p.csv", "unread", "1", r"b\n.jpg", "not", "a", "picture"]


def test_trees_are_drawn_with_a_label_at_each_node(api, capsys):
    tree = {"file": "t.txt:1", "error": "", "label": "3", "confidence": 0.9}
    tree |= {"symbols": ["not", "bad", ""], "parents": [2, 2, -1]}
    broken = {"file": "t.txt:2:7", "error": "a bracket is never closed"}
    api.answers["predict"] = [tree | {"labels": ["2", "1", "3"]}, broken, tree, *[tree | {"file": "later"}] * 2]
    assert main(["predict", "runs/a", "t.txt"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:4] == ["(3)", "├─ (2) not", "└─ (1) bad"]
    assert lines[5].endswith("a bracket is never closed")
    assert lines[8:11] == ["(3)", "├─ not", "└─ bad"]
    assert [line.split()[0] for line in lines[12:]] == ["later", "later"]


def test_a_number_stands_at_the_root_of_its_tree(api, capsys):
    about = {"value": 3.5, "low": 3.0, "high": 4.0, "symbols": ["a", "+"], "parents": [1, -1]}
    api.answers["predict"] = [{"file": "t.jsonl:1", "error": ""} | about]
    assert main(["predict", "runs/a", "t.jsonl"]) == 0
    assert capsys.readouterr().out.splitlines()[1:3] == ["(3.5) +", "└─ a"]


def test_json_holds_every_row(api, as_json):
    api.answers["predict"] = [CAT, BAD]
    assert as_json("predict", "runs/a", "x")[1] == {"predictions": [CAT, BAD], "out": None}


def test_numbers_have_their_range_and_strict_is_passed_on(api, capsys):
    api.answers["predict"] = [{"file": "t.csv#1", "error": "", "value": 12345.6, "low": 0.5, "high": 20000.0}]
    assert main(["predict", "runs/a", "t.csv", "--strict"]) == 0
    assert api.calls[0][2] == {"out": None, "strict": True}
    assert capsys.readouterr().out.split() == ["t.csv#1", "12,346", "0.5", "–", "20,000"]


def test_no_file_is_refused(api, capsys):
    assert main(["predict", "runs/a"]) == 2
    assert "error: gnomon predict needs FILES..." in capsys.readouterr().err


def test_how_strange_each_sample_is_stands_in_columns(api, capsys):
    usual = {"file": "a.jpg", "score": 91.234, "p_value": 0.5, "anomalous": False, "error": ""}
    odd = {"file": "b.jpg", "score": 1234.5, "p_value": 0.0012, "anomalous": True, "error": ""}
    api.answers["predict"] = [usual, odd, BAD]
    assert main(["predict", "runs/a", "x"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["strangeness", "p-value"]
    assert [row.split() for row in rows[:2]] == [["a.jpg", "91.23", "0.5"], ["b.jpg", "1234", "0.0012", "anomalous"]]
    assert rows[2].endswith("not a picture")


def test_of_a_series_the_strangest_steps_are_shown(api, capsys):
    steps = [
        {"file": "s.csv", "time": f"2026-01-0{k}", "surprise": {"x": score}, "score": score, "p_value": 0.1 / k,
         "anomalous": score > 4, "channel": "x", "error": ""}
        for k, score in enumerate((1.0, 5.5, 3.0), start=1)
    ]  # fmt: skip
    api.answers["predict"] = [*steps, BAD]
    assert main(["predict", "runs/a", "s.csv"]) == 0
    bad, head, *rows, told = capsys.readouterr().out.splitlines()
    assert bad.endswith("not a picture")
    assert head.split() == ["the", "strangest", "strangeness", "p-value", "channel"]
    assert [row.split() for row in rows] == [
        ["2026-01-02", "5.5", "0.05", "x", "anomalous"],
        ["2026-01-03", "3", "0.0333", "x"],
        ["2026-01-01", "1", "0.1", "x"],
    ]
    assert told == "1 of 3 steps are taken for anomalies; -o scores.csv writes them all"
