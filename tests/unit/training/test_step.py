import numpy as np
import pytest
import torch
from small_training import CPU, LatePrecision, feed_of, pictures, small, spec
from torch import nn

from gnomon.core.spec import Batch, Output
from gnomon.core.training import TrainConfig
from gnomon.layers.head import Head
from gnomon.layers.network import Network
from gnomon.tasks.classify import Config, Task
from gnomon.training.optim import Optimizer
from gnomon.training.precision import Precision
from gnomon.training.step import gradients, train_step

FP32 = Precision("fp32", CPU)


class Line(Network):
    """value = weight * input, with a penalty of weight squared."""

    def __init__(self, weight=3.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([weight]))
        self.head = Head(1, 1)

    def forward(self, inputs):
        return Output(self.weight * inputs, {"decay": self.weight.square().sum(), "more": self.weight.sum()})


class Mean:
    def loss(self, output, targets):
        return (output.value - targets).mean()


def line_batch(*inputs):
    values = torch.tensor(inputs)
    return Batch(inputs=values, targets=torch.zeros(len(inputs)), ids=np.arange(len(inputs)))


def test_loss_is_the_objective_and_every_penalty():
    network = Line()
    losses = gradients(network, Mean(), line_batch(1.0, 3.0), FP32)
    assert losses.loss.item() == 3 * 2 + 9 + 3
    assert network.weight.grad.tolist() == [2 + 6 + 1]
    assert bool(losses.finite)


def test_gradients_do_not_add_up_over_batches():
    network = Line()
    for _ in range(2):
        gradients(network, Mean(), line_batch(1.0, 3.0), FP32)
    assert network.weight.grad.tolist() == [9.0]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_found(bad):
    assert not bool(gradients(Line(), Mean(), line_batch(1.0, bad), FP32).finite)


def test_a_finite_loss_with_gradients_that_are_not_is_found():
    class Root(Line):
        def forward(self, inputs):
            return Output((self.weight * inputs).sqrt())

    losses = gradients(Root(0.0), Mean(), line_batch(1.0), FP32)
    assert losses.loss.item() == 0.0
    assert not bool(losses.finite)


@pytest.mark.parametrize(("precision", "moves"), [(FP32, False), (LatePrecision("fp32", CPU), True)])
def test_a_bad_batch_does_not_move_the_weights_where_the_device_is_waited_for(precision, moves):
    network = Line()
    optimizer = Optimizer(network, TrainConfig(), iterate_in=torch.float32)
    losses = train_step(network, Mean(), optimizer, line_batch(float("nan")), progress=0.0, precision=precision)
    assert not bool(losses.finite)
    assert bool(network.weight.isnan().any()) is moves


@pytest.mark.parametrize("name", ["fp32", "bf16"])
def test_steps_on_one_batch_lower_its_loss(name):
    network, feed = small(), feed_of(pictures(12), batch_size=12)
    optimizer = Optimizer(network, TrainConfig(lr_vector=1.0, lr_head=1.0), iterate_in=torch.float32)
    task, precision = Task(Config(), spec()), Precision(name, CPU)
    batch = feed.batch(0, size=6)
    network.prepare(batch.inputs)
    found = [
        train_step(network, task, optimizer, batch, progress=i / 20, precision=precision).loss.item() for i in range(20)
    ]
    assert found[-1] < 0.8 * found[0]


def test_the_loss_keeps_no_graph_alive():
    losses = gradients(small(), Task(Config(), spec()), feed_of(pictures()).batch(0, size=6), FP32)
    assert not losses.loss.requires_grad
    assert not losses.finite.requires_grad


class Counter(Network):
    """Adds its inputs up over batches: the sum so far is what it carries."""

    carries = True

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, carry=None):
        start = torch.zeros(len(inputs), 1) if carry is None else carry
        total = start + inputs.sum(1, keepdim=True)
        return Output(self.weight * total, carry=self.weight * total)


def carried_batch(values, fresh):
    inputs = torch.tensor(values)
    return Batch(inputs=inputs, targets=inputs[:, 0], ids=np.arange(len(values)), fresh=torch.tensor(fresh))


class TestCarry:
    def test_a_row_goes_on_from_the_batch_before_unless_it_is_fresh(self):
        network = Counter()
        first = gradients(network, Mean(), carried_batch([[1.0, 2.0], [3.0, 4.0]], [True, True]), FP32)
        assert first.carry.tolist() == [[3.0], [7.0]]
        assert not first.carry.requires_grad
        second = gradients(network, Mean(), carried_batch([[10.0, 0.0], [20.0, 0.0]], [False, True]), FP32, first.carry)
        assert second.carry.tolist() == [[13.0], [20.0]]

    def test_a_network_that_carries_nothing_is_not_given_anything(self):
        losses = gradients(small(), Task(Config(), spec()), feed_of(pictures()).batch(0, size=6), FP32)
        assert losses.carry is None


def test_sparse_gradients_are_looked_at_too():
    class Table(Network):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(4, 1, sparse=True)

        def forward(self, inputs):
            return Output(self.table(inputs))

    ids = torch.tensor([[1], [1]])
    batch = Batch(inputs=ids, targets=ids, ids=np.arange(2))
    network = Table()
    assert bool(gradients(network, Mean(), batch, FP32).finite)
    torch.nn.init.constant_(network.table.weight, float("inf"))
    assert not bool(gradients(network, Mean(), batch, FP32).finite)


class Several(Line):
    """Two members, of which the second says twice as much; as one they say nothing."""

    def forward(self, inputs):
        said = self.weight * inputs
        return Output(said * 0, {"decay": self.weight.sum()}, members=torch.stack([said, 2 * said]))


def test_the_members_of_a_network_are_judged_one_by_one():
    batch = line_batch(1.0, 3.0)
    batch = Batch(inputs=batch.inputs, targets=torch.tensor([0.0, 1.0]), ids=batch.ids)
    network = Several()
    losses = gradients(network, Mean(), batch, FP32)
    # Mean of 3, 9 - 1, 6 and 18 - 1, and the penalty once.
    assert losses.loss.item() == pytest.approx((3 + 8 + 6 + 17) / 4 + 3)
    assert network.weight.grad.item() == pytest.approx((1 + 3 + 2 + 6) / 4 + 1)
