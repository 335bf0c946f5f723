"""core/spec.py: the kinds of data, and how they are written down."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from gnomon.core.errors import ArtefactError
from gnomon.core.spec import (
    Image,
    Label,
    MixedRow,
    Number,
    Output,
    Quantity,
    Score,
    Spec,
    Split,
    spec_as_dict,
    spec_from_dict,
)

SPEC = Spec(input=Image(height_px=8, width_px=6, channels=1), target=Label(classes=("a", "ü", "<b>")))
WRITTEN = {
    "input": {"kind": "Image", "height_px": 8, "width_px": 6, "channels": 1},
    "target": {"kind": "Label", "classes": ("a", "ü", "<b>")},
}


def test_a_spec_is_written_with_its_kinds():
    assert spec_as_dict(SPEC) == WRITTEN


def test_it_comes_back_from_json():
    assert spec_from_dict(json.loads(json.dumps(spec_as_dict(SPEC)))) == SPEC


@pytest.mark.parametrize(
    ("part", "value", "what"),
    [
        ("input", None, "the input of kind None is not known"),
        ("input", [], "the input of kind None is not known"),
        ("input", {"kind": "os.system"}, "the input of kind 'os.system' is not known"),
        ("input", {"kind": "Image", "height_px": 8}, "the input is not described as it should be"),
        ("input", {**WRITTEN["input"], "height_px": "8"}, "the input is not described as it should be"),
        ("target", {"kind": "Label", "classes": [1, 2]}, "the target is not described as it should be"),
        ("target", {"kind": "Label"}, "the target is not described as it should be"),
    ],
)
def test_other_descriptions_are_refused(part, value, what):
    with pytest.raises(ArtefactError, match=what):
        spec_from_dict({**WRITTEN, part: value})


def test_numbers_keep_their_unit_and_their_spread():
    spec = Spec(input=SPEC.input, target=Number(name="price", mean=3.5, deviation=0.25))
    assert spec_from_dict(json.loads(json.dumps(spec_as_dict(spec)))) == spec
    with pytest.raises(ValueError, match="a standard deviation of 0"):
        Number(deviation=0.0)


def test_a_missing_part_is_refused():
    with pytest.raises(ArtefactError, match="the target of kind None is not known"):
        spec_from_dict({"input": WRITTEN["input"]})


def test_a_split_is_as_long_as_its_targets():
    column = np.zeros(3)
    split = Split(inputs=column, targets=np.arange(3), ids=column, hashes=np.zeros(3, dtype="V16"))
    assert len(split) == 3


def test_nothing_can_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SPEC.input = None
    with pytest.raises(dataclasses.FrozenInstanceError):
        Score(value=0.5, low=0.4, high=0.6, n=10).value = 1.0


def test_outputs_have_no_penalties_unless_said():
    one, two = Output(value=1), Output(value=2)
    assert one.penalties == {}
    assert one.penalties is not two.penalties


def test_torch_is_not_needed():
    code = "import sys, gnomon.core.spec; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_rows_keep_their_columns_and_impossible_ones_are_refused():
    age = Quantity(name="age", low=1.0, step=0.5, places=9, spikes=(0, 3), means=(4.0,), deviations=(2.0,))
    leaf = MixedRow(numbers=(age,), categories=(("city", 4),), never=((0,),))
    told = Spec(input=leaf, target=Label(classes=("a", "b")))
    assert spec_from_dict(json.loads(json.dumps(spec_as_dict(told)))) == told
    assert leaf.names == ("age", "city")
    for wrong in ({"step": 0.0}, {"means": ()}, {"deviations": (0.0,)}, {"places": 0}):
        with pytest.raises(ValueError):
            dataclasses.replace(age, **wrong)
    for wrong in ({"numbers": (), "categories": (), "never": ()}, {"never": ((0,), (1,))}, {"categories": (("c", 1),)}):
        with pytest.raises(ValueError):
            dataclasses.replace(leaf, **wrong)
