"""Every family with every kind of data that it takes, against one suite: what planner, loop and saved model rely on."""

from dataclasses import fields, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from small_kinds import CPU, KINDS, Kind
from small_training import spec

import gnomon.families
from gnomon import assemble
from gnomon.core import config as configs
from gnomon.core import plugins
from gnomon.core.run import RunFolder
from gnomon.core.spec import (
    Dataset,
    Density,
    Image,
    Label,
    MixedRow,
    NodeLabels,
    Normality,
    Number,
    Quantity,
    Sequence,
    Series,
    Spec,
    Tags,
    Tree,
    Vector,
    Waveform,
)
from gnomon.core.training import Allowance, AugmentConfig, Proposal, Speed, TrainConfig
from gnomon.data.preparing import Prepared
from gnomon.layers.network import Network, Role
from gnomon.training import checkpoint, infer
from gnomon.training.optim import Optimizer
from gnomon.training.precision import Precision
from gnomon.training.step import forward, gradients, train_step

FAMILIES = plugins.names("family")
SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=8 * 2**30)
FP32 = Precision("fp32", CPU)
SECTIONS = {"train": TrainConfig, "augment": AugmentConfig}

ETT = {"names": tuple("abcdefg"), "period": 24, "mean": (0.0,) * 7, "deviation": (1.0,) * 7}
AGE = Quantity(name="age", low=17.0, step=1.0, places=74, means=(10.0, 30.0), deviations=(5.0, 12.0))
ADULT = MixedRow(numbers=(AGE, replace(AGE, name="hours")), categories=(("job", 16), ("country", 42)))
LARGE = (
    *(spec(side=side, channels=channels, num_classes=num) for side, channels, num in ((8, 1, 2), (28, 1, 10))),
    *(spec(side=side, channels=3, num_classes=num) for side, num in ((32, 10), (64, 200), (192, 1000))),
    Spec(input=Image(height_px=28, width_px=28, channels=1), target=Density(binarize="dynamic")),
    Spec(input=Image(height_px=32, width_px=32, channels=3), target=Density()),
    Spec(input=Image(height_px=64, width_px=64, channels=3), target=Normality()),
    Spec(input=Sequence(sizes=(8000, 500), length=40, unit="word"), target=Label(classes=("yes", "no"))),
    Spec(input=Sequence(sizes=(20_000, 900), length=60, unit="word"), target=Tags(classes=tuple("abcdefghijklmnopq"))),
    Spec(
        input=Sequence(sizes=(66,), length=256, unit="character"),
        target=Sequence(sizes=(66,), length=256, unit="character"),
    ),
    Spec(input=Series(length=336, **ETT), target=Series(length=96, **ETT)),
    Spec(
        input=Series(names=("x",), length=140, mean=(0.0,), deviation=(1.0,)),
        target=Label(classes=("1", "2", "3", "4", "5")),
    ),
    Spec(input=Series(length=48, **ETT), target=Normality()),
    Spec(input=Series(length=16, **ETT), target=Density()),
    Spec(
        input=Tree(sizes=(9000, 700, 600, 90), nodes=110, arity=2, depth=30), target=NodeLabels(classes=tuple("01234"))
    ),
    Spec(input=Tree(sizes=(17,), nodes=670, arity=5, depth=20), target=Label(classes=tuple("0123456789"))),
    Spec(
        input=Vector(names=tuple("abcdef"), categories=(("job", 16), ("country", 42))),
        target=Label(classes=("no", "yes")),
    ),
    Spec(input=Vector(names=tuple(f"x{i}" for i in range(500))), target=Number(name="y", mean=5.0, deviation=2.0)),
    *(Spec(input=ADULT, target=target) for target in (Density(classes=("no", "yes"), conditional=True), Normality())),
    Spec(input=Waveform(rate_hz=16_000, length=16_000), target=Label(classes=("on", "off"))),
)
"""Specs as real data has them, for what is sized but not run."""


def allowance(*, train_s=None, samples=None, flop=None, num_train=50_000):
    return Allowance(train_s=train_s, samples=samples, flop=flop, num_train=num_train)


def takes(name, some):
    """Whether a family takes data: of an input that it accepts, and with some merit."""
    family = plugins.load("family", name)
    return isinstance(some.input, family.ACCEPTS) and family.size_for(allowance(train_s=60.0), some, SPEED).merit > 0


PAIRS = [(name, kind) for name in FAMILIES for kind in KINDS if takes(name, kind.spec)]
SIZED = [(name, some) for name in FAMILIES for some in LARGE if takes(name, some)]


@pytest.fixture(params=PAIRS, ids=[f"{name}, {kind.name}" for name, kind in PAIRS])
def pair(request):
    return request.param


@pytest.fixture
def name(pair):
    return pair[0]


@pytest.fixture
def kind(pair):
    return pair[1]


@pytest.fixture
def family(name):
    return plugins.load("family", name)


@pytest.fixture(params=SIZED, ids=[f"{n}, {type(s.input).__name__} to {type(s.target).__name__}" for n, s in SIZED])
def sized(request):
    name, some = request.param
    return plugins.load("family", name), some


def small_config(family, kind):
    return family.size_for(allowance(train_s=1.0, num_train=12), kind.spec, SPEED).config


def built(family, kind, *, seed=0, config=None):
    torch.manual_seed(seed)
    network = family.build(config or small_config(family, kind), kind.spec)
    network.prepare(kind.batch(12, seed=3).inputs)
    return network


def task_for(kind):
    name = assemble._task_for(kind.spec)
    return assemble.make_task(name, plugins.load("task", name).Config(), kind.spec)


def value_of(network, inputs):
    with torch.no_grad():
        return network(inputs).value


def alike(kind, inputs):
    """Other inputs of the same shape."""
    if inputs.dtype == torch.uint8:
        return 255 - inputs
    if isinstance(kind.spec.input, Vector | MixedRow):
        return torch.cat([inputs[:, :2] + 1.0, 1.0 + (inputs[:, 2:] > 1)], dim=1)
    if inputs.dtype == torch.int64:
        sizes = torch.tensor(kind.spec.input.sizes)
        shape = inputs.shape[2] - len(sizes)  # features of a tree's nodes that say how it is built stay
        values = inputs[..., shape:]
        return torch.cat([inputs[..., :shape], torch.where(values > 0, 1 + values % (sizes - 1), 0)], -1)
    if inputs.dtype == torch.int16:
        return inputs.flip(1) // 2 + 50
    return inputs.flip(1) + 1.0


def present(kind, inputs):
    """Where there is a token, or a node."""
    return inputs[:, :, 1 if isinstance(kind.spec.input, Tree) else 0] > 0


@cache
def cost(family, config, some):
    """How large a network is, in parameters."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in family.build(config, some).parameters())


def test_the_list_is_the_folder():
    folder = {path.stem for path in Path(gnomon.families.__path__[0]).glob("*.py")} - {"__init__"}
    assert folder
    assert folder <= set(FAMILIES)


def test_every_family_is_here_and_every_kind_of_data_has_a_family():
    assert {name for name, _ in PAIRS} == set(FAMILIES)
    assert {kind.name for _, kind in PAIRS} == {kind.name for kind in KINDS}
    assert {name for name, _ in SIZED} == set(FAMILIES)


class TestNetwork:
    def test_builds_from_defaults(self, family, kind):
        with torch.device("meta"):
            assert isinstance(family.build(family.Config(), kind.spec), Network)

    def test_data_of_another_kind_is_refused(self, family, kind):
        with pytest.raises(TypeError):
            family.build(family.Config(), replace(kind.spec, input=Label(classes=("a", "b"))))

    @pytest.mark.parametrize("num_samples", [1, 3])
    def test_the_output_is_what_the_task_takes(self, family, kind, num_samples):
        network, task, batch = built(family, kind).eval(), task_for(kind), kind.batch(num_samples)
        with torch.no_grad():
            output = network(batch.inputs)
        assert len(output.value) == len(batch)
        assert output.value.dtype == torch.float32
        assert output.value.isfinite().all()
        assert task.loss(output, batch.targets).ndim == 0
        assert task.keep(output, batch.targets).isfinite().all()

    def test_a_sample_does_not_depend_on_its_neighbours(self, family, kind):
        network, inputs = built(family, kind).eval(), kind.batch(3).inputs
        other = inputs.clone()
        other[1] = alike(kind, inputs[1:2])[0]
        whole, changed, alone = (value_of(network, some) for some in (inputs, other, inputs[:1]))
        torch.testing.assert_close(changed[[0, 2]], whole[[0, 2]], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(alone, whole[:1], rtol=1e-4, atol=1e-5)
        assert not torch.allclose(changed[1], whole[1])

    def test_padding_changes_nothing(self, family, kind):
        if not isinstance(kind.spec.input, Sequence | Tree | Waveform):
            pytest.skip("samples of this kind are all of one length")
        network, inputs = built(family, kind).eval(), kind.batch(3).inputs
        padded = torch.cat([inputs, inputs.new_zeros(3, 9 if inputs.ndim > 2 else 700, *inputs.shape[2:])], dim=1)
        whole, longer = value_of(network, inputs), value_of(network, padded)
        if whole.ndim == 3:  # one answer a token: those behind the end mean nothing
            there = present(kind, inputs)
            whole, longer = whole[there], longer[:, : inputs.shape[1]][there]
        torch.testing.assert_close(longer, whole, rtol=1e-4, atol=1e-5)

    def test_every_parameter_that_learns_gets_a_gradient(self, family, kind):
        network = built(family, kind).train()
        task, seen = task_for(kind), set()
        for seed in range(3):  # what is dropped in one step learns in another
            torch.manual_seed(seed)
            gradients(network, task, kind.batch(12, seed=seed), FP32)
            moved = [(name, p) for name, p in network.named_parameters() if p.grad is not None]
            seen |= {name for name, p in moved if p.grad.abs().sum() > 0}
            with torch.no_grad():  # what starts at nought holds others back for one step
                for _, parameter in moved:
                    parameter.add_(parameter.grad, alpha=-1e-4)
        trained = {name for name, p in network.named_parameters() if p.requires_grad}
        assert trained
        assert trained - seen == set()

    def test_every_parameter_has_a_role(self, family, kind):
        network = built(family, kind)
        roles = {name: network.role(name, parameter) for name, parameter in network.named_parameters()}
        assert set(roles.values()) <= set(get_args(Role))
        assert all((roles[name] == "frozen") != p.requires_grad for name, p in network.named_parameters())
        matrices = ("matrix", "orthogonal", "embedding", "sparse")
        assert all(p.ndim >= 2 for name, p in network.named_parameters() if roles[name] in matrices)

    def test_an_untrained_network_can_answer_what_is_best_without_training(self, family, kind):
        network, task, batch = built(family, kind).eval(), task_for(kind), kind.batch(3)
        prior = task.prior(kind.split(12))
        network.head.answer(torch.from_numpy(prior))
        value = value_of(network, batch.inputs)
        assert value.isfinite().all()
        if isinstance(kind.spec.target, Series):
            level = 7.0 + torch.zeros_like(batch.inputs)
            point, low, *_, high = value_of(network, level).unbind(-1)
            torch.testing.assert_close(point, torch.full_like(point, 7.0))
            assert (low < 7.0).all()
            assert (high > 7.0).all()
        elif prior.ndim == 1 and value.shape[-1] == len(prior):
            there = value if value.ndim == 2 else value[present(kind, batch.inputs)]
            torch.testing.assert_close(there, torch.from_numpy(prior).expand_as(there), rtol=1e-4, atol=1e-5)

    def test_the_first_view_is_the_input_and_the_weights_have_a_sum(self, family, kind):
        network, inputs = built(family, kind).eval(), kind.batch(3).inputs
        before, shape = inputs.clone(), value_of(network, inputs).shape
        views = list(network.views(inputs))
        torch.testing.assert_close(views[0][1], before, rtol=0, atol=0, equal_nan=True)
        assert sum(weight for weight, _ in views) > 0
        for weight, view in views:
            assert weight > 0
            assert view.dtype == inputs.dtype
            assert value_of(network, view).shape == shape
        torch.testing.assert_close(inputs, before, rtol=0, atol=0, equal_nan=True)

    def test_what_is_carried_makes_one_long_sample_of_two_short_ones(self, family, kind):
        network, batch = built(family, kind).eval(), kind.batch(3)
        with torch.no_grad():
            whole = network(batch.inputs)
            if not network.carries:
                assert whole.carry is None
                return
            half = batch.inputs.shape[1] // 2
            first = network(batch.inputs[:, :half])
            second = network(batch.inputs[:, half:], first.carry)
        assert len(first.carry) == 3
        assert not first.carry.requires_grad
        torch.testing.assert_close(torch.cat([first.value, second.value], 1), whole.value, rtol=1e-4, atol=1e-4)


def test_pictures_that_are_not_square():
    for name in [name for name, kind in PAIRS if kind.name == "pictures"]:
        family = plugins.load("family", name)
        some = replace(KINDS[0].spec, input=Image(height_px=6, width_px=11, channels=1))
        torch.manual_seed(0)
        network = family.build(family.Config(), some)
        inputs = torch.randint(0, 256, (3, 6, 11, 1), dtype=torch.uint8)
        network.prepare(inputs)
        assert network(inputs).value.shape == (3, 3)


def outspoken(config):
    """Return a config whose network says all that it learned: of few futures forecasters hold most of it back."""
    quiet = [field.name for field in fields(config) if field.name == "gain"]
    return replace(config, **dict.fromkeys(quiet, 1.0))


def trained(family, kind, *, steps, seed=0, num_samples=8):
    """Train on a few samples, again and again, with the real optimizer and step; return the network and the losses."""
    proposal = family.size_for(allowance(train_s=1.0, num_train=num_samples), kind.spec, SPEED)
    sections = {n: v for n, v in proposal.settings.items() if n.startswith("train.") and "phases" not in n}
    config, _ = configs.build(TrainConfig, "train", [("plan", {**sections, "train.batch_size": num_samples})])
    network, task = built(family, kind, seed=seed, config=outspoken(proposal.config)), task_for(kind)
    optimizer = Optimizer(network, config, iterate_in=torch.float32)
    feed = kind.feed(kind.split(num_samples, seed=3), batch_size=num_samples)
    network.train()
    carry, losses = None, []
    for step in range(steps):
        torch.manual_seed(step)
        found = train_step(
            network,
            task,
            optimizer,
            feed.batch(step, size=kind.size),
            progress=step / steps,
            precision=FP32,
            carry=carry,
        )
        carry = found.carry
        losses.append(found.loss.item())
    return network, losses


def measured(network, kind, num_samples=8):
    """The loss on the samples that were trained on, without noise."""
    batch = kind.batch(num_samples, seed=3)
    with torch.no_grad():
        return task_for(kind).loss(forward(network.eval(), batch, None), batch.targets).item()


class TestTraining:
    def test_eight_samples_are_learned(self, family, kind):
        network, _ = trained(family, kind, steps=60)
        before = measured(built(family, kind, config=None), kind)
        after = measured(network, kind)
        if kind.name == "pictures":
            batch = kind.batch(8, seed=3)
            assert value_of(network.eval(), batch.inputs).argmax(1).tolist() == batch.targets.tolist()
        if isinstance(kind.spec.target, Density):  # nats a picture have no natural zero: some a value must be gained
            assert after < before - 0.02 * kind.batch(1).inputs.numel()
        else:
            assert after < 0.8 * before

    def test_the_same_seed_gives_the_same_bits_and_another_one_others(self, family, kind):
        one, same, other = (trained(family, kind, steps=3, seed=seed)[0].state_dict() for seed in (0, 0, 1))
        assert all(torch.equal(one[name], same[name]) for name in one)
        assert not all(torch.equal(one[name], other[name]) for name in one)


def test_saved_and_loaded_it_gives_the_same_outputs(name, family, kind, tmp_path):
    split = kind.split()
    dataset = Dataset(
        name="tiny", source="tiny", reader="digits", spec=kind.spec, splits={"train": split}, fingerprint="tiny"
    )
    wished = assemble.wish([("user", {"data.path": "tiny", "run.family": name})])
    prepared = Prepared(dataset=dataset, preparation={"kind": "none"})
    choice = assemble.choose(wished, prepared, SPEED, allowance=allowance(train_s=60.0, num_train=12))
    network = assemble.make_network(name, choice.family, kind.spec, train=split, seed=5, device=CPU, channels_last=True)
    gradients(network.train(), task_for(kind), kind.batch(12), FP32)  # moves the running statistics
    views_below = 2.0 if task_for(kind).calibrates else 0.0
    wanted = infer.outputs(network, [kind.batch(5)], precision=FP32, views_below=views_below)
    finished = assemble.Model(network=network, task=task_for(kind), spec=kind.spec, precision=FP32, size_px=kind.size)
    saved = checkpoint.save_model(RunFolder(tmp_path), network.state_dict(), assemble.card(choice, finished))
    model = assemble.load_model(saved, device=CPU)
    found = infer.outputs(model.network, [kind.batch(5)], precision=FP32, views_below=views_below)
    assert np.array_equal(found, wanted)
    assert model.spec == kind.spec
    assert not model.network.training


class TestSizeFor:
    SECONDS = (1.0, 5.0, 30.0, 60.0, 300.0, 1200.0, 3600.0, 36_000.0)

    @pytest.mark.parametrize("num_train", [10, 1000, 50_000, 1_000_000])
    def test_it_never_shrinks_as_the_budget_grows(self, sized, num_train):
        family, some = sized
        for grown in (
            [allowance(train_s=seconds, num_train=num_train) for seconds in self.SECONDS],
            [allowance(flop=10.0**power, num_train=num_train) for power in range(8, 20)],
            [allowance(samples=10.0**power, num_train=num_train) for power in range(9)],
        ):
            costs = [cost(family, family.size_for(given, some, SPEED).config, some) for given in grown]
            assert all(large >= small for small, large in pairwise(costs)), costs
        assert costs

    def test_a_faster_machine_gets_no_smaller_network(self, sized):
        family, some = sized
        given = allowance(train_s=300.0)
        costs = [
            cost(family, family.size_for(given, some, replace(SPEED, flop_per_s=10.0**power)).config, some)
            for power in range(9, 15)
        ]
        assert all(large >= small for small, large in pairwise(costs)), costs

    def test_ten_hours_buy_more_than_a_second(self):
        for name in FAMILIES:
            family, some = plugins.load("family", name), next(s for n, s in SIZED if n == name)
            little, much = (family.size_for(allowance(train_s=s), some, SPEED).config for s in (1.0, 36_000.0))
            assert cost(family, much, some) >= cost(family, little, some)

    @pytest.mark.parametrize(
        "given",
        [
            allowance(train_s=1.0, num_train=10),
            allowance(train_s=300.0),
            allowance(train_s=36_000.0, num_train=1_000_000),
            allowance(samples=1.0, num_train=10),
            allowance(samples=1e9),
            allowance(flop=1.0),
            allowance(),
        ],
    )
    def test_what_it_proposes_can_be_built_and_set(self, sized, given):
        family, some = sized
        proposal = family.size_for(given, some, SPEED)
        assert isinstance(proposal, Proposal)
        assert 0 < proposal.merit <= 1
        assert proposal.why
        with torch.device("meta"):
            family.build(proposal.config, some)
        task = plugins.load("task", assemble._task_for(some))
        sections = {**SECTIONS, "task": task.Config, "family": family.Config}
        proposed = {**proposal.settings, **{f"family.{k}": v for k, v in vars(proposal.config).items()}}
        layers = [("plan", proposed)]
        configs.check_sections(layers, tuple(sections))
        for section, cls in sections.items():
            found, _ = configs.build(cls, section, [*layers, ("config", as_file(proposed))])
            if section == "train":
                assemble._checked(found, some)
                assert found.batch_size >= 2
            if section == "family":
                assert found == proposal.config

    def test_a_step_of_what_is_proposed_works_at_every_resolution(self):
        for name, some in SIZED:
            if not isinstance(some.input, Image):
                continue
            family, kind = plugins.load("family", name), Kind("pictures", some)
            proposal = family.size_for(allowance(train_s=1.0, num_train=100), some, SPEED)
            torch.manual_seed(0)
            network = family.build(proposal.config, some).train()
            feed = kind.feed(sized_pictures(some), batch_size=2)
            phases = proposal.settings.get("train.phases") or ((0.0, some.input.height_px),)
            for _, size in (*phases, (1.0, proposal.settings.get("train.test_size_px", some.input.height_px))):
                assert bool(gradients(network, task_for(kind), feed.batch(0, size=size), FP32).finite)

    def test_data_of_another_kind_is_refused(self, family, kind):
        with pytest.raises(TypeError):
            family.size_for(allowance(train_s=1.0), replace(kind.spec, input=Label(classes=("a",))), SPEED)


def sized_pictures(some):
    from small_training import pictures

    image = some.input
    num_classes = max(1, len(some.target.classes))
    return pictures(6, side=image.height_px, channels=image.channels, num_classes=num_classes, seed=3)


def as_file(settings):
    """What run.toml makes of settings: arrays for tuples."""

    def plain(value):
        return [plain(part) for part in value] if isinstance(value, tuple) else value

    return {name: plain(value) for name, value in settings.items()}
