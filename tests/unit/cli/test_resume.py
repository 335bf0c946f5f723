import inspect

from gnomon import api as REAL_API
from gnomon.cli import main


def test_what_is_left_of_the_budget_is_the_default(api, capsys):
    assert main(["resume", "runs/a"]) == 0
    assert api.calls[0][2].pop("already_s") > 0
    assert api.calls == [("resume", ("runs/a",), {"budget": None, "accept_changed_data": False})]
    assert "gnomon evaluate runs/2026-11-23_1720_digits_cnn" in capsys.readouterr().out


def test_more_time_and_changed_data_can_be_granted(api, capsys):
    main(["resume", "runs/a", "--budget", "10m", "--accept-changed-data"])
    given = api.calls[0][2]
    assert (given["budget"], given["accept_changed_data"]) == ("10m", True)
    assert {*given, "run", "emit"} == set(inspect.signature(REAL_API.resume).parameters)


def test_json_is_the_result(api, as_json):
    assert as_json("resume", "runs/a")[1]["steps"] == 980


def test_no_run_is_answered_with_an_example(api, capsys):
    assert main(["resume"]) == 2
    assert capsys.readouterr().err == (
        "error: gnomon resume needs RUN\nfix: try gnomon resume runs/RUN; see gnomon resume --help\n"
    )
