import json

import numpy as np
import pytest
import sklearn.metrics as oracle
import torch

from gnomon.core.errors import DataError, DivergedError, UsageError
from gnomon.core.spec import Image, Label, Number, Output, Spec, Split, Vector
from gnomon.tasks.regress import Config, Task

ROWS = Vector(names=("x", "y"))
PRICE = Number(name="price", mean=100.0, deviation=10.0)


def task_of(*, input=ROWS, **settings):
    return Task(Config(**settings), Spec(input=input, target=PRICE))


def split_of(targets, inputs=None):
    n = len(targets)
    return Split(
        inputs=np.zeros((n, 2), np.float32) if inputs is None else inputs,
        targets=np.asarray(targets, np.float64),
        ids=np.array([f"row {i}" for i in range(n)], dtype=object),
        hashes=np.arange(2 * n, dtype=np.uint64).view("V16"),
    )


def answers(num_samples=600, seed=0):
    """Answers with a standard error of 0.5 deviations, and the true 0.1 and 0.9 quantiles."""
    draw = np.random.default_rng(seed)
    point = draw.normal(size=num_samples)
    half = 0.5 * 1.2815515655446004
    kept = np.stack([point, point - half, point, point + half], axis=1).astype(np.float32)
    return kept, 100 + 10 * (point + 0.5 * draw.normal(size=num_samples))


def test_scores_worked_by_hand():
    # In units: 110, 100, 90 against 107, 104, 90.
    kept = np.array([[1, 0.5, 1, 2], [0, -1, 0, 0.1], [-1, -2, -1, 0]], np.float32)
    scores = task_of().metrics(kept, np.array([107.0, 104.0, 90.0]), seed=0)
    assert list(scores) == ["rmse", "mae", "r2", "coverage", "pinball"]
    assert scores["rmse"].value == pytest.approx((25 / 3) ** 0.5)
    assert scores["mae"].value == pytest.approx(7 / 3)
    assert scores["r2"].value == pytest.approx(1 - 25 / (49 + 16 + 100 - 3 * (301 / 3 - 100) ** 2), rel=0.05)
    assert scores["coverage"].value == pytest.approx(2 / 3)  # 105 … 120, 90 … 101, 80 … 90
    assert all(score.n == 3 for score in scores.values())


def test_scores_agree_with_scikit_learn():
    kept, true = answers()
    scores = task_of().metrics(kept, true, seed=0)
    point = 100 + 10 * kept[:, 0].astype(np.float64)
    assert scores["rmse"].value == pytest.approx(oracle.root_mean_squared_error(true, point))
    assert scores["mae"].value == pytest.approx(oracle.mean_absolute_error(true, point))
    assert scores["r2"].value == pytest.approx(oracle.r2_score(true, point))
    losses = [oracle.mean_pinball_loss(true, 100 + 10 * kept[:, 1 + k], alpha=a) for k, a in enumerate((0.1, 0.5, 0.9))]
    assert scores["pinball"].value == pytest.approx(np.mean(losses), rel=1e-5)


def test_true_quantiles_cover_four_in_five():
    score = task_of().metrics(*answers(5000), seed=0)["coverage"]
    assert score.low < 0.8 < score.high


def test_targets_that_do_not_vary_have_no_r2():
    kept, _ = answers(20)
    assert "r2" not in task_of().metrics(kept, np.full(20, 5.0), seed=0)


def test_answers_without_quantiles_are_scored_without_them():
    kept, true = answers(50)
    task = task_of()
    assert list(task.metrics(kept[:, :1], true, seed=0)) == ["rmse", "mae", "r2"]
    assert set(task.decode(kept[:1, :1], None)[0]) == {"value"}
    json.dumps(task.details(kept[:, :1], true, split_of(true).ids), allow_nan=False)


def test_answers_that_are_no_numbers_are_an_error():
    with pytest.raises(DivergedError, match="not finite"):
        task_of().metrics(np.full((2, 4), np.nan, np.float32), np.zeros(2), seed=0)


def test_no_sample_is_an_error():
    with pytest.raises(DataError, match="no sample"):
        task_of().metrics(np.zeros((0, 4), np.float32), np.zeros(0), seed=0)


class TestLoss:
    def loss(self, value, true, **settings):
        return task_of(**settings).loss(Output(torch.tensor(value)), torch.tensor(true, dtype=torch.float64)).item()

    def test_the_number_is_judged_on_standardised_values(self):
        given = {"value": [[2.0, 0.0, 0.0, 0.0]], "true": [100.0]}
        assert self.loss(**given, quantile_weight=0.0) == pytest.approx(4.0)
        assert self.loss(**given, quantile_weight=0.0, loss="mae") == pytest.approx(2.0)
        assert self.loss(**given, quantile_weight=0.0, loss="huber") == pytest.approx(1.5)

    def test_the_quantiles_add_their_pinball_loss(self):
        # True 1: each quantile at 0 is missed by 1 from below: 0.1, 0.5 and 0.9.
        assert self.loss([[1.0, 0.0, 0.0, 0.0]], [110.0]) == pytest.approx(0.5)

    def test_large_numbers_lose_no_digits(self):
        task = Task(Config(), Spec(input=ROWS, target=Number(mean=1e12, deviation=1e-3)))
        loss = task.loss(Output(torch.zeros(1, 1)), torch.tensor([1e12 + 1e-3], dtype=torch.float64))
        assert loss.item() == pytest.approx(1.0, abs=0.15)

    def test_a_weight_that_is_none_is_refused(self):
        with pytest.raises(UsageError, match=r"task\.quantile_weight"):
            Config(quantile_weight=-1.0)


def test_the_prior_is_mean_and_quantiles():
    found = task_of().prior(split_of(100 + 10 * np.linspace(-1, 1, 1001)))
    assert found.tolist() == pytest.approx([0.0, -0.8, 0.0, 0.8], abs=1e-6)


def test_decoded_answers_are_in_units():
    (row,) = task_of().decode(np.array([[0.5, -1, 0.4, 2]], np.float32), None)
    assert row == {"value": 105.0, "low": 90.0, "high": 120.0}


class TestDetails:
    def details(self, **about):
        kept, true = answers(**about)
        return task_of().details(kept, true, split_of(true).ids), kept, true

    def test_the_worst_come_first(self):
        details, kept, true = self.details()
        errors = [abs(entry["error"]) for entry in details["worst"]]
        assert errors == sorted(errors, reverse=True)
        first = details["worst"][0]
        assert first["id"] == f"row {first['index']}"
        assert first["error"] == pytest.approx(np.abs(100 + 10 * kept[:, 0] - true).max(), rel=1e-5)

    def test_every_residual_is_in_the_histogram(self):
        details, _, _ = self.details()
        assert sum(details["residuals"]["counts"]) == 600
        assert len(details["residuals"]["edges"]) == len(details["residuals"]["counts"]) + 1

    def test_calibrated_quantiles_show_as_calibrated(self):
        details, _, _ = self.details(num_samples=4000)
        for entry in details["calibration"]:
            assert entry["low"] - 0.01 < entry["share"] < entry["high"] + 0.01

    def test_bands_rise_and_hold_all(self):
        details, _, _ = self.details()
        predicted = [band["predicted"] for band in details["bands"]]
        assert predicted == sorted(predicted)
        assert sum(band["n"] for band in details["bands"]) == 600

    def test_one_sample_is_enough(self):
        kept, true = answers(1)
        json.dumps(task_of().details(kept, true, split_of(true).ids), allow_nan=False)


class TestBaselines:
    def test_mean_median_and_a_linear_model(self):
        draw = np.random.default_rng(0)
        inputs = draw.normal(size=(300, 2)).astype(np.float32)
        train, other = (split_of(100 + 10 * x[:, 0].astype(np.float64), x) for x in (inputs[:200], inputs[200:]))
        found = {one["name"]: one["scores"] for one in task_of().baselines(train, other, seed=0)}
        assert list(found) == ["mean", "median", "linear model (ridge)"]
        assert found["linear model (ridge)"]["rmse"].value < 0.1
        error = other.targets - train.targets.mean()
        assert found["mean"]["rmse"].value == pytest.approx(np.sqrt((error**2).mean()))
        assert found["mean"]["r2"].value <= 0

    def test_the_linear_model_is_for_rows_and_for_when_there_is_time(self):
        split = split_of(np.arange(20.0))
        assert len(task_of().baselines(split, split, seed=0, thorough=False)) == 2
        picture = Image(height_px=2, width_px=2, channels=1)
        assert len(task_of(input=picture).baselines(split, split, seed=0)) == 2


def test_costs_have_the_mae_for_their_mean():
    kept, true = answers(80)
    assert task_of().costs(kept, true).mean() == pytest.approx(task_of().metrics(kept, true, seed=0)["mae"].value)


def test_what_is_shown_is_in_units():
    assert task_of().shown(np.array([[0.5, 0, 0, 0]]))["price"].tolist() == [105.0]


class TestRanges:
    def test_they_are_widened_until_they_hold_their_share(self):
        kept, true = answers(2000)
        assert task_of().temperature(kept, true) == pytest.approx(1.0, abs=0.06)
        narrow = task_of().tempered(kept, 0.5)
        assert task_of().temperature(narrow, true) == pytest.approx(2.0, abs=0.12)
        mended = task_of().tempered(narrow, task_of().temperature(narrow, true))
        assert task_of().metrics(mended, true, seed=0)["coverage"].value == pytest.approx(0.8, abs=0.002)

    def test_the_rank_is_that_of_one_more_sample(self):
        # Nine samples: the eighth of those that need 0.1, 0.2, … 0.9 of the reach of 1 deviation, which is 10.
        kept = np.tile(np.array([0, -1, 0, 1], np.float32), (9, 1))
        true = 100 + np.arange(1, 10.0) * np.array([1, -1, 1, -1, 1, -1, 1, -1, 1])
        assert task_of().temperature(kept, true) == pytest.approx(0.8)
        assert task_of().temperature(kept[:3], true[:3]) == 1.0

    def test_the_number_and_the_middle_stay(self):
        kept = np.array([[0.5, -1, 0, 2]], np.float32)
        assert task_of().tempered(kept, 1.5).tolist() == [[0.5, -1.5, 0, 3]]
        assert task_of().tempered(kept[:, :1], 1.5).tolist() == [[0.5]]

    def test_a_range_of_no_width_is_widened_as_far_as_may_be(self):
        kept = np.zeros((50, 4), np.float32)
        assert task_of().temperature(kept, np.linspace(90, 110, 50)) == 10.0


def test_another_target_is_refused():
    with pytest.raises(DataError, match="not a number"):
        Task(Config(), Spec(input=ROWS, target=Label(classes=("a", "b"))))
