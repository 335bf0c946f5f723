"""Texts that are empty, or far longer or shorter than the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Column, Dataset, Text
from gnomon.data import nouns
from gnomon.data.finding import MAX_IDS, Finding

Ints = npt.NDArray[np.int64]

FAR = 20
"""A text is long, or short, if it is this many times as long, or as short, as the median."""
_AT_ONCE = 4096


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """Lengths of all texts of all splits, in characters or words ``(num_texts,)``; 0 for blank ones."""

    sizes: Ints
    columns: list[Column]
    """The ids of each split."""

    def ids(self, places: Ints) -> tuple[str, ...]:
        """Return the ids of the first of some texts."""
        starts = np.cumsum([0, *map(len, self.columns)])
        owners = np.searchsorted(starts, places[:MAX_IDS], side="right") - 1
        return tuple(str(self.columns[o][int(p - starts[o])]) for o, p in zip(owners, places, strict=False))


def find(dataset: Dataset) -> Iterable[Finding]:
    """Return what is odd about the lengths of texts; nothing where the input is no text."""
    if not isinstance(dataset.spec.input, Text) or not dataset.splits:
        return
    noun, unit = nouns.of_samples(dataset.spec), "words" if dataset.spec.input.words else "characters"
    parts = list(dataset.splits.values())
    sizes = np.concatenate([_sizes(part.inputs) for part in parts])
    table = _Measured(sizes=sizes, columns=[part.ids for part in parts])
    yield from _empty(table, noun)
    if not isinstance(dataset.spec.target, Text):  # documents are read one after the other, whatever their lengths
        yield from _far(table, noun, unit)


def _far(table: _Measured, noun: nouns.Noun, unit: str) -> Iterable[Finding]:
    sizes = table.sizes
    if not sizes.any():
        return
    median = float(np.median(sizes[sizes > 0]))
    longest = np.argsort(-sizes, kind="stable")
    long = longest[sizes[longest] > FAR * median]
    short = longest[(sizes[longest] > 0) & (sizes[longest] * FAR < median)][::-1]
    for what, places, side in (("long", long, "up"), ("short", short, "down")):
        if len(places):
            told = f"1 {noun.one} is" if len(places) == 1 else f"{len(places):,} {noun.many} are"
            extreme = f"{side} to {sizes[places[0]]:,} {unit}, where the median is {median:,.0f}"
            yield Finding(level="info", text=f"{told} very {what}: {extreme}", ids=table.ids(places))


def _empty(table: _Measured, noun: nouns.Noun) -> Iterable[Finding]:
    places = np.flatnonzero(table.sizes == 0)
    if not len(places):
        return
    if len(places) == len(table.sizes):
        yield Finding(
            level="error", text=f"all {noun.many} are empty", fix="name the column or files that hold the text"
        )
        return
    told = f"1 {noun.one} is" if len(places) == 1 else f"{len(places):,} {noun.many} are"
    yield Finding(level="warning", text=f"{told} empty", ids=table.ids(places))


def _sizes(texts: Column) -> Ints:
    found: list[int] = []
    for start in range(0, len(texts), _AT_ONCE):
        taken = texts[np.arange(start, min(start + _AT_ONCE, len(texts)))]
        found += [_size(text) for text in taken]
    return np.array(found, dtype=np.int64)


def _size(text: Any) -> int:
    """Return the number of characters, or words; 0 where nothing can be seen."""
    return 0 if isinstance(text, str) and text.isspace() else len(text)
