"""How a text or a series is cut in order into train, valid and test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Dataset, Guess, Split
from gnomon.data.ordered import Tape, Unit, limits, unit_of
from gnomon.data.shares import Amounts, parse_amounts

CUSTOMARY = "customary_split"
"""The key under which ``Dataset.facts`` names the split that all the literature on a data set uses."""

Divided = tuple[dict[str, Split], tuple[Guess, ...]]
"""The parts by name, and what the user should know about them."""

_SPLITS = ("train", "valid", "test")
_DEFAULT = "0.8,0.1,0.1"
_FLAG = "--split 0.8,0.1,0.1 or --valid PATH --test PATH"
_MAX_HELD = 500_000
"""Characters of valid, and of test, where nobody asked for more: the loss on them is known to half a per cent."""


@dataclass(frozen=True, kw_only=True)
class InOrder:
    """What is held out comes after the training data, as what is to be continued comes after what is known.

    ``wanted`` is what the user asked for with ``--split``.
    """

    dataset: Dataset
    wanted: Amounts | None

    def three(self, parent: Split) -> Divided:
        """Return train, valid and, where there is a share for it, test, and say what is left out.

        Raises ``DataError`` where a part would be empty, ``UsageError`` where counts ask for more than there is.
        """
        tape = Tape(parent, self._unit)
        wanted, why, notes = self._wanted(tape.size)
        parts = _cut(tape, self._bounds(wanted, tape.size), _SPLITS)
        if "valid" not in parts or "train" not in parts:
            raise DataError(
                f"{tape.size:,} {self._unit} are too few to hold some out for validation",
                fix="give more data, or separate ones with --valid PATH --test PATH",
                path=self.dataset.source,
            )
        left_out = tape.size - wanted.bounds(tape.size)[-1]
        if self.wanted is None:
            rest = f"; {left_out:,} {self._unit} after them are left out" if left_out else ""
            notes += (Guess(what=_told(parts, self._unit) + rest, why=why, flag=_FLAG),)
        elif left_out:
            what = f"{left_out:,} of {tape.size:,} {self._unit} are left out"
            notes += (Guess(what=what, why=f"--split {wanted.text} asks for fewer", flag=f"--split {_DEFAULT}"),)
        return parts, notes

    def two(self, parent: Split, name: str, why: str) -> Divided:
        """Return train and, cut off its end, the part called ``name``; ``why`` says why it is needed."""
        tape = Tape(parent, self._unit)
        wanted = self._pair(name)
        ends = wanted.bounds(tape.size)
        if self.wanted is None and self._unit == "characters":
            ends[0] = max(ends[0], ends[1] - _MAX_HELD)
        parts = _cut(tape, ends, ("train", name))
        if len(parts) < 2:
            raise DataError(
                f"{tape.size:,} training {self._unit} are too few to hold some out as {name}",
                fix=f"give more data, or separate ones with --{name} PATH",
                path=self.dataset.source,
            )
        what = f"{name}: the last {ends[1] - ends[0]:,} {self._unit} of train"
        if left_out := tape.size - ends[1]:
            what = f"{name}: {ends[1] - ends[0]:,} {self._unit} of train; {left_out:,} after them are left out"
        return parts, (Guess(what=what, why=why, flag=f"--{name} PATH or --split 0.9,0.1"),)

    @property
    def _unit(self) -> Unit:
        unit = unit_of(self.dataset.spec)
        if unit is None:
            raise TypeError(f"{type(self.dataset.spec.target).__name__} targets are not cut in order")
        return unit

    def _wanted(self, size: int) -> tuple[Amounts, str, tuple[Guess, ...]]:
        """Return what each part gets, why, and what there is to say if the customary split does not fit."""
        why = "the data has no splits of its own: cut in order, so that what is held out comes after"
        if self.wanted is not None:
            return self.wanted, "", ()
        customary = self.dataset.facts.get(CUSTOMARY)
        if customary is None:
            return parse_amounts(_DEFAULT), why, ()
        amounts = parse_amounts(customary)
        try:
            amounts.bounds(size)
        except UsageError:
            what = f"the customary split {customary} of {self.dataset.name} is not used"
            note = Guess(what=what, why=f"the data has only {size:,} {self._unit}", flag=f"--split {_DEFAULT}")
            return parse_amounts(_DEFAULT), why, (note,)
        return amounts, f"{customary} is the customary split of {self.dataset.name}, in order", ()

    def _bounds(self, wanted: Amounts, size: int) -> list[int]:
        """Return where the parts end; of a very long text no more is held out than measuring needs."""
        ends = wanted.bounds(size)
        if self.wanted is None and CUSTOMARY not in self.dataset.facts and self._unit == "characters":
            ends[1] = max(ends[1], ends[2] - _MAX_HELD)
            ends[0] = max(ends[0], ends[1] - _MAX_HELD)
        return ends

    def _pair(self, name: str) -> Amounts:
        if self.wanted is None:
            return parse_amounts("0.9,0.1").pair(1)
        train, valid, test = self.wanted.numbers
        if name == "valid" and test:
            fix = f"try --split {_shown(train, self.wanted)},{_shown(valid, self.wanted)}"
            raise UsageError("the data has a test split of its own", fix=fix)
        if name == "test" and not test:
            raise UsageError("--split has no share for test", fix="give --test PATH or a third share")
        return self.wanted.pair(_SPLITS.index(name))


def _cut(tape: Tape, ends: list[int], names: tuple[str, ...]) -> dict[str, Split]:
    starts = [0, *ends[:-1]]
    return {name: tape.cut(a, b) for name, a, b in zip(names, starts, ends, strict=True) if b > a}


def _told(parts: Mapping[str, Split], unit: Unit) -> str:
    """Return the sizes of the parts, and for rows the time at which each begins."""
    told = []
    for name, part in parts.items():
        start, stop = limits(part)
        since = f" (from {part.ids[0]})" if unit == "rows" and start else ""
        told.append(f"{name} {stop - start:,}{since}")
    return ", ".join(told) + f" {unit}"


def _shown(number: Fraction, wanted: Amounts) -> str:
    """Return what a part would get if nothing went to test."""
    return f"{int(number)}" if wanted.are_counts else f"{float(number / sum(wanted.numbers[:2])):.4g}"
