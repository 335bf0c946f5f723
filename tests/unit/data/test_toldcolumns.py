import numpy as np

from gnomon.core.spec import MixedRow, Quantity
from gnomon.data.toldcolumns import agree, find

YEARS = Quantity(name="years", low=0.0, step=1.0, places=20, spikes=(1, 5, 9), means=(5.0,), deviations=(3.0,))
AGE = Quantity(name="age", low=0.0, step=1.0, places=80, means=(40.0,), deviations=(20.0,))
LEAF = MixedRow(numbers=(YEARS, AGE), categories=(("school", 5), ("kind", 4)))


def rows(count=400, *, broken=0):
    draw = np.random.default_rng(0)
    school = draw.integers(2, 5, count)
    years = np.array([1, 5, 9])[school - 2]
    years[:broken] = 7
    kind = draw.integers(2, 4, count)
    return np.stack([years, draw.integers(0, 80, count), school, kind], axis=1).astype(np.float32)


def test_a_number_that_a_category_tells_is_found_and_others_are_not():
    assert find(rows(), LEAF) == [{"column": 0, "by": 2, "values": [[2, 1.0], [3, 5.0], [4, 9.0]]}]


def test_a_rule_that_is_often_broken_is_none():
    assert find(rows(broken=4), LEAF) == []


def test_of_two_columns_that_tell_each_other_one_tells():
    given = rows()
    given[:, 3] = 2 + (given[:, 2] > 2)
    leaf = MixedRow(numbers=LEAF.numbers, categories=(("school", 5), ("kind", 4)))
    assert [(rule["column"], rule["by"]) for rule in find(given, leaf)] == [(0, 2), (3, 2)]
    twins = np.column_stack([given[:, :3], given[:, 2]]).astype(np.float32)
    both = MixedRow(numbers=LEAF.numbers, categories=(("school", 5), ("again", 5)))
    assert [(rule["column"], rule["by"]) for rule in find(twins, both)] == [(0, 2), (3, 2)]


def test_what_hardly_changes_and_what_is_missing_is_told_by_nothing():
    given = rows()
    given[:, 0] = 1
    given[0, 0] = 5
    assert find(given, LEAF) == []
    given = rows()
    given[5, 0] = np.nan
    assert find(given, LEAF) == []


def test_made_rows_are_brought_to_agree_where_the_rule_speaks():
    made = np.array([[3, 10, 2, 2], [3, 10, 4, 2], [3, 10, 1, 2]], np.float32)
    found = agree(made, find(rows(), LEAF))
    assert found[:, 0].tolist() == [1, 9, 3]
    assert made[:, 0].tolist() == [3, 3, 3]
