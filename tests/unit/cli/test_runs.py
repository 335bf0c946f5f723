from gnomon.cli import main

DONE = {
    "name": "2026-11-23_1720_digits_cnn",
    "path": "runs/2026-11-23_1720_digits_cnn",
    "state": "finished",
    "task": "classify",
    "family": "cnn",
    "budget": "5m",
    "score": {"metric": "accuracy", "split": "test", "value": 0.9, "low": 0.88, "high": 0.92, "n": 400},
    "steps": 980,
    "elapsed_s": 298.9,
    "started": "2026-11-23T17:20",
    "problem": None,
}
BROKEN = DONE | {"name": "b\x1b[2J", "state": "broken", "score": None, "elapsed_s": None, "problem": "plan.jsonl:3"}


def test_a_row_holds_state_score_with_interval_budget_and_time(api, capsys):
    api.answers["runs"] = [DONE]
    assert main(["runs"]) == 0
    assert api.calls == [("runs", ("runs",), {})]
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "state", "task", "family", "score", "budget", "took", "started"]
    assert "finished" in row
    assert "accuracy 90.0\u00a0% [88.0 – 92.0\u00a0%] test" in row
    assert row.index("5m") < row.index("4m59s") < row.index("2026-11-23T17:20")


def test_a_broken_run_says_what_is_wrong_and_cannot_write_on_the_terminal(api, capsys):
    api.answers["runs"] = [BROKEN]
    main(["runs", "elsewhere"])
    printed = capsys.readouterr().out
    assert "plan.jsonl:3" in printed
    assert "\x1b" not in printed


def test_no_run_yet_is_answered_with_how_to_begin(api, capsys):
    api.answers["runs"] = []
    assert main(["runs", "elsewhere"]) == 0
    assert capsys.readouterr().out == "no runs in elsewhere; begin with gnomon train digits --budget 30s\n"


def test_json_is_one_object_also_when_there_is_none(api, as_json):
    api.answers["runs"] = []
    assert as_json("runs")[1] == {"runs": []}
