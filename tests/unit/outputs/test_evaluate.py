import dataclasses
import math

import numpy as np
import pytest
import small_training
import torch

from gnomon.assemble import Model
from gnomon.core.errors import StoppedError
from gnomon.core.events import Said, Worked
from gnomon.core.spec import Dataset
from gnomon.layers.ensemble import Ensemble
from gnomon.outputs import evaluate
from gnomon.tasks import classify
from gnomon.training.precision import Precision


@pytest.fixture
def model():
    spec = small_training.spec()
    return Model(
        network=small_training.small().eval(),
        task=classify.Task(classify.Config(), spec),
        spec=spec,
        size_px=6,
        fit="crop",
        precision=Precision("fp32", small_training.CPU),
        views_below=0.0,
        temperature=1.0,
    )


def dataset(**splits):
    return Dataset(
        name="small",
        source="small",
        reader="made",
        spec=small_training.spec(),
        splits=splits,
        fingerprint="f",
        guesses=(),
        skipped=(),
        facts={},
    )


def known(rows):
    return np.log(np.array(rows, dtype=np.float32))


def measure(model, data, **more):
    return evaluate.evaluation(
        model, data, known=more.pop("known", {}), task_name="classify", seed=0, emit=print, **more
    )


def test_samples_that_later_networks_learned_from_are_measured_with_the_first(model):
    several = Ensemble(small_training.small(0).eval(), model.spec, another=lambda turn: small_training.small(turn))
    several.begin(1)
    several.finish()
    data = dataset(valid=small_training.pictures(8), test=small_training.pictures(8))

    def log_losses(network, *, valid_too):
        answering = dataclasses.replace(model, network=network.eval(), valid_too=valid_too)
        scores = measure(answering, data, measured=[])["scores"]
        return [scores[name]["log_loss"]["value"] for name in ("valid", "test")]

    alone, together = log_losses(several.networks[0], valid_too=False), log_losses(several, valid_too=False)
    assert alone[0] != pytest.approx(together[0])
    assert log_losses(several, valid_too=True) == pytest.approx([alone[0], together[1]])


def test_scores_by_hand(model):
    """Three samples of classes 0 1 2; two are right, with probabilities 0.8 and 0.5; the third gets 0.25."""
    test = small_training.pictures(3)
    logits = known([[0.8, 0.1, 0.1], [0.25, 0.5, 0.25], [0.5, 0.25, 0.25]])
    found = measure(model, dataset(train=small_training.pictures(9), test=test), known={"test": logits})
    scores = found["scores"]["test"]
    assert scores["accuracy"]["value"] == pytest.approx(2 / 3)
    assert scores["accuracy"]["n"] == 3
    assert scores["log_loss"]["value"] == pytest.approx(-(math.log(0.8) + math.log(0.5) + math.log(0.25)) / 3)
    details = found["details"]["test"]
    assert details["confusion"] == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert (found["schema"], found["task"], found["headline"]) == (1, "classify", "accuracy")


def test_logits_are_divided_by_the_temperature(model):
    test, logits = small_training.pictures(3), known([[0.8, 0.1, 0.1]] * 3)
    data = dataset(train=small_training.pictures(9), test=test)
    hot = measure(dataclasses.replace(model, temperature=2.0), data, known={"test": logits})
    roots = np.sqrt([0.8, 0.1, 0.1])
    expected = -np.log(roots / roots.sum()).mean()
    assert hot["scores"]["test"]["log_loss"]["value"] == pytest.approx(expected, rel=1e-5)


def test_the_majority_is_that_of_train_and_is_measured_on_test(model):
    train, test = small_training.pictures(10), small_training.pictures(6, seed=1)
    found = measure(model, dataset(train=train, valid=small_training.pictures(3), test=test))
    majority = next(b for b in found["baselines"] if b["name"] == "majority class")
    assert majority["split"] == "test"
    assert majority["scores"]["accuracy"]["value"] == pytest.approx(2 / 6)
    assert {baseline["split"] for baseline in found["baselines"]} == {"test"}


def test_without_test_the_baselines_stand_beside_valid(model):
    found = measure(model, dataset(train=small_training.pictures(9), valid=small_training.pictures(6)))
    assert set(found["scores"]) == {"valid"}
    assert {baseline["split"] for baseline in found["baselines"]} == {"valid"}


def test_nothing_to_measure_is_said(model):
    heard = []
    data = dataset(train=small_training.pictures(9))
    found = evaluate.evaluation(model, data, known={}, task_name="classify", seed=0, emit=heard.append)
    assert found["scores"] == {}
    assert [event.level for event in heard if isinstance(event, Said)] == ["warning"]


def test_outputs_are_those_of_the_network_and_progress_is_told(model):
    split, heard = small_training.pictures(7), []
    with torch.no_grad():
        expected = model.network(torch.from_numpy(split.inputs)).value.numpy()
    found = evaluate.outputs(model, split, emit=heard.append, name="test")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert [(event.done, event.total) for event in heard if isinstance(event, Worked)] == [(7, 7)]


def test_who_is_asked_to_stop_stops(model):
    with pytest.raises(StoppedError):
        evaluate.outputs(model, small_training.pictures(7), should_stop=lambda: True)


def test_calibration_lowers_the_log_loss_on_valid_and_changes_no_answer(model):
    valid = small_training.pictures(60)
    calibrated, logits = evaluate.calibrated(model, valid, views=False, should_stop=lambda: False)
    assert calibrated.temperature != 1.0
    before = model.task.metrics(logits, valid.targets, seed=0)
    after = model.task.metrics(logits / np.float32(calibrated.temperature), valid.targets, seed=0)
    assert after["log_loss"].value <= before["log_loss"].value + 1e-6
    assert after["accuracy"].value == before["accuracy"].value
    assert calibrated.views_below == 0.0


def test_one_in_five_is_looked_at_in_more_views(model):
    valid = small_training.pictures(60)
    calibrated, _ = evaluate.calibrated(model, valid, views=True, should_stop=lambda: False)
    plain = evaluate.outputs(model, valid)
    shares = np.exp(plain - plain.max(axis=1, keepdims=True))
    confidence = (shares / shares.sum(axis=1, keepdims=True)).max(axis=1)
    assert (confidence < calibrated.views_below).sum() == 12


def test_without_valid_nothing_is_calibrated(model):
    same, logits = evaluate.calibrated(model, small_training.pictures(0), views=True, should_stop=lambda: False)
    assert same is model
    assert logits.shape == (0, 3)
