import fake_generative as fake
import numpy as np
import pytest
import torch

from gnomon.assemble import Model
from gnomon.core.errors import DataError, StoppedError, UsageError
from gnomon.core.spec import Density, Image, Label, Output, Spec
from gnomon.layers.head import Head
from gnomon.layers.network import Network
from gnomon.outputs import judging
from gnomon.training.precision import Precision


class Shade(Network):
    """A classifier whose features are the mean of the picture and that of its first row."""

    def __init__(self):
        super().__init__()
        self.head = Head(2, 2)

    def forward(self, inputs, carry=None):
        values = inputs.float()
        return Output(self.head(torch.stack([values.mean((1, 2, 3)), values[:, 0].mean((1, 2))], dim=1)))


def judge(image=fake.IMAGE, target=None):
    return Model(
        network=Shade(),
        task=None,
        spec=Spec(input=image, target=target or Label(classes=("dark", "light"))),
        precision=Precision("fp32", fake.CPU),
        size_px=4,
    )


def test_features_are_what_the_last_layer_sees_and_the_network_is_left_as_it_was():
    classifier, pictures = judge(), fake.dataset(300).splits["test"].inputs
    found = judging.features(classifier, pictures)
    np.testing.assert_allclose(found[:, 0], pictures.mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(found[:, 1], pictures[:, 0].mean(axis=(1, 2)), rtol=1e-5)
    assert not classifier.network.head._forward_pre_hooks


def test_drawn_pictures_are_compared_with_those_of_the_split_and_real_ones_among_themselves():
    found = judging.judged(fake.model(), judge(), fake.dataset(120), split="test", seed=0)
    assert set(found) == {"precision", "recall", "frechet", "frechet_real"}
    assert found["precision"]["n"] == 120
    assert found["frechet"]["value"] > 100 * found["frechet_real"]["value"]  # one shade each, and darker or lighter


def test_a_judge_must_be_a_classifier_of_such_pictures():
    with pytest.raises(UsageError, match="is no classifier"):
        judging.require_judge(fake.model(), judge(target=Density()))
    with pytest.raises(UsageError, match="the judge knows") as error:
        judging.require_judge(fake.model(), judge(image=Image(height_px=8, width_px=8, channels=1)))
    assert "same size" in error.value.fix
    with pytest.raises(UsageError, match="draws nothing"):
        judging.require_judge(judge(), judge())


def test_a_small_split_is_refused():
    with pytest.raises(DataError, match="has 49 pictures, too few"):
        judging.judged(fake.model(), judge(), fake.dataset(49), split="test", seed=0)


def test_judging_stops_when_asked():
    with pytest.raises(StoppedError):
        judging.features(judge(), fake.dataset(4).splits["test"].inputs, should_stop=lambda: True)
