import pytest

from gnomon.cli import main


@pytest.fixture(autouse=True)
def measured(api):
    score = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 100}
    loss = {"value": 0.7, "low": 0.65, "high": 0.75, "n": 100}
    api.answers["evaluate"] = {"scores": {"test": {"accuracy": score, "log_loss": loss}}, "baseline": None}


def test_every_score_is_shown_with_its_interval(api, capsys):
    assert main(["evaluate", "runs/a"]) == 0
    assert api.calls == [("evaluate", ("runs/a", None), {"split": "test", "judge": "off"})]
    printed = capsys.readouterr().out
    assert "50.0\u00a0% [40.0 – 60.0\u00a0%]" in printed
    assert "0.7 [0.65 – 0.75]" in printed


def test_other_data_and_another_split_may_be_named(api, capsys):
    main(["evaluate", "runs/a", "other", "--split", "valid"])
    assert api.calls[0][1:] == (("runs/a", "other"), {"split": "valid", "judge": "off"})


def test_a_split_that_does_not_exist_is_refused(api, capsys):
    assert main(["evaluate", "runs/a", "--split", "dev"]) == 2
    assert "'train', 'valid', 'test'" in capsys.readouterr().err


def test_json_is_what_was_measured(api, as_json):
    assert as_json("evaluate", "runs/a")[:2] == (0, api.answers["evaluate"])


def test_a_judge_is_passed_on(api):
    api.answers["evaluate"] = {"scores": {"test": {}}, "baseline": None}
    main(["evaluate", "runs/a", "--judge", "auto"])
    assert api.calls[0][2] == {"split": "test", "judge": "auto"}
