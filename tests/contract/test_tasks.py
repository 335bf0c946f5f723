"""Every task against one suite: what the loop, the evaluation and the report rely on."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from gnomon.core import plugins
from gnomon.core.spec import Image, Label, Output, Score, Spec, Split

SPEC = Spec(input=Image(height_px=4, width_px=4, channels=1), target=Label(classes=("cat", "dog", "owl")))
TASKS = plugins.names("task")


def split_of(num_samples, seed):
    generator = np.random.default_rng(seed)
    return Split(
        inputs=generator.integers(0, 256, (num_samples, 4, 4, 1)).astype(np.uint8),
        targets=generator.integers(0, 3, num_samples),
        ids=np.array([f"{i}.png" for i in range(num_samples)], dtype=object),
        hashes=np.arange(2 * num_samples, dtype=np.uint64).view("V16"),
    )


@pytest.fixture(params=TASKS)
def task(request):
    module = plugins.load("task", request.param)
    return module.Task(module.Config(), SPEC)


def outputs(task, num_samples):
    generator = np.random.default_rng(1)
    return generator.normal(size=(num_samples, task.output_size)).astype(np.float32)


def test_there_are_tasks():
    assert "classify" in TASKS


def test_loss_is_a_finite_scalar_whose_gradient_reaches_every_sample(task):
    value = torch.from_numpy(outputs(task, 5)).requires_grad_()
    loss = task.loss(Output(value=value), torch.from_numpy(split_of(5, 0).targets))
    loss.backward()
    assert loss.shape == ()
    assert torch.isfinite(loss)
    assert value.grad.abs().sum(1).gt(0).all()


def test_loss_of_a_batch_is_the_mean_over_its_samples(task):
    value, targets = torch.from_numpy(outputs(task, 3)), torch.from_numpy(split_of(3, 0).targets)
    each = [task.loss(Output(value=value[i : i + 1]), targets[i : i + 1]).item() for i in range(3)]
    assert task.loss(Output(value=value), targets).item() == pytest.approx(np.mean(each), rel=1e-5)


def test_loss_leaves_penalties_to_the_loop(task):
    value, targets = torch.from_numpy(outputs(task, 3)), torch.from_numpy(split_of(3, 0).targets)
    with_penalty = Output(value=value, penalties={"kl": torch.tensor(7.0)})
    assert torch.equal(task.loss(with_penalty, targets), task.loss(Output(value=value), targets))


def test_progress_metrics_are_plain_floats_named_as_the_metrics(task):
    split = split_of(40, 0)
    logits = outputs(task, 40)
    found = task.progress_metrics(torch.from_numpy(logits), torch.from_numpy(split.targets))
    scores = task.metrics(logits, split.targets, seed=0)
    assert task.headline in found
    for name, value in found.items():
        assert type(value) is float
        assert value == pytest.approx(scores[name].value, rel=1e-4)


def test_metrics_are_scores_with_ordered_intervals(task):
    split = split_of(40, 0)
    scores = task.metrics(outputs(task, 40), split.targets, seed=0)
    assert task.headline in scores
    for score in scores.values():
        assert isinstance(score, Score)
        assert score.low <= score.value <= score.high
        assert score.n == 40
    json.dumps({name: asdict(score) for name, score in scores.items()}, allow_nan=False)


def test_metrics_are_a_pure_function_of_their_arguments(task):
    split = split_of(40, 0)
    assert task.metrics(outputs(task, 40), split.targets, seed=5) == task.metrics(
        outputs(task, 40), split.targets, seed=5
    )


def test_details_are_json(task):
    split = split_of(40, 0)
    details = task.details(outputs(task, 40), split.targets, split.ids)
    assert json.loads(json.dumps(details, allow_nan=False)) == details


@pytest.mark.parametrize("num_samples", [0, 1, 3])
def test_decode_gives_one_row_a_sample_that_does_not_depend_on_the_others(task, num_samples):
    logits = outputs(task, 3)[:num_samples]
    rows = task.decode(logits)
    assert rows == [task.decode(logits[i : i + 1])[0] for i in range(num_samples)]
    json.dumps(rows, allow_nan=False)


def test_baselines_are_measured_as_the_model_is(task):
    found = task.baselines(split_of(60, 0), split_of(30, 1), seed=0)
    names = [entry["name"] for entry in found]
    assert names
    assert len(set(names)) == len(names)
    for entry in found:
        assert task.headline in entry["scores"]
        assert all(score.low <= score.value <= score.high for score in entry["scores"].values())
