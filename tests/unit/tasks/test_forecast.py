import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from gnomon.core.errors import DataError, DivergedError, UsageError
from gnomon.core.spec import Label, Output, Series, Spec, Split
from gnomon.data.windows import Windows
from gnomon.tasks.forecast import Config, Task

NAMES = ("a", "b")
LOOKBACK, HORIZON, PERIOD = 8, 4, 4


def spec(**changes):
    about = {"period": PERIOD, "mean": (0.0, 0.0), "deviation": (2.0, 10.0), "naive_error": (1.0, 4.0)} | changes
    return Spec(
        input=Series(names=NAMES, length=LOOKBACK, **about), target=Series(names=NAMES, length=HORIZON, **about)
    )


@pytest.fixture
def task():
    return Task(Config(), spec())


def split_of(count, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count + LOOKBACK + HORIZON - 1, 2)).cumsum(axis=0)
    names = np.array([f"hour {i}" for i in range(len(rows))])
    windows = Windows(rows, lookback=LOOKBACK, horizon=HORIZON, first=LOOKBACK, names=names)
    hashes = np.arange(2 * count, dtype=np.uint64).view("V16")
    return Split(inputs=windows, targets=windows, ids=np.array([f"t{i}" for i in range(count)]), hashes=hashes)


def truth(split):
    return torch.from_numpy(split.inputs.futures(np.arange(len(split))))


def off_by(split, amounts, spread=1.0):
    """A forecast that misses every value of each channel by an amount, with quantiles ``spread`` around it."""
    point = truth(split) + torch.tensor(amounts)
    return Output(torch.stack([point, point - spread, point, point + spread], dim=-1))


def kept(task, split, amounts, spread=1.0):
    return task.keep(off_by(split, amounts, spread), truth(split)).numpy()


def test_scores_of_a_constant_miss_are_worked_by_hand(task):
    # Missing by 1 (deviation 2) and 5 (deviation 10): scaled both by 0.5.
    split = split_of(30)
    scores = task.metrics(kept(task, split, [1.0, 5.0]), split.targets, seed=0)
    expected = {"mse": 0.25, "mae": 0.5, "mase": (1 / 1 + 5 / 4) / 2, "mse_original": 13, "mae_original": 3}
    for name, value in expected.items():
        assert scores[name].value == pytest.approx(value, rel=1e-4), name
        assert scores[name].low == pytest.approx(value, rel=1e-4)
        assert scores[name].n == 30
    assert next(iter(scores)) == task.headline == "mse"


def test_coverage_is_the_share_between_the_outer_quantiles(task):
    split = split_of(30)
    assert task.metrics(kept(task, split, [0.5, 5.0]), split.targets, seed=0)["coverage"].value == 0.5
    assert task.metrics(kept(task, split, [0.5, 0.5]), split.targets, seed=0)["coverage"].value == 1
    assert task.metrics(kept(task, split, [2.0, 2.0]), split.targets, seed=0)["coverage"].value == 0


def test_pinball_is_worked_by_hand(task):
    # All quantiles and the point 1 above the truth of deviation 2, 10: missed by -0.5 and -0.1 scaled.
    # Loss of a miss of -m is (1 - share) m: mean of 0.9, 0.5, 0.1 is 0.5, so 0.25 and 0.05.
    split = split_of(20)
    scores = task.metrics(kept(task, split, [1.0, 1.0], spread=0.0), split.targets, seed=0)
    assert "pinball" not in scores  # no width at all: no quantiles were given
    found = task.metrics(kept(task, split, [1.0, 1.0], spread=1e-6), split.targets, seed=0)
    assert found["pinball"].value == pytest.approx(0.15, rel=1e-3)


def test_the_loss_is_that_of_the_point_and_the_quantiles(task):
    split = split_of(10)
    output, targets = off_by(split, [1.0, 5.0], spread=0.0), truth(split)
    assert task.loss(output, targets).item() == pytest.approx(0.25 + 0.25, rel=1e-4)
    plain = Task(Config(quantile_weight=0.0), spec())
    assert plain.loss(output, targets).item() == pytest.approx(0.25, rel=1e-4)
    assert Task(Config(loss="mae", quantile_weight=0.0), spec()).loss(output, targets).item() == pytest.approx(0.5)
    only_point = Output(output.value[..., :1])
    assert task.loss(only_point, targets).item() == pytest.approx(0.25, rel=1e-4)


def test_the_gradient_reaches_all_that_is_forecast(task):
    split = split_of(3)
    value = off_by(split, [1.0, -3.0]).value.requires_grad_()
    task.loss(Output(value), truth(split)).backward()
    assert (value.grad.abs() > 0).all()


def test_what_is_kept_of_a_window_depends_on_that_window_alone(task):
    split = split_of(6)
    noise = Output(off_by(split, [0.0, 0.0]).value + torch.randn(6, HORIZON, 2, 1, generator=torch.manual_seed(0)))
    together = task.keep(noise, truth(split))
    each = [task.keep(Output(noise.value[i : i + 1]), truth(split)[i : i + 1]) for i in range(6)]
    assert torch.allclose(together, torch.cat(each))
    assert together.shape == (6, 2 * 5 + HORIZON)


def test_progress_metrics_are_those_of_the_end(task):
    split = split_of(25)
    rows = kept(task, split, [1.0, 2.0])
    found = task.progress_metrics(torch.from_numpy(rows), split.targets)
    scores = task.metrics(rows, split.targets, seed=0)
    assert found == {name: pytest.approx(scores[name].value) for name in ("mse", "mae")}


def test_intervals_are_wider_than_independent_windows_would_give():
    about = {"period": 1, "mean": (0.0,), "deviation": (1.0,), "naive_error": (1.0,)}
    leaf = Series(names=("a",), length=20, **about)
    task = Task(Config(), Spec(input=leaf, target=leaf))
    errors = np.convolve(np.random.default_rng(0).normal(size=1019), np.ones(20) / 20, "valid") ** 2
    rows = np.zeros((1000, 5 + 20), np.float32)
    rows[:, 0] = errors
    score = task.metrics(rows, None, seed=0)["mse"]
    independent = 1.96 * errors.std() / np.sqrt(1000)
    assert score.high - score.low > 2.5 * 2 * independent
    assert score.low < score.value < score.high


def test_details_tell_steps_channels_and_the_worst(task):
    split = split_of(40)
    value = off_by(split, [0.0, 0.0]).value
    value[17, 2, 1, 0] += 100  # one value of one window
    rows = task.keep(Output(value), truth(split)).numpy()
    details = task.details(rows, split.targets, split.ids)
    assert json.loads(json.dumps(details, allow_nan=False)) == details
    assert details["worst"][0]["index"] == 17
    assert details["worst"][0]["id"] == "t17"
    assert details["worst"][0]["channel"] == "b"
    assert [entry["step"] for entry in details["by_step"]] == [1, 2, 3, 4]
    assert [entry["mse"] > 0 for entry in details["by_step"]] == [False, False, True, False]
    assert all(entry["seasonal"] > 0 for entry in details["by_step"])
    assert [entry["name"] for entry in details["per_channel"]] == ["a", "b"]
    assert details["per_channel"][1]["mse"] == pytest.approx((100 / 10) ** 2 / HORIZON / 40, rel=1e-4)
    assert 17 in details["draw"]
    assert details["level"] == 0.8


def test_many_steps_are_kept_in_bands():
    leaf = Series(names=("a",), length=100, deviation=(1.0,))
    task = Task(Config(), Spec(input=leaf, target=leaf))
    value = torch.zeros(3, 100, 1, 4)
    rows = task.keep(Output(value), torch.ones(3, 100, 1)).numpy()
    found = task.details(rows, None, np.array(["x", "y", "z"]))["by_step"]
    assert len(found) == 48
    assert found[-1] == {"step": 100, "mse": 1.0}


def test_windows_are_drawn_with_what_was_known_and_what_came(task):
    split = split_of(12)
    (drawn,) = task.drawn(off_by(split, [1.0, 50.0]).value[3:4].numpy(), split.targets, np.array([3]), split.ids)
    assert (drawn["channel"], drawn["id"]) == ("b", "t3")
    assert drawn["past"] == split.inputs[3][:, 1].tolist()
    assert drawn["truth"] == split.inputs.futures(3)[:, 1].tolist()
    assert drawn["times"] == [f"hour {3 + i}" for i in range(LOOKBACK + HORIZON)]
    assert np.array(drawn["forecast"]) - drawn["truth"] == pytest.approx(50, abs=1e-3)
    assert np.array(drawn["high"]) - drawn["low"] == pytest.approx(2, abs=1e-3)
    assert drawn["seasonal"] == drawn["past"][-PERIOD:]
    json.dumps(drawn, allow_nan=False)


def test_decoding_gives_each_channel_its_forecast_and_quantiles(task):
    value = np.arange(HORIZON * 2 * 4, dtype=np.float32).reshape(1, HORIZON, 2, 4)
    (found,) = task.decode(value, np.zeros((1, LOOKBACK, 2)))
    assert list(found) == ["a", "b"]
    assert found["b"] == {
        "forecast": [4, 12, 20, 28],
        "0.1": [5, 13, 21, 29],
        "0.5": [6, 14, 22, 30],
        "0.9": [7, 15, 23, 31],
    }
    assert task.decode(value[:0], np.zeros((0, LOOKBACK, 2))) == []


def test_baselines_are_measured_as_the_model_is(task):
    train, other = split_of(200), split_of(60, seed=1)
    found = {entry["name"]: entry["scores"] for entry in task.baselines(train, other, seed=0)}
    assert list(found) == ["last value", "last season", "linear model (ridge)"]
    last = other.inputs[np.arange(60)][:, -1:]
    error = (last - other.inputs.futures(np.arange(60))) / np.array([2.0, 10.0])
    assert found["last value"]["mse"].value == pytest.approx((error**2).mean(), rel=1e-5)
    assert "coverage" not in found["last value"]
    for scores in found.values():
        assert all(score.low <= score.value <= score.high for score in scores.values())
        json.dumps({name: asdict(score) for name, score in scores.items()}, allow_nan=False)
    without = Task(Config(), spec(period=1)).baselines(train, other, seed=0)
    assert [entry["name"] for entry in without] == ["last value", "linear model (ridge)"]


def test_channels_that_never_changed_have_no_mase():
    some = Task(Config(), spec(naive_error=(0.0, 4.0)))
    split = split_of(20)
    assert some.metrics(kept(some, split, [1.0, 6.0]), None, seed=0)["mase"].value == pytest.approx(1.5, rel=1e-4)
    none = Task(Config(), spec(naive_error=(0.0, 0.0)))
    assert "mase" not in none.metrics(kept(none, split, [1.0, 6.0]), None, seed=0)


def test_what_cannot_be_measured_is_refused(task):
    split = split_of(5)
    with pytest.raises(DataError, match="no window to measure"):
        task.metrics(kept(task, split, [1.0, 1.0])[:0], None, seed=0)
    with pytest.raises(DivergedError, match="not finite"):
        task.metrics(kept(task, split, [float("nan"), 1.0]), None, seed=0)
    with pytest.raises(DataError, match="a Series with a Label is no series to go on with"):
        Task(Config(), Spec(input=spec().input, target=Label(classes=("x", "y"))))
    with pytest.raises(UsageError, match=r"task.quantile_weight = -1 is not possible"):
        Config(quantile_weight=-1)
