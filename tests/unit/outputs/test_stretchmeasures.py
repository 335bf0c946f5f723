"""The strangest stretches of a series, with their times."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from small_stretches import dataset, model, rows, split

from gnomon.core.spec import Density, Normality
from gnomon.data.stretches import Stretches
from gnomon.outputs import evaluate, stretchmeasures


def spiked(at):
    part = split(120)
    values = rows(120)
    values[at, 0] += 40
    column = Stretches(values, length=12, starts=part.inputs.starts)
    return replace(part, inputs=column)


@pytest.fixture(scope="module")
def known():
    return model()


def test_the_strangest_stretch_is_where_the_spike_is(known):
    found = stretchmeasures.measured(known, spiked(50))
    first = found["stretches"][0]
    assert first["channel"] == "load"
    assert first["from"] <= "1970-01-03 02:00:00" <= first["to"]  # row 50, an hour each
    assert 0 < first["p_value"] <= 0.02
    assert len(first["values"]) == len(first["expected"])
    scores = [one["score"] for one in found["stretches"]]
    assert scores == sorted(scores, reverse=True)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_stretches_lie_apart(known):
    found = stretchmeasures.measured(known, spiked(50))
    places = sorted(one["index"] for one in found["stretches"])
    assert all(b - a > 6 for a, b in pairwise(places))


def test_scores_and_alarms_are_those_of_rows(known):
    found = stretchmeasures.measured(known, split(120))
    assert sum(found["histogram"]["normal"]) == 120
    assert found["over_time"]["rows"] == 120
    assert found["threshold"]["score"] == known.task.limit(np.zeros(0))
    assert 0 <= found["threshold"]["false_alarms"] < 0.5
    assert found["thresholds"]


def test_a_model_that_draws_has_no_threshold():
    assert "threshold" not in stretchmeasures.measured(model(Density()), split(60))


def test_samples_that_are_no_rows_have_none_of_it(known):
    part = replace(split(120), inputs=split(120).inputs[:])
    assert stretchmeasures.measured(known, part) == {}


def test_the_evaluation_tells_of_rows(known):
    found = evaluate.evaluation(
        known, dataset(Normality()), known={}, task_name="anomaly", seed=0, emit=lambda event: None
    )
    assert found["headline"] == "nll_per_value"
    assert found["scores"]["test"]["nll_per_value"]["n"] == 10
    assert found["details"]["test"]["stretches"]
    assert [one["name"] for one in found["baselines"]] == ["value by value", "from the last value"]
