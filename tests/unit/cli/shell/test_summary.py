import pytest

from gnomon.cli.shell import summary
from gnomon.cli.shell.rows import plain

RESULT = {
    "run": "runs/a b",
    "budget_s": 300.0,
    "elapsed_s": 298.94,
    "steps": 980,
    "scores": {"test": {"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0, "n": 10}}},
    "baseline": None,
    "peak_memory_bytes": 1_288_490_189,
    "report": "runs/a b/report.html",
}


def text(changes, again=""):
    rows = summary.rows(RESULT | changes, {"expected_finish_s": 299.0}, again=again)
    return "\n".join(plain(row).replace("\u00a0", " ") for row in rows)


def test_planned_stands_against_taken():
    assert text({}).startswith("Finished in 4m59s · 99.6 % of the budget of 5m")
    assert "time        299.0 s planned, 298.9 s taken, 980 steps" in text({})


def test_commands_to_try_next_can_be_copied():
    assert "use it      gnomon predict 'runs/a b' FILES... -o predictions.csv" in text({})
    assert "measure     gnomon evaluate 'runs/a b'" in text({})
    assert "more time   gnomon train digits --budget 20m" in text({}, again="gnomon train digits")


@pytest.mark.parametrize(
    ("metrics", "command"),
    [
        (("loss", "perplexity"), """gnomon generate 'runs/a b' --prompt "..." --length 400"""),
        (("mse", "mae"), "gnomon predict 'runs/a b' FILE -o forecast.csv"),
        (("nll", "elbo"), "gnomon generate 'runs/a b' --count 64 -o samples.png"),
        (("auroc", "elbo"), "gnomon predict 'runs/a b' FILES... -o scores.csv"),
        (("token_accuracy", "span_f1"), "gnomon predict 'runs/a b' FILES... -o predictions.csv"),
    ],
)
def test_a_model_is_used_as_what_it_was_measured_as(metrics, command):
    score = RESULT["scores"]["test"]["accuracy"]
    assert f"use it      {command}" in text({"scores": {"test": dict.fromkeys(metrics, score)}})


def test_a_model_of_series_draws_or_finds_what_is_strange():
    scores = {"test": dict.fromkeys(("nll_per_value", "elbo"), RESULT["scores"]["test"]["accuracy"])}
    drawn, found = (text({"scores": scores, "threshold": score}) for score in (None, 3.5))
    assert "use it      gnomon generate 'runs/a b' --count 16 -o synthetic.csv" in drawn
    assert "use it      gnomon predict 'runs/a b' FILES... -o scores.csv" in found


def test_more_time_keeps_the_task_that_had_to_be_asked_for():
    score = RESULT["scores"]["test"]["accuracy"]
    shown = text(
        {"scores": {"test": {"nll": score, "elbo": score}}, "task": "generate"},
        again="gnomon train digits --task generate",
    )
    assert "more time   gnomon train digits --task generate --budget 20m" in shown


@pytest.mark.parametrize("source", ["", "digits"])
def test_a_budget_that_is_no_time_is_not_reckoned_in_seconds(source):
    shown = text({"budget_s": None}, source)
    assert shown.startswith("Finished in 4m59s\n")
    assert "measure " in shown


def test_peak_memory_is_named():
    assert "memory      1.2 GiB at the peak" in text({})


def test_a_missing_report_is_said():
    assert "report      none was written" in text({"report": None})
