"""What is asked of whole trees."""

import math
from pathlib import Path

import pytest

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Label, Number
from gnomon.data import treetargets

HERE = Path("x.tsv")


def test_classes():
    leaf, targets, guesses = treetargets.encoded(["b", "a", None, "b"], "y", HERE)
    assert leaf == Label(classes=("a", "b"))
    assert targets.tolist() == [1, 0, -1, 1]
    assert treetargets.are_missing(targets).tolist() == [False, False, True, False]
    assert guesses == ()


def test_digits_are_classes():
    leaf, _, _ = treetargets.encoded([str(i % 10) for i in range(40)], "y", HERE)
    assert leaf == Label(classes=tuple("0123456789"))


def test_quantities_are_numbers():
    leaf, targets, guesses = treetargets.encoded([0.5, "1.25", "", 3.75], "y", HERE)
    assert leaf == Number(name="y")
    assert targets[:2].tolist() == [0.5, 1.25]
    assert math.isnan(targets[2])
    assert treetargets.are_missing(targets).tolist() == [False, False, True, False]
    assert guesses[0].what == "y is a number to be foretold"
    assert isinstance(treetargets.encoded(list(range(30)), "y", HERE)[0], Number)
    halves = [n % 37 / 2 for n in range(200)]
    assert isinstance(treetargets.encoded(halves, "y", HERE)[0], Number)
    assert isinstance(treetargets.encoded([n % 9 / 2 for n in range(200)], "y", HERE)[0], Label)


def test_the_task_decides():
    values = [1, 2, 2, 1]
    leaf, targets, guesses = treetargets.encoded(values, "y", HERE, kind="number")
    assert leaf == Number(name="y")
    assert targets.tolist() == [1.0, 2.0, 2.0, 1.0]
    assert guesses == ()
    assert isinstance(treetargets.encoded([0.5, 1.25, 3.75], "y", HERE, kind="label")[0], Label)
    with pytest.raises(UsageError, match="y is no number everywhere: 'two'"):
        treetargets.encoded([1, "two", None], "y", HERE, kind="number")


def test_nothing_at_all():
    with pytest.raises(DataError, match="empty"):
        treetargets.encoded([None, ""], "y", HERE)
