"""Every task against one suite: what the loop, the evaluation and the report rely on."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from gnomon.core import plugins
from gnomon.core.spec import (
    Density,
    Image,
    Label,
    MixedRow,
    NodeLabels,
    Normality,
    Number,
    Output,
    Quantity,
    Score,
    Sequence,
    Series,
    Spec,
    Split,
    Tags,
    Tree,
    Vector,
)
from gnomon.data.nodecolumn import NodeColumn
from gnomon.data.ragged import Ragged
from gnomon.data.stream import Stream
from gnomon.data.stretches import Stretches, every
from gnomon.data.windows import Windows

TASKS = plugins.names("task")
WINDOW, HORIZON, LOOKBACK = 3, 4, 6


def named(inputs, targets, num_samples):
    return Split(
        inputs=inputs,
        targets=targets,
        ids=np.array([f"sample {i}" for i in range(num_samples)], dtype=object),
        hashes=np.arange(2 * num_samples, dtype=np.uint64).view("V16"),
    )


class Labels:
    """Pictures that have a class."""

    spec = Spec(input=Image(height_px=4, width_px=4, channels=1), target=Label(classes=("cat", "dog", "owl")))

    def split(self, num_samples, seed):
        generator = np.random.default_rng(seed)
        pixels = generator.integers(0, 256, (num_samples, 4, 4, 1)).astype(np.uint8)
        return named(pixels, generator.integers(0, 3, num_samples), num_samples)

    def batch(self, split):
        return split.inputs, split.targets

    def shape(self, num_samples, size):
        return num_samples, size


class Text:
    """A text to be continued."""

    leaf = Sequence(sizes=(6,), length=WINDOW, unit="character")
    spec = Spec(input=leaf, target=leaf)

    def split(self, num_samples, seed):
        tokens = np.random.default_rng(seed).integers(1, 6, num_samples * WINDOW + 1)
        stream = Stream(tokens, WINDOW, num_bytes=len(tokens), num_characters=len(tokens))
        return named(stream, stream, num_samples)

    def batch(self, split):
        tokens, num_samples = split.inputs.tokens, len(split)
        return tokens[:-1].reshape(num_samples, WINDOW, 1), tokens[1:].reshape(num_samples, WINDOW)

    def shape(self, num_samples, size):
        return num_samples, WINDOW, size


class TaggedWords:
    """Sentences of words that have tags."""

    spec = Spec(input=Sequence(sizes=(9, 4), length=WINDOW, unit="word"), target=Tags(classes=("O", "B-PER", "I-PER")))

    def split(self, num_samples, seed):
        generator = np.random.default_rng(seed)
        words, tags = (
            generator.integers(1, 4, (num_samples, WINDOW, 2)),
            generator.integers(0, 3, (num_samples, WINDOW)),
        )
        columns = Ragged.of(words, like=words[:, 0]), Ragged.of(tags, like=tags[:, 0])
        return named(*columns, num_samples)

    def batch(self, split):
        return tuple(
            column.values.reshape(len(split), WINDOW, *column.values.shape[1:]) for column in columns_of(split)
        )

    def shape(self, num_samples, size):
        return num_samples, WINDOW, size


class LabelledTrees:
    """Trees of two leaves under a root, every node with a label."""

    spec = Spec(
        input=Tree(sizes=(9,), nodes=WINDOW, arity=2, depth=1), target=NodeLabels(classes=("bad", "so", "good"))
    )

    def split(self, num_samples, seed):
        generator = np.random.default_rng(seed)
        shape = np.broadcast_to([[2, 1, 0], [1, 2, 0], [0, 1, 1]], (num_samples, WINDOW, WINDOW))
        nodes = np.concatenate([shape, generator.integers(2, 9, (num_samples, WINDOW, 1))], axis=2)
        labels = generator.integers(0, 3, (num_samples, WINDOW))
        trees = Ragged.of(nodes, like=nodes[:, 0])
        return named(trees, NodeColumn(Ragged.of(labels, like=labels[:, 0]), trees), num_samples)

    def batch(self, split):
        return tuple(
            column.values.reshape(len(split), WINDOW, *column.values.shape[1:]) for column in columns_of(split)
        )

    def shape(self, num_samples, size):
        return num_samples, WINDOW, size


def columns_of(split):
    return split.inputs, split.targets


class Measurements:
    """A series to be forecast, in two channels."""

    past = Series(names=("x", "y"), length=LOOKBACK, period=2, mean=(1.0, -1.0), deviation=(2.0, 0.5))
    spec = Spec(input=past, target=replace(past, length=HORIZON))

    def split(self, num_samples, seed):
        rows = np.random.default_rng(seed).normal(size=(LOOKBACK + num_samples + HORIZON - 1, 2)).astype(np.float32)
        windows = Windows(rows, lookback=LOOKBACK, horizon=HORIZON, first=LOOKBACK)
        return named(windows, windows, num_samples)

    def batch(self, split):
        every = np.arange(len(split))
        return split.inputs[every], split.inputs.futures(every)

    def shape(self, num_samples, size):
        return num_samples, HORIZON, 2, size


class Priced:
    """Rows of a table that have a number."""

    spec = Spec(
        input=Vector(names=("x", "y"), categories=(("colour", 4),)),
        target=Number(name="price", mean=1e6, deviation=50.0),
    )

    def split(self, num_samples, seed):
        generator = np.random.default_rng(seed)
        numbers = generator.normal(size=(num_samples, 2))
        rows = np.column_stack([numbers, generator.integers(0, 4, num_samples)]).astype(np.float32)
        return named(rows, 1e6 + 50.0 * numbers[:, 0], num_samples)

    def batch(self, split):
        return split.inputs, split.targets

    def shape(self, num_samples, size):
        return num_samples, size


class Drawings:
    """Pictures of which it is asked how probable they are; the network finds the terms of the bound."""

    target = Density(binarize="dynamic", classes=("cat", "dog", "owl"), conditional=True)
    spec = Spec(input=Image(height_px=4, width_px=4, channels=1), target=target)

    split = Labels.split
    batch = Labels.batch

    def shape(self, num_samples, size):
        return num_samples, size


class Normal(Drawings):
    """Pictures of which it is asked whether they are normal; owls are not."""

    target = Normality(classes=("cat", "dog", "owl"), normal=("cat", "dog"))
    spec = Spec(input=Image(height_px=4, width_px=4, channels=1), target=target)


class Mixed(Drawings):
    """Rows of a table of which it is asked how probable they are."""

    leaf = MixedRow(
        numbers=(Quantity(name="x", low=0.0, step=1.0, places=9, means=(4.0,), deviations=(2.0,)),),
        categories=(("c", 4),),
    )
    spec = Spec(input=leaf, target=Density(classes=("cat", "dog", "owl"), conditional=True, shares=(0.25, 0.25, 0.5)))

    def split(self, num_samples, seed):
        generator = np.random.default_rng(seed)
        rows = np.stack([generator.integers(0, 9, num_samples), generator.integers(0, 4, num_samples)], axis=1)
        return named(rows.astype(np.float32), generator.integers(0, 3, num_samples), num_samples)


class MixedNormal(Mixed):
    """Rows of which it is asked whether they are normal; owls are not."""

    spec = Spec(input=Mixed.leaf, target=Normal.target)


class DrawnWindows:
    """Windows of a series of which it is asked how probable they are."""

    leaf = Series(names=("x", "y"), length=LOOKBACK, period=2, mean=(1.0, -1.0), deviation=(2.0, 0.5))
    spec = Spec(input=leaf, target=Density())

    def split(self, num_samples, seed):
        rows = np.random.default_rng(seed).normal(size=(LOOKBACK + num_samples - 1, 2)).astype(np.float32)
        windows = Stretches(rows, length=LOOKBACK, starts=every(len(rows), LOOKBACK))
        return named(windows, np.full(num_samples, -1, np.int64), num_samples)

    def batch(self, split):
        return split.inputs[np.arange(len(split))], split.targets

    def shape(self, num_samples, size):
        return num_samples, size


class UsualWindows(DrawnWindows):
    """Windows of a series of which it is asked whether they are usual."""

    spec = Spec(input=DrawnWindows.leaf, target=Normality())


KINDS = {
    Label: Labels(),
    Sequence: Text(),
    Tags: TaggedWords(),
    Series: Measurements(),
    NodeLabels: LabelledTrees(),
    Number: Priced(),
    Density: Drawings(),
    Normality: Normal(),
}


MORE = (
    {Density: Mixed(), Normality: MixedNormal()},
    {Density: DrawnWindows(), Normality: UsualWindows()},
)
"""Other kinds of input under the same targets."""

PAIRS = [
    (name, kinds[target])
    for name in TASKS
    for target in plugins.load("task", name).TARGETS
    for kinds in (KINDS, *MORE)
    if target in kinds
]


@pytest.fixture(params=PAIRS, ids=[f"{name}, {type(kind).__name__}" for name, kind in PAIRS])
def kind(request):
    return request.param[1]


@pytest.fixture
def task(request, kind):
    name, *_ = request.node.callspec.params["kind"]
    module = plugins.load("task", name)
    return module.Task(module.Config(), kind.spec)


def outputs(task, kind, num_samples):
    shape = kind.shape(num_samples, task.output_size)
    found = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    found[..., 1:] = np.sort(found[..., 1:], axis=-1)  # quantiles rise; for others the order means nothing
    return found


def measured(task, kind, num_samples, seed=0):
    """Return a split and what is kept of outputs for it."""
    split = kind.split(num_samples, seed)
    _, targets = kind.batch(split)
    value = torch.from_numpy(outputs(task, kind, num_samples))
    return split, task.keep(Output(value=value), torch.from_numpy(targets)).numpy()


def test_there_are_tasks():
    assert {"classify", "predict_next", "tag_sequence"} <= set(TASKS)
    assert {target for name in TASKS for target in plugins.load("task", name).TARGETS} <= set(KINDS)


def test_loss_is_a_finite_scalar_whose_gradient_reaches_every_sample(task, kind):
    value = torch.from_numpy(outputs(task, kind, 5)).requires_grad_()
    loss = task.loss(Output(value=value), torch.from_numpy(kind.batch(kind.split(5, 0))[1]))
    loss.backward()
    assert loss.shape == ()
    assert torch.isfinite(loss)
    assert value.grad.flatten(1).abs().sum(1).gt(0).all()


def test_loss_of_a_batch_is_the_mean_over_its_samples(task, kind):
    value, targets = torch.from_numpy(outputs(task, kind, 3)), torch.from_numpy(kind.batch(kind.split(3, 0))[1])
    each = [task.loss(Output(value=value[i : i + 1]), targets[i : i + 1]).item() for i in range(3)]
    assert task.loss(Output(value=value), targets).item() == pytest.approx(np.mean(each), rel=1e-5)


def test_loss_leaves_penalties_to_the_loop(task, kind):
    value, targets = torch.from_numpy(outputs(task, kind, 3)), torch.from_numpy(kind.batch(kind.split(3, 0))[1])
    with_penalty = Output(value=value, penalties={"kl": torch.tensor(7.0)})
    assert torch.equal(task.loss(with_penalty, targets), task.loss(Output(value=value), targets))


def test_what_is_kept_of_a_batch_is_that_of_its_samples_in_order(task, kind):
    value, targets = torch.from_numpy(outputs(task, kind, 4)), torch.from_numpy(kind.batch(kind.split(4, 0))[1])
    whole = task.keep(Output(value=value), targets)
    each = [task.keep(Output(value=value[i : i + 1]), targets[i : i + 1]) for i in range(4)]
    assert whole.is_floating_point()
    torch.testing.assert_close(whole, torch.cat(each))


def test_progress_metrics_are_plain_floats_named_as_the_metrics(task, kind):
    split, kept = measured(task, kind, 40)
    targets = torch.from_numpy(split.targets) if isinstance(split.targets, np.ndarray) else None
    found = task.progress_metrics(torch.from_numpy(kept), targets)
    scores = task.metrics(kept, split.targets, seed=0)
    assert task.headline in found
    for name, value in found.items():
        assert type(value) is float
        assert value == pytest.approx(scores[name].value, rel=1e-4)


def test_metrics_are_scores_with_ordered_intervals_the_headline_first(task, kind):
    split, kept = measured(task, kind, 40)
    scores = task.metrics(kept, split.targets, seed=0)
    assert next(iter(scores)) == task.headline
    for score in scores.values():
        assert isinstance(score, Score)
        assert score.low <= score.value <= score.high
        assert 0 < score.n <= 40
    assert scores[task.headline].n == 40
    json.dumps({name: asdict(score) for name, score in scores.items()}, allow_nan=False)


def test_metrics_are_a_pure_function_of_their_arguments(task, kind):
    split, kept = measured(task, kind, 40)
    assert task.metrics(kept, split.targets, seed=5) == task.metrics(kept, split.targets, seed=5)


def test_details_are_json(task, kind):
    split, kept = measured(task, kind, 40)
    details = task.details(kept, split.targets, split.ids)
    assert json.loads(json.dumps(details, allow_nan=False)) == details


@pytest.mark.parametrize("num_samples", [0, 1, 3])
def test_decode_gives_one_row_a_sample_that_does_not_depend_on_the_others(task, kind, num_samples):
    value, inputs = outputs(task, kind, 3)[:num_samples], kind.batch(kind.split(3, 0))[0][:num_samples]
    rows = task.decode(value, inputs)
    assert rows == [task.decode(value[i : i + 1], inputs[i : i + 1])[0] for i in range(num_samples)]
    json.dumps(rows, allow_nan=False)


def test_a_task_says_whether_its_outputs_are_calibrated(task, kind):
    assert isinstance(task.calibrates, bool)
    if task.calibrates:
        split, kept = measured(task, kind, 40)
        assert task.temperature(kept, split.targets) > 0


def test_baselines_are_measured_as_the_model_is(task, kind):
    split, kept = measured(task, kind, 30, seed=1)
    names = set(task.metrics(kept, split.targets, seed=0))
    found = task.baselines(kind.split(60, 0), split, seed=0)
    assert found
    assert len({entry["name"] for entry in found}) == len(found)
    for entry in found:
        assert task.headline in entry["scores"]
        assert set(entry["scores"]) <= names
        assert all(score.low <= score.value <= score.high for score in entry["scores"].values())
