"""Every family against one suite: what the planner, the loop and a saved model rely on."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from small_training import CPU, feed_of, pictures, spec

import gnomon.families
from gnomon import assemble
from gnomon.core import config as configs
from gnomon.core import plugins
from gnomon.core.run import RunFolder
from gnomon.core.spec import Dataset, Image, Label
from gnomon.core.training import Allowance, AugmentConfig, Proposal, Speed, TrainConfig
from gnomon.data.batch import looks
from gnomon.layers.network import Network
from gnomon.train import checkpoint, infer
from gnomon.train.optim import Optimizer
from gnomon.train.precision import Precision
from gnomon.train.step import gradients, train_step

FAMILIES = plugins.names("family")
SPECS = [
    spec(side=8, channels=1, num_classes=2),
    spec(side=28, channels=1, num_classes=10),
    spec(side=32, channels=3, num_classes=10),
    spec(side=64, channels=3, num_classes=200),
    spec(side=192, channels=3, num_classes=1000),
]
TINY = spec(side=8, channels=3, num_classes=3)
SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=8 * 2**30)
FP32 = Precision("fp32", CPU)
SECTIONS = {"train": TrainConfig, "augment": AugmentConfig}


@pytest.fixture(params=FAMILIES)
def name(request):
    return request.param


@pytest.fixture
def family(name):
    return plugins.load("family", name)


def own_specs(family, specs=SPECS):
    """The specs that a family takes: a new kind of data brings its specs here."""
    found = [some for some in specs if isinstance(some.input, family.ACCEPTS)]
    assert found, "no spec of this suite is of a kind that the family accepts"
    return found


def built(family, some=TINY, *, seed=0, config=None):
    torch.manual_seed(seed)
    network = family.build(config or family.Config(), some)
    network.prepare(torch.from_numpy(data(some).inputs))
    return network


def data(some=TINY, num_samples=12):
    image = some.input
    return pictures(
        num_samples, side=image.height_px, channels=image.channels, num_classes=len(some.target.classes), seed=3
    )


def batch_of(num_samples, some=TINY):
    (batch,) = looks(data(some, num_samples), batch_size=num_samples, size_px=some.input.height_px, device=CPU)
    return batch


def task_for(some=TINY):
    name = assemble._task_for(some)
    return assemble.make_task(name, plugins.load("task", name).Config(), some)


def allowance(*, train_s=None, samples=None, flop=None, num_train=50_000):
    return Allowance(train_s=train_s, samples=samples, flop=flop, num_train=num_train)


@cache
def cost(family, config, some):
    """How large a network is, in parameters."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in family.build(config, some).parameters())


def test_the_list_is_the_folder():
    folder = {path.stem for path in Path(gnomon.families.__path__[0]).glob("*.py")} - {"__init__"}
    assert folder
    assert folder <= set(FAMILIES)


class TestNetwork:
    def test_builds_from_defaults_for_every_spec_it_accepts(self, family):
        for some in own_specs(family):
            with torch.device("meta"):
                assert isinstance(family.build(family.Config(), some), Network)

    def test_data_of_another_kind_is_refused(self, family):
        with pytest.raises(TypeError):
            family.build(family.Config(), replace(TINY, input=Label(classes=("a", "b"))))

    @pytest.mark.parametrize("num_samples", [1, 3])
    def test_the_output_has_the_shape_of_the_task(self, family, num_samples):
        network = built(family).eval()
        value = network(batch_of(num_samples).inputs).value
        assert value.shape == (num_samples, task_for().output_size)
        assert value.dtype == torch.float32
        assert value.isfinite().all()

    def test_pictures_that_are_not_square(self, family):
        some = replace(TINY, input=Image(height_px=6, width_px=11, channels=1))
        torch.manual_seed(0)
        network = family.build(family.Config(), some)
        inputs = torch.randint(0, 256, (3, 6, 11, 1), dtype=torch.uint8)
        network.prepare(inputs)
        assert network(inputs).value.shape == (3, 3)

    def test_a_sample_does_not_depend_on_its_neighbours(self, family):
        network = built(family).eval()
        inputs = batch_of(3).inputs
        changed = inputs.clone()
        changed[1] = 255 - changed[1]
        with torch.no_grad():
            whole, other, alone = network(inputs).value, network(changed).value, network(inputs[:1]).value
        torch.testing.assert_close(other[[0, 2]], whole[[0, 2]])
        torch.testing.assert_close(alone, whole[:1])
        assert not torch.allclose(other[1], whole[1])

    def test_every_parameter_that_learns_gets_a_gradient(self, family):
        network = built(family).train()
        gradients(network, task_for(), batch_of(12), FP32)
        trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
        assert trained
        assert [name for name, p in trained.items() if p.grad is None or not p.grad.abs().sum() > 0] == []

    def test_every_parameter_has_a_role(self, family):
        network = built(family)
        roles = {name: network.role(name, parameter) for name, parameter in network.named_parameters()}
        assert set(roles.values()) <= {"matrix", "head", "vector", "early", "frozen"}
        assert {"matrix", "head"} <= set(roles.values())
        assert all((roles[name] == "frozen") != p.requires_grad for name, p in network.named_parameters())
        assert all(p.ndim >= 2 for name, p in network.named_parameters() if roles[name] == "matrix")

    def test_an_untrained_network_can_answer_with_given_values(self, family):
        network = built(family).eval()
        network.head.answer(torch.tensor([1.0, -2.0, 0.5]))
        with torch.no_grad():
            assert network(batch_of(2).inputs).value.tolist() == [[1.0, -2.0, 0.5]] * 2

    def test_the_first_view_is_the_input_and_the_weights_have_a_sum(self, family):
        network, inputs = built(family).eval(), batch_of(3).inputs
        before = inputs.clone()
        views = list(network.views(inputs))
        assert torch.equal(views[0][1], before)
        assert sum(weight for weight, _ in views) > 0
        for weight, view in views:
            assert weight > 0
            assert view.shape[0] == 3
            assert view.dtype == inputs.dtype
            assert network(view).value.shape == (3, 3)
        assert torch.equal(inputs, before)


def trained(family, *, steps, seed=0, num_samples=8):
    """Train on a few samples, again and again, with the real optimizer and step; return the network."""
    smallest = family.size_for(allowance(train_s=1.0), TINY, SPEED).config
    network, task = built(family, seed=seed, config=smallest), task_for()
    config = TrainConfig(batch_size=num_samples)
    optimizer = Optimizer(network, config, iterate_in=torch.float32)
    feed = feed_of(data(TINY, num_samples), batch_size=num_samples, augment=AugmentConfig(flip="off"))
    network.train()
    for step in range(steps):
        torch.manual_seed(step)
        train_step(network, task, optimizer, feed.batch(step, size_px=8), progress=step / steps, precision=FP32)
    return network


class TestTraining:
    def test_eight_samples_are_learned_by_heart(self, family):
        network = trained(family, steps=40)
        found = infer.outputs(network, [batch_of(8)], precision=FP32)
        assert found.argmax(1).tolist() == data(TINY, 8).targets.tolist()

    def test_the_same_seed_gives_the_same_bits_and_another_one_others(self, family):
        one, same, other = (trained(family, steps=3, seed=seed).state_dict() for seed in (0, 0, 1))
        assert all(torch.equal(one[name], same[name]) for name in one)
        assert not all(torch.equal(one[name], other[name]) for name in one)


def test_saved_and_loaded_it_gives_the_same_outputs(name, family, tmp_path):
    split = data()
    dataset = Dataset(
        name="tiny", source="tiny", reader="digits", spec=TINY, splits={"train": split}, fingerprint="tiny"
    )
    wished = assemble.wish([("user", {"data.path": "tiny", "run.family": name})])
    choice = assemble.choose(wished, dataset, SPEED, allowance=allowance(train_s=60.0, num_train=12))
    network = assemble.make_network(name, choice.family, TINY, train=split, seed=5, device=CPU, channels_last=True)
    gradients(network.train(), task_for(), batch_of(12), FP32)  # moves the running statistics
    wanted = infer.outputs(network, [batch_of(5)], precision=FP32, views_below=2.0)
    run = RunFolder(tmp_path)
    card = assemble.card(choice, TINY, precision="fp32", views_below=0.0, temperature=1.0)
    model = assemble.load_model(checkpoint.save_model(run, network.state_dict(), card), device=CPU)
    found = infer.outputs(model.network, [batch_of(5)], precision=FP32, views_below=2.0)
    assert np.array_equal(found, wanted)
    assert model.spec == TINY
    assert not model.network.training


class TestSizeFor:
    SECONDS = (1.0, 5.0, 30.0, 60.0, 300.0, 1200.0, 3600.0, 36_000.0)

    @pytest.fixture(params=range(len(SPECS)), ids=["8 grey", "28 grey", "32 colour", "64 colour", "192 colour"])
    def some(self, request, family):
        wanted = SPECS[request.param]
        assert wanted in own_specs(family)
        return wanted

    @pytest.mark.parametrize("num_train", [10, 1000, 50_000, 1_000_000])
    def test_it_never_shrinks_as_the_budget_grows(self, family, some, num_train):
        for grown in (
            [allowance(train_s=seconds, num_train=num_train) for seconds in self.SECONDS],
            [allowance(flop=10.0**power, num_train=num_train) for power in range(8, 20)],
            [allowance(samples=10.0**power, num_train=num_train) for power in range(9)],
        ):
            costs = [cost(family, family.size_for(given, some, SPEED).config, some) for given in grown]
            assert all(large >= small for small, large in pairwise(costs)), costs
        assert costs

    def test_ten_hours_buy_more_than_a_second(self, family):
        wanted = SPECS[2]
        little, much = (
            family.size_for(allowance(train_s=seconds), wanted, SPEED).config for seconds in (1.0, 36_000.0)
        )
        assert cost(family, much, wanted) > 1.5 * cost(family, little, wanted)

    def test_a_faster_machine_gets_no_smaller_network(self, family, some):
        given = allowance(train_s=300.0)
        costs = [
            cost(family, family.size_for(given, some, replace(SPEED, flop_per_s=10.0**power)).config, some)
            for power in range(9, 15)
        ]
        assert all(large >= small for small, large in pairwise(costs)), costs

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
    def test_what_is_proposed_is_valid_and_can_be_built(self, family, some, given):
        proposal = family.size_for(given, some, SPEED)
        assert isinstance(proposal, Proposal)
        assert isinstance(proposal.config, family.Config)
        assert 0 <= proposal.merit <= 1
        assert proposal.why
        assert all(isinstance(line, str) for line in proposal.why)
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

    def test_a_step_of_what_is_proposed_works_at_every_resolution(self, family):
        for some in (SPECS[0], SPECS[2], SPECS[4]):
            proposal = family.size_for(allowance(train_s=1.0, num_train=100), some, SPEED)
            network = built(family, some, config=proposal.config).train()
            phases = proposal.settings.get("train.phases") or ((0.0, some.input.height_px),)
            feed = feed_of(data(some), batch_size=2)
            for _, size in (*phases, (1.0, proposal.settings.get("train.test_size_px", some.input.height_px))):
                losses = gradients(network, task_for(some), feed.batch(0, size_px=size), FP32)
                assert bool(losses.finite)

    def test_data_of_another_kind_is_refused(self, family):
        with pytest.raises(TypeError):
            family.size_for(allowance(train_s=1.0), replace(TINY, input=Label(classes=("a",))), SPEED)


def as_file(settings):
    """What run.toml makes of settings: arrays for tuples."""

    def plain(value):
        return [plain(part) for part in value] if isinstance(value, tuple) else value

    return {name: plain(value) for name, value in settings.items()}
