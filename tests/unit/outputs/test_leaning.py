"""How much a linear model counts beside a network."""

import numpy as np
import pytest
import torch

from gnomon.assemble import Model, make_task
from gnomon.core.spec import Label, Number, Spec, Split, Vector
from gnomon.layers.linear_rows import LinearRows
from gnomon.layers.table_network import TableNetwork
from gnomon.outputs import leaning
from gnomon.tasks import classify, regress
from gnomon.training.precision import Precision

ROWS = Vector(names=("x", "y"), categories=())
NUMBER = Number(name="price", mean=0.0, deviation=1.0)
CLASSES = Label(classes=("a", "b"))


def model(target, *, beside=True, inputs=None, targets=None):
    torch.manual_seed(0)
    about = {"members": 2, "width": 8, "depth": 1, "dropout": 0.0, "embedding": 4, "bins": 4}
    linear = LinearRows(ROWS, target) if beside else None
    network = TableNetwork(ROWS, len(target.classes) if isinstance(target, Label) else None, beside=linear, **about)
    if beside:
        network.solve(torch.from_numpy(inputs), torch.from_numpy(targets))
    spec = Spec(input=ROWS, target=target)
    config = regress.Config() if isinstance(target, Number) else classify.Config(label_smoothing=0.0)
    task = make_task("regress" if isinstance(target, Number) else "classify", config, spec)
    return Model(network=network.eval(), task=task, spec=spec, precision=Precision("fp32", torch.device("cpu")))


def rows(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)


def split(inputs, targets):
    ids = np.arange(len(inputs))
    return Split(inputs=inputs, targets=targets, ids=ids, hashes=ids)


def test_a_linear_model_that_is_right_beside_a_network_that_is_not_trained_counts_alone():
    inputs = rows(200)
    targets = inputs[:, 0].astype(np.float64)
    made = model(NUMBER, inputs=inputs, targets=targets)
    assert leaning.lean(made, split(inputs, targets)) == 1.0
    assert float(made.network.beside.share) == 1.0


def test_a_linear_model_that_knows_nothing_does_not_count():
    inputs = rows(400)
    labels = (inputs[:, 0] * inputs[:, 1] > 0).astype(np.int64)
    made = model(CLASSES, inputs=inputs, targets=1 - labels)
    with torch.no_grad():  # the network knows
        made.network.forward = lambda x, carry=None: Knows(made.network.beside)(x)
    assert leaning.lean(made, split(inputs, labels)) == 0.0


class Knows:
    """A network that says the product of both numbers."""

    def __init__(self, beside):
        self.beside = beside

    def __call__(self, inputs):
        from gnomon.core.spec import Output

        product = inputs.prod(1)
        return Output(self.beside.beside(torch.stack([-product, product], 1) * 9, inputs))


def test_few_rows_tell_little_so_it_counts_what_it_counts_at_first():
    inputs = rows(200)
    targets = inputs[:, 0].astype(np.float64)
    made = model(NUMBER, inputs=inputs, targets=targets)
    assert leaning.lean(made, split(inputs[:1], targets[:1])) == leaning.FIRST


@pytest.mark.parametrize("beside", [True, False])
def test_without_rows_or_a_linear_model_the_network_answers_alone(beside):
    inputs = rows(50)
    targets = inputs[:, 0].astype(np.float64)
    made = model(NUMBER, beside=beside, inputs=inputs, targets=targets)
    valid = split(inputs[:0], targets[:0]) if beside else split(inputs, targets)
    assert leaning.lean(made, valid) is None
    assert not beside or float(made.network.beside.share) == 0.0
