from gnomon.cli.shell import scores
from gnomon.cli.shell.rows import plain


def score(value, n=100):
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": n}


BASELINE = {"name": "majority class", "split": "test", "scores": {"accuracy": score(0.25)}}


def text(rows):
    return [plain(row).replace("\u00a0", " ") for row in rows]


def test_the_model_stands_above_its_baseline_with_intervals_and_bars():
    measured = {"valid": {"accuracy": score(0.6)}, "test": {"accuracy": score(0.5), "log_loss": score(1.0)}}
    assert text(scores.beside_baselines(measured, [BASELINE])) == [
        "",
        "Accuracy on test · 100 samples, with 95 % intervals",
        "  this model      50.0 %  40.0 – 60.0 %  ━━━━━━━━━━━━",
        "  majority class  25.0 %  15.0 – 35.0 %  ━━━━━━",
    ]


def test_without_a_test_split_the_last_one_is_shown_without_foreign_baselines():
    shown = text(scores.beside_baselines({"valid": {"accuracy": score(0.6)}}, [BASELINE]))
    assert shown[1].startswith("Accuracy on valid")
    assert len(shown) == 3


def test_nothing_measured_shows_nothing():
    assert scores.beside_baselines({}, [BASELINE]) == []
    assert scores.table({"test": {}}) == []


def test_a_metric_that_is_no_share_has_no_bar():
    shown = text(scores.beside_baselines({"test": {"mse": score(2.0)}}, []))
    assert shown[1] == "MSE on test · 100 samples, with 95 % intervals; lower is better"
    assert shown[2] == "  this model  2  1.9 – 2.1"


def test_the_table_has_every_metric_of_every_split():
    shown = text(scores.table({"valid": {"accuracy": score(0.6)}, "test": {"accuracy": score(0.5), "f1": score(0.4)}}))
    assert shown[0].split() == ["valid", "[95", "%", "interval]", "test", "[95", "%", "interval]"]
    assert shown[1].split("  ")[1] == "accuracy"
    assert shown[2].split() == ["f1", "–", "40.0", "%", "[30.0", "–", "50.0", "%]"]
