"""Anomalies: what is found of what was never learned."""

import numpy as np
import pytest
import torch

from gnomon.core.errors import UsageError
from gnomon.core.spec import Image, Normality, Output, Spec, Split
from gnomon.tasks import anomaly

IMAGE = Image(height_px=3, width_px=3, channels=1)
KNOWN = Normality(classes=("cat", "dog", "owl"), normal=("cat", "dog"))


def task(target=KNOWN, **settings):
    return anomaly.Task(anomaly.Config(**settings), Spec(input=IMAGE, target=target))


def kept(strangeness):
    value = torch.tensor([[5.0 + k, s, 1.0] for k, s in enumerate(strangeness)])
    return task().keep(Output(value), torch.zeros(len(value))).numpy()


def split(count, seed=0, targets=None):
    pixels = np.random.default_rng(seed).integers(100, 140, (count, 3, 3, 1)).astype(np.uint8)
    targets = np.arange(count) % 2 if targets is None else targets
    pixels[np.asarray(targets) == 2, 0] = 255
    ids = np.array([str(k) for k in range(count)], dtype=object)
    return Split(inputs=pixels, targets=np.asarray(targets), ids=ids, hashes=np.zeros(count, "V16"))


def test_classes_that_were_not_learned_are_anomalies():
    assert task().anomalous(np.array([0, 2, 1, -1])).tolist() == [False, True, False, False]
    assert task(Normality()).anomalous(np.array([-1, -1])).tolist() == [False, False]


def test_the_area_under_the_curve_leads_where_anomalies_are_known():
    found = task().metrics(kept([0.1, 0.9, 0.2, 0.5]), np.array([0, 2, 1, 2]), seed=0)
    assert next(iter(found)) == "auroc"
    assert found["auroc"].value == 1.0
    assert found["average_precision"].value == 1.0
    assert found["nll"].value == pytest.approx(((5 + 1) + (7 + 1)) / 2)
    assert found["nll"].n == 2


def test_without_anomalies_the_bound_leads():
    assert task(Normality()).headline == "bits_per_dim"
    found = task().metrics(kept([0.1, 0.2]), np.array([0, 1]), seed=0)
    assert "auroc" not in found
    assert found["nll"].n == 2


def test_the_threshold_lets_few_held_out_samples_through():
    one = task(false_alarms=0.25)
    one.remember((0.0, 1.0, 2.0, 3.0, 4.0))
    assert one.limit(np.zeros(0)) == 3.0
    rows = one.decode(np.array([[5.0, 3.5, 1.0], [5.0, 2.5, 1.0]], np.float32), np.zeros((2, 3, 3, 1)))
    assert [row["anomalous"] for row in rows] == [True, False]


def test_details_say_what_would_be_caught():
    one = task(false_alarms=0.5)
    one.remember(tuple(np.linspace(0, 1, 101)))
    found = one.details(kept([0.1, 0.9, 0.6, 0.7]), np.array([0, 2, 1, 2]), np.array(list("abcd"), dtype=object))
    assert found["threshold"] == {"score": 0.5, "false_alarms": 0.5, "caught": 1.0}
    assert sum(found["histogram"]["normal"]) == sum(found["histogram"]["anomalous"]) == 2
    assert found["thresholds"][0]["rate"] == 0.01


def test_trivial_models_are_measured_beside():
    found = task().baselines(split(80), split(40, 1, [0, 1, 2, 0] * 10), seed=0)
    assert [one["name"] for one in found] == ["principal components", "isolation forest"]
    assert found[0]["scores"]["auroc"].value > 0.8
    assert found[1]["scores"]["auroc"].value > 0.6
    (plain,) = task(Normality()).baselines(split(20), split(10, 1, np.full(10, -1)), seed=0)
    assert plain["name"] == "pixel by pixel"


def test_settings_out_of_range_are_refused():
    with pytest.raises(UsageError, match="false_alarms"):
        anomaly.Config(false_alarms=0.9)
