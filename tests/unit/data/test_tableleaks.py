"""Columns that tell the target by themselves."""

import numpy as np
import pyarrow as pa
import pytest
import raw_data

from gnomon.core.spec import Label, Number, Spec, Split, Table
from gnomon.data import tableleaks, tabletypes
from gnomon.data.cells import Cells, RowNames

NUM = 200


def dataset(target, values, **columns):
    table = pa.table(columns)
    leaf = Table(columns=tuple(tabletypes.column_of(name, table.column(name)) for name in columns))
    ids = RowNames("t", np.arange(NUM) + 1)
    part = Split(inputs=Cells(table), targets=values, ids=ids, hashes=np.zeros(NUM, "V16"))
    return raw_data.dataset(Spec(input=leaf, target=target), facts={"target": "y"}, train=part)


@pytest.fixture
def labels():
    return np.random.default_rng(0).integers(0, 2, NUM)


CLASSES = Label(classes=("no", "yes"))


def test_another_name_of_the_classes_is_the_target_itself(labels):
    (leak,) = tableleaks.find(dataset(CLASSES, labels, code=np.where(labels, "Y", "N").tolist()))
    assert (leak.name, leak.is_equal) == ("code", True)


def test_what_is_known_only_afterwards_is_suspected_with_what_it_alone_foresees(labels):
    draw = np.random.default_rng(1)
    after = labels * 10 + draw.random(NUM)
    noise = draw.random(NUM)
    found = dataset(CLASSES, labels, after=after, noise=noise)
    (leak,) = tableleaks.find(found)
    assert (leak.name, leak.is_equal) == ("after", False)
    (finding,) = tableleaks.findings(found)
    assert "tells the target 'y' by itself (it alone foresees 100.00% of the training rows)" in finding.text
    assert finding.fix == "--set reader.drop=after"


def test_a_few_wrong_cells_do_not_hide_a_leak(labels):
    noisy = labels.copy()
    noisy[0] ^= 1
    (leak,) = tableleaks.find(dataset(CLASSES, labels, code=np.where(noisy, "Y", "N").tolist()))
    assert not leak.is_equal


def test_a_good_column_is_no_leak(labels):
    draw = np.random.default_rng(2)
    good = np.where(draw.random(NUM) < 0.9, labels, 1 - labels)
    assert tableleaks.find(dataset(CLASSES, labels, good=good.astype(str).tolist(), x=draw.random(NUM))) == []


def test_a_quantity_in_another_unit_is_suspected_and_its_copy_is_equal():
    values = np.random.default_rng(3).normal(size=NUM)
    found = tableleaks.find(dataset(Number(name="y"), values, inches=values * 2.54 + 1, copy=values))
    assert [(leak.name, leak.is_equal) for leak in found] == [("inches", False), ("copy", True)]


def test_few_rows_tell_nothing(labels):
    few = dataset(CLASSES, labels, code=np.where(labels, "Y", "N").tolist())
    part = few.splits["train"]
    small = Split(inputs=part.inputs[0:20], targets=labels[:20], ids=part.ids, hashes=part.hashes[:20])
    assert tableleaks.find(raw_data.dataset(few.spec, train=small)) == []
