import json

import numpy as np
import pytest
import torch

from gnomon.assemble import Model
from gnomon.core.errors import StoppedError
from gnomon.core.spec import Image, Label, Number, Output, Spec, Split, Vector
from gnomon.layers.head import Head
from gnomon.layers.network import Network
from gnomon.outputs import importance
from gnomon.tasks import classify, regress
from gnomon.training.precision import Precision

ROWS = Vector(names=("x", "noise", "y1"), categories=(("y2", 3),))
PRICE = Number(name="price", mean=0.0, deviation=1.0)


class Rule(Network):
    """x counts once, y1 + y2 half; noise is not looked at."""

    def __init__(self, classes=False):
        super().__init__()
        self.head, self.classes = Head(1, 1), classes

    def forward(self, inputs, carry=None):
        point = inputs[:, 0].nan_to_num() + 0.5 * (inputs[:, 2] + inputs[:, 3])
        value = (
            torch.stack([-point, point], 1) if self.classes else torch.stack([point, point - 1, point, point + 1], 1)
        )
        return Output(value)


def model(*, classes=False, preparation=None):
    target = Label(classes=("no", "yes")) if classes else PRICE
    spec = Spec(input=ROWS, target=target)
    task = classify.Task(classify.Config(), spec) if classes else regress.Task(regress.Config(), spec)
    precision = Precision("fp32", torch.device("cpu"))
    about = {} if preparation is None else {"preparation": preparation}
    return Model(network=Rule(classes), task=task, spec=spec, precision=precision, **about)


def split(num_rows=400, *, classes=False):
    draw = np.random.default_rng(0)
    rows = np.column_stack([draw.normal(size=(num_rows, 3)), draw.integers(0, 3, num_rows)]).astype(np.float32)
    point = rows[:, 0] + 0.5 * (rows[:, 2] + rows[:, 3])
    return Split(
        inputs=rows,
        targets=(point > 0).astype(np.int64) if classes else point.astype(np.float64),
        ids=np.arange(num_rows),
        hashes=np.arange(2 * num_rows, dtype=np.uint64).view("V16"),
    )


def test_columns_that_matter_come_first_and_noise_is_nothing():
    found = importance.importance(model(), split(), seed=0)
    values = {entry["name"]: entry for entry in found["columns"]}
    assert [entry["name"] for entry in found["columns"]] == ["x", "y1", "y2", "noise"]
    # Two draws of a standard normal are 2 / sqrt(pi) apart on average.
    assert values["x"]["value"] == pytest.approx(2 / np.pi**0.5, rel=0.1)
    assert values["x"]["low"] < values["x"]["value"] < values["x"]["high"]
    assert (values["noise"]["value"], values["noise"]["low"], values["noise"]["high"]) == (0, 0, 0)
    assert found["rows"] == 400
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_features_of_one_column_are_shuffled_together():
    entries = [
        {"name": "x", "use": "number", "numbers": ["x"], "categories": []},
        {"name": "id", "use": "none", "numbers": [], "categories": []},
        {"name": "noise", "use": "number", "numbers": ["noise"], "categories": []},
        {"name": "day", "use": "date", "numbers": ["y1"], "categories": [["y2", 3]]},
    ]
    found = importance.importance(model(preparation={"columns": entries}), split(), seed=0)
    assert {entry["name"]: entry["use"] for entry in found["columns"]} == {
        "x": "number",
        "noise": "number",
        "day": "date",
    }
    apart = importance.importance(model(), split(), seed=0)
    together = next(entry["value"] for entry in found["columns"] if entry["name"] == "day")
    assert together > max(entry["value"] for entry in apart["columns"] if entry["name"].startswith("y"))
    assert "day" not in {curve["name"] for curve in found["curves"]}


def test_curves_show_how_answers_change():
    found = importance.importance(model(), split(), seed=0)
    curve = next(curve for curve in found["curves"] if curve["name"] == "x")
    mean = curve["answers"]["price"]["mean"]
    slopes = np.diff(mean) / np.diff(curve["at"])
    np.testing.assert_allclose(slopes, 1.0, rtol=1e-3)
    assert all(
        a <= b <= c for a, b, c in zip(*(curve["answers"]["price"][k] for k in ("low", "mean", "high")), strict=True)
    )
    codes = next(curve for curve in found["curves"] if curve["name"] == "y2")
    assert codes["at"] == [0.0, 1.0, 2.0]


def test_for_classes_it_is_the_share_of_wrong_answers():
    found = importance.importance(model(classes=True), split(classes=True), seed=0)
    first = found["columns"][0]
    assert first["name"] == "x"
    assert 0.1 < first["value"] < 0.5
    assert set(found["curves"][0]["answers"]) == {"yes"}


def test_missing_cells_are_dealt_out_too_and_are_on_no_curve():
    data = split()
    data.inputs[::3, 0] = np.nan
    found = importance.importance(model(), data, seed=0)
    assert np.isfinite([entry["value"] for entry in found["columns"]]).all()
    assert np.isfinite([curve["at"][0] for curve in found["curves"]]).all()


def test_the_same_seed_gives_the_same_and_fewer_looks_take_fewer_rows():
    assert importance.importance(model(), split(), seed=3) == importance.importance(model(), split(), seed=3)
    few = importance.importance(model(), split(), seed=0, looks=12_000)
    assert 50 <= few["rows"] < 400
    assert importance.importance(model(), split(), seed=0, looks=100) == {
        "rows": 0,
        "repeats": 3,
        "columns": [],
        "curves": [],
    }


def test_looks_follow_the_budget():
    assert importance.looks_for(None, 1.0, share=0.05) == importance.USUAL_LOOKS
    assert importance.looks_for(60.0, 1e-6, share=0.05) == 120_000
    assert importance.looks_for(60.0, 1e-3, share=0.05) == 3000


def test_it_can_be_stopped():
    with pytest.raises(StoppedError):
        importance.importance(model(), split(), seed=0, should_stop=lambda: True)


def test_other_data_has_no_columns():
    from dataclasses import replace

    picture = Spec(input=Image(height_px=2, width_px=2, channels=1), target=PRICE)
    with pytest.raises(TypeError, match="no columns"):
        importance.importance(replace(model(), spec=picture), split(), seed=0)
