import pytest

from gnomon.core.spec import Sequence
from gnomon.layers.margin_size import margin_folds, margin_opening, margin_rows


def text(*, length=30, unit="word"):
    return Sequence(sizes=(100,), length=length, unit=unit)


def test_fewer_folds_where_there_are_many_classes():
    assert [margin_folds(num) for num in (2, 16, 20, 32, 1000)] == [4, 4, 3, 2, 2]


@pytest.mark.parametrize(
    ("num_texts", "num_classes", "folds", "bits"),
    [
        (10, 2, 0, 14),
        (5000, 6, 0, 17),
        (10**8, 2, 0, 20),
        (10**8, 6, 4, 19),  # 30 columns of 2^24 numbers
        (10**8, 1000, 2, 12),
        (10**8, 10**6, 2, 10),
    ],
)
def test_rows_grow_with_the_texts_and_shrink_with_the_classes(num_texts, num_classes, folds, bits):
    assert margin_rows(num_texts, text(), num_classes, folds=folds) == 2**bits


def test_the_opening_counts_in_short_texts_of_words():
    assert [margin_opening(text(length=n)) for n in (40, 41)] == [3, 0]
    assert margin_opening(text(unit="character")) == 0
