"""What is asked of whole trees, from the values that stand beside them: a class or a number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import UsageError, printable
from gnomon.core.spec import Guess, Label, Number
from gnomon.data import columns

Kind = Literal["auto", "label", "number"]
"""What is asked of a whole tree, where it is said at all."""

_TOO_MANY = 0.5
"""Share of different whole numbers above which they are a quantity."""
_FEW = 20
_MOST_GRADES = 20
"""Broken numbers of so few different values may be grades, as from 1 to 5 by halves; more are a quantity."""
_SHOWN = 20


def encoded(
    values: Sequence[object], name: str, path: Path, *, kind: Kind = "auto"
) -> tuple[Label | Number, npt.NDArray[np.int64] | npt.NDArray[np.float64], tuple[Guess, ...]]:
    """Return what the values beside some trees are, one target for each, and what was guessed.

    ``kind`` is what was asked for: numbers are quantities, or classes. Targets are
    class indices int64 ``(num_trees,)``, -1 where there is none, or numbers float64, NaN where there is none. Raises
    ``DataError`` where all are absent, ``UsageError`` where a quantity is asked for and there is none.
    """
    numbers = [_number(value) for value in values]
    present = [number for number in numbers if number is not None]
    absent = sum(value is None or str(value).strip() == "" for value in values)
    are_numbers = bool(present) and len(present) + absent == len(values)
    if kind == "number" and not are_numbers:
        odd = next((str(v) for v, n in zip(values, numbers, strict=True) if n is None and v not in (None, "")), "")
        raise UsageError(
            f"{printable(name)} is no number everywhere: {printable(odd[:_SHOWN])!r}",
            fix="leave --task out, or name another --target",
            path=path,
        )
    if are_numbers and kind != "label" and (kind == "number" or _is_quantity(present)):
        found = np.array([math.nan if number is None else number for number in numbers], np.float64)
        return Number(name=name), found, () if kind == "number" else (_guess(name, present),)
    classes, targets = columns.encode(values, path)
    return Label(classes=classes), targets, ()


def are_missing(targets: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which targets are absent."""
    return np.isnan(targets) if targets.dtype.kind == "f" else targets < 0


def _guess(name: str, present: Sequence[float]) -> Guess:
    why = f"it has {len(set(present)):,} different values in {len(present):,} trees"
    return Guess(what=f"{name} is a number to be foretold", why=why, flag="--task classify")


def _is_quantity(present: Sequence[float]) -> bool:
    distinct = set(present)
    if all(number.is_integer() for number in distinct):
        return len(present) >= _FEW and len(distinct) > _TOO_MANY * len(present)
    return len(distinct) > _MOST_GRADES or len(distinct) > _TOO_MANY * len(present)


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
