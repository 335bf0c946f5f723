"""How much goes to train, valid and test: shares of everything, or counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from gnomon.core.errors import UsageError

_MOST = 1e15
"""Counts beyond this are no counts of anything, and a float no longer holds them exactly."""


def parse_shares(text: str) -> tuple[float, float, float]:
    """Return the shares of train, valid and test in ``0.8,0.1,0.1``; test may be left out or 0.

    Raises ``UsageError`` where they are not two or three numbers that sum to 1, with train and valid above 0.
    """
    fix = "try --split 0.8,0.1,0.1 (train, valid, test)"
    numbers = _numbers(text, fix)
    if not abs(sum(numbers) - 1) <= 1e-6:  # also true of nan
        raise UsageError(f"--split {text!r} sums to {sum(numbers):g}, not to 1", fix=fix)
    return _three(text, numbers, fix)


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What each of consecutive parts gets: exact shares that sum to 1, or counts."""

    text: str
    """As the user wrote it."""
    numbers: tuple[Fraction, ...]
    are_counts: bool

    def bounds(self, size: int) -> list[int]:
        """Return where the parts of ``size`` things end: part ``i`` begins where part ``i - 1`` ends.

        A share of 0.9 gives exactly ``int(0.9 * size)`` to the first part. Counts may leave a rest.
        Raises ``UsageError`` where they ask for more than there is.
        """
        ends = [sum(self.numbers[: i + 1], Fraction(0)) for i in range(len(self.numbers))]
        if not self.are_counts:
            # The last part gets what rounding left, also where the shares sum to a little less than 1.
            return [size if end == ends[-1] else math.floor(end * size) for end in ends]
        if ends[-1] > size:
            raise UsageError(
                f"--split {self.text} asks for {int(ends[-1]):,}, but there are only {size:,}",
                fix="ask for fewer, or for shares: --split 0.8,0.1,0.1",
            )
        return [int(end) for end in ends]

    def pair(self, which: int) -> Amounts:
        """Return the amounts of train and of part ``which`` where the third part is given: shares sum to 1 again."""
        kept = (self.numbers[0], self.numbers[which])
        scale = 1 if self.are_counts else sum(kept)
        return replace(self, numbers=tuple(number / scale for number in kept))


def parse_amounts(text: str) -> Amounts:
    """Return what ``0.8,0.1,0.1`` (shares) or ``8640,2880,2880`` (counts) gives to train, valid and test.

    Raises ``UsageError`` as `parse_shares` does, and where numbers above 1 are not whole.
    """
    fix = "try --split 0.8,0.1,0.1 (shares of train, valid, test) or --split 8640,2880,2880 (counts)"
    numbers = _numbers(text, fix)
    are_counts = max(numbers) > 1
    if not are_counts:
        parse_shares(text)
    elif not all(number.is_integer() and number < _MOST for number in numbers):
        raise UsageError(f"--split {text!r} is neither shares nor counts: numbers above 1 are counts", fix=fix)
    # By their decimal text: 0.7 + 0.1 is 0.8 and not a little less.
    exact = tuple(Fraction(repr(number)) for number in _three(text, numbers, fix))
    return Amounts(text=text, numbers=exact, are_counts=are_counts)


def _numbers(text: str, fix: str) -> list[float]:
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError as error:
        raise UsageError(f"--split {text!r} is not a list of numbers", fix=fix) from error
    if len(numbers) not in (2, 3):
        raise UsageError(f"--split {text!r} has {len(numbers)} shares, not two or three", fix=fix)
    return numbers


def _three(text: str, numbers: list[float], fix: str) -> tuple[float, float, float]:
    train, valid, test = (*numbers, 0.0)[:3]
    if train <= 0 or test < 0:
        raise UsageError(f"--split {text!r} leaves nothing to train on", fix=fix)
    if valid <= 0:
        raise UsageError(f"--split {text!r} has no share for valid, on which settings are chosen", fix=fix)
    return train, valid, test
