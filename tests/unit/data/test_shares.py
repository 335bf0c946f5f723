from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.core.errors import UsageError
from gnomon.data.shares import parse_amounts, parse_shares


def test_shares_are_exact_and_counts_are_whole():
    amounts = parse_amounts("0.7,0.1,0.2")
    assert not amounts.are_counts
    assert amounts.numbers == (Fraction(7, 10), Fraction(1, 10), Fraction(2, 10))
    assert parse_amounts("8640, 2880, 2880").numbers == (8640, 2880, 2880)
    assert parse_amounts("8640,2880").are_counts


@pytest.mark.parametrize(
    ("text", "size", "bounds"),
    [
        ("0.9,0.1,0", 1_115_394, [1_003_854, 1_115_394, 1_115_394]),
        ("0.9,0.1", 1_115_394, [1_003_854, 1_115_394, 1_115_394]),
        ("0.8,0.1,0.1", 99, [79, 89, 99]),
        # 0.7 + 0.1 is a little less than 0.8 in floating point, which would give 7 here.
        ("0.7,0.1,0.2", 10, [7, 8, 10]),
        ("0.333333,0.333333,0.333334", 3_000_000, [999_999, 1_999_998, 3_000_000]),
        ("0.3333,0.3333,0.3334", 7, [2, 4, 7]),
        ("8640,2880,2880", 17_420, [8640, 11_520, 14_400]),
        ("3,2", 5, [3, 5, 5]),
    ],
)
def test_parts_end_where_they_should(text, size, bounds):
    assert parse_amounts(text).bounds(size) == bounds


@given(size=st.integers(0, 10**9), tenths=st.integers(1, 9))
@settings(deadline=None)
def test_the_first_share_is_the_usual_product(size, tenths):
    text = f"0.{tenths},0.{10 - tenths}"
    first, second, third = parse_amounts(text).bounds(size)
    assert first == size * tenths // 10
    assert second == third == size
    if tenths == 9:
        assert first == int(0.9 * size)


def test_counts_that_are_not_there_are_refused():
    with pytest.raises(UsageError, match="asks for 14,400, but there are only 10,000") as caught:
        parse_amounts("8640,2880,2880").bounds(10_000)
    assert "0.8,0.1,0.1" in caught.value.fix


def test_the_amounts_of_two_parts_are_shares_of_both():
    assert parse_amounts("0.8,0.1,0.1").pair(2).numbers == (Fraction(8, 9), Fraction(1, 9))
    assert parse_amounts("0.9,0.1").pair(1).numbers == (Fraction(9, 10), Fraction(1, 10))
    assert parse_amounts("80,10,5").pair(2).numbers == (80, 5)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("80/10/10", "is not a list of numbers"),
        ("1.0", "has 1 shares, not two or three"),
        ("0.8,0.1,0.2", "sums to 1.1, not to 1"),
        ("nan,0.5,0.5", "sums to nan, not to 1"),
        ("0.5,nan,2", "neither shares nor counts"),
        ("inf,1,1", "neither shares nor counts"),
        ("80.5,10,10", "neither shares nor counts"),
        ("1e300,1,1", "neither shares nor counts"),
        ("0,10,10", "leaves nothing to train on"),
        ("10,10,-5", "leaves nothing to train on"),
        ("10,0,10", "has no share for valid"),
        ("0.9,0,0.1", "has no share for valid"),
    ],
)
def test_bad_amounts_are_refused_with_an_example(text, what):
    with pytest.raises(UsageError) as caught:
        parse_amounts(text)
    assert what in str(caught.value)
    assert "--split 0.8,0.1,0.1" in caught.value.fix


def test_plain_shares_know_no_counts():
    with pytest.raises(UsageError, match="sums to 14400, not to 1"):
        parse_shares("8640,2880,2880")
