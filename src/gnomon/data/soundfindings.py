"""What is odd about recordings: clipped ones, ones far longer or shorter than the others, rates that were changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gnomon.core.spec import Audio, Dataset
from gnomon.data import lengths
from gnomon.data.finding import MAX_IDS, Finding
from gnomon.data.waves import lengths_of


def find(dataset: Dataset) -> Iterable[Finding]:
    """Return what is odd about recordings; nothing where the input is another."""
    if not isinstance(dataset.spec.input, Audio) or not dataset.splits:
        return
    yield from _clipped(dataset.facts)
    yield from _far(dataset, dataset.spec.input.rate_hz)
    yield from _mixed(dataset.facts)


def _clipped(facts: Mapping[str, Any]) -> Iterable[Finding]:
    count = int(facts.get("num_clipped", 0))
    if count:
        told = "1 recording is" if count == 1 else f"{count:,} recordings are"
        yield Finding(
            level="warning",
            text=f"{told} clipped: too loud for the device, peaks are cut off flat",
            ids=tuple(map(str, facts.get("clipped", ())))[:MAX_IDS],
        )


def _far(dataset: Dataset, rate_hz: int) -> Iterable[Finding]:
    for name, part in dataset.splits.items():
        sizes = lengths_of(part.inputs)
        median = float(np.median(sizes))
        for what, odd, extreme in (
            ("long", np.flatnonzero(sizes > lengths.FAR * median), sizes.max()),
            ("short", np.flatnonzero(sizes * lengths.FAR < median), sizes.min()),
        ):
            if len(odd):
                told = f"1 recording of {name} is" if len(odd) == 1 else f"{len(odd):,} recordings of {name} are"
                text = f"{told} very {what}: {extreme / rate_hz:.2f} s, where the median is {median / rate_hz:.2f} s"
                yield Finding(level="info", text=text, ids=tuple(str(part.ids[int(row)]) for row in odd[:MAX_IDS]))


def _mixed(facts: Mapping[str, Any]) -> Iterable[Finding]:
    for key, what, unit in (("rates_hz", "sampling rates", " Hz"), ("channel_counts", "numbers of channels", "")):
        found = facts.get(key, {})
        if len(found) > 1:
            told = ", ".join(f"{int(value):,}{unit} ({count:,})" for value, count in found.items())
            yield Finding(level="info", text=f"{len(found)} {what}: {told}")
