import numpy as np
import pytest
import torch
from small_training import CPU, pictures, small
from torch import nn

from gnomon.core.errors import StoppedError
from gnomon.core.spec import Batch, Output
from gnomon.data.batch import looks
from gnomon.layers.network import Network
from gnomon.training import infer
from gnomon.training.infer import outputs
from gnomon.training.precision import Precision

FP32 = Precision("fp32", CPU)


def all_outputs(network, batch_size, **kwargs):
    return outputs(network, looks(pictures(10), batch_size=batch_size, size=6, device=CPU), precision=FP32, **kwargs)


@pytest.mark.parametrize("views_below", [0.0, 2.0])
def test_batched_equals_one_by_one(views_below):
    network = small()
    together = all_outputs(network, 10, views_below=views_below)
    assert together.shape == (10, 3)
    assert together.dtype == np.float32
    np.testing.assert_allclose(all_outputs(network, 1, views_below=views_below), together, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(all_outputs(network, 4, views_below=views_below), together, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_the_network_looks_in_evaluation_mode_and_is_left_as_it_was(training):
    network = small().train(training)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert np.array_equal(all_outputs(network, 10), all_outputs(network, 10))
    assert network.training is training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_failure_leaves_the_network_in_training_mode():
    network = small().train()
    with pytest.raises(StoppedError, match="stopped while evaluating"):
        all_outputs(network, 10, should_stop=lambda: True)
    assert network.training


class Views(Network):
    """Answers with its input; the second view is the input plus ten, and counts three times."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, inputs):
        self.seen.append(len(inputs))
        return Output(inputs)

    def views(self, inputs):
        yield 1.0, inputs
        yield 3.0, inputs + torch.tensor([10.0, 0.0])


def test_only_the_uncertain_are_looked_at_again_and_views_are_weighed():
    network = Views()
    values = torch.tensor([[0.0, 0.0], [0.0, 9.0], [0.1, 0.0]])
    batch = Batch(inputs=values, targets=torch.zeros(3), ids=np.arange(3))
    found = outputs(network, [batch], precision=FP32, views_below=0.9)
    np.testing.assert_allclose(found, [[7.5, 0.0], [0.0, 9.0], [7.6, 0.0]])
    assert network.seen == [3, 2]


def test_where_all_are_certain_there_is_one_look():
    network = Views()
    batch = Batch(inputs=torch.tensor([[0.0, 9.0]]), targets=torch.zeros(1), ids=np.arange(1))
    assert outputs(network, [batch], precision=FP32, views_below=0.9).tolist() == [[0.0, 9.0]]
    assert network.seen == [1]


@pytest.mark.parametrize("at_once", [1, 3, 4, 100])
def test_however_many_are_looked_at_again_together_the_result_is_the_same(monkeypatch, at_once):
    monkeypatch.setattr(infer, "_AT_ONCE", at_once)
    network = Views()
    values = torch.tensor([[0.0, 0.0], [0.0, 9.0], [0.1, 0.0], [0.2, 0.0], [9.0, 0.0], [0.3, 0.0]])
    batches = [Batch(inputs=values[i : i + 2], targets=torch.zeros(2), ids=np.arange(i, i + 2)) for i in range(0, 6, 2)]
    found = outputs(network, batches, precision=FP32, views_below=0.9)
    np.testing.assert_allclose(found[:, 0], [7.5, 0.0, 7.6, 7.7, 9.0, 7.8])
    assert sum(network.seen) == 6 + 4
