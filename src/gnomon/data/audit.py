"""What is wrong with the data, said before any time is spent on training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Label, Split
from gnomon.data import duplicates

Ints = npt.NDArray[np.int64]
Level = Literal["info", "warning", "error"]

MIN_MEASURABLE = 10
"""A class with fewer test samples than this is reported with the width of its interval."""
MIN_TEST = 100
MAX_IMBALANCE = 10
MAX_IDS = 20

_MAX_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that the audit noticed; ``ids`` name at most ``MAX_IDS`` of the samples concerned."""

    level: Level
    text: str
    ids: tuple[str, ...] = ()
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The classes, their counts per split, and everything that was noticed."""

    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]
    """Samples of each class, for each split."""
    findings: tuple[Finding, ...]
    duplicates: Mapping[str, int] = field(default_factory=dict)
    """Samples that equal another: ``inside train``, ``test in train``; and contents under several labels."""

    def as_dict(self) -> dict[str, Any]:
        """Return the audit as plain values for ``data.json``."""
        return {
            "classes": list(self.classes),
            "counts": {name: list(counts) for name, counts in self.counts.items()},
            "duplicates": dict(self.duplicates),
            "findings": [{**asdict(finding), "ids": list(finding.ids)} for finding in self.findings],
        }

    def lines(self) -> list[str]:
        """Return one line for each finding, the gravest first, fit for a terminal."""
        ranked = sorted(self.findings, key=lambda finding: ("error", "warning", "info").index(finding.level))
        return [f"{finding.level}: {_shown(finding)}" for finding in ranked]

    def require_learnable(self) -> None:
        """Raise ``DataError`` with the first error found, if there is one."""
        for finding in self.findings:
            if finding.level == "error":
                raise DataError(finding.text, fix=finding.fix)


def audit(dataset: Dataset) -> Audit:
    """Look at every sample's label and digest once, and say what is wrong with the data."""
    classes = dataset.spec.target.classes if isinstance(dataset.spec.target, Label) else ()
    counts = {name: np.bincount(part.targets, minlength=len(classes)) for name, part in dataset.splits.items()}
    copies, repeated = _repeats(dataset)
    findings = [
        *_unreadable(dataset),
        *_nothing_to_learn(classes, counts),
        *_empty_classes(classes, counts),
        *repeated,
        *_imbalance(classes, counts),
        *_too_small(classes, counts),
        *_looks(dataset.facts),
    ]
    return Audit(
        classes=classes,
        counts={name: tuple(found.tolist()) for name, found in counts.items()},
        findings=tuple(findings),
        duplicates=copies,
    )


def _unreadable(dataset: Dataset) -> Iterable[Finding]:
    num_bad = len(dataset.skipped)
    if not num_bad:
        return
    total = num_bad + sum(map(len, dataset.splits.values()))
    reasons = Counter(entry.reason for entry in dataset.skipped).most_common(_MAX_NAMES)
    told = ", ".join(f"{reason} ({n})" for reason, n in reasons)
    yield Finding(
        level="warning",
        text=f"{num_bad:,} of {total:,} samples could not be used: {told}",
        ids=tuple(entry.id for entry in dataset.skipped[:MAX_IDS]),
        fix="see skipped.jsonl",
    )


def _nothing_to_learn(classes: tuple[str, ...], counts: Mapping[str, Ints]) -> Iterable[Finding]:
    train = _training(classes, counts)
    present = np.flatnonzero(train)
    fix = "give samples of at least two classes, or another column with --target"
    if not len(present):
        yield Finding(level="error", text="there is no sample to train on", fix=fix)
    elif len(present) == 1:
        name = classes[present[0]]
        yield Finding(
            level="error", text=f"all training samples have the label {name!r}: there is nothing to learn", fix=fix
        )


def _empty_classes(classes: tuple[str, ...], counts: Mapping[str, Ints]) -> Iterable[Finding]:
    train = _training(classes, counts)
    everywhere = sum(counts.values(), np.zeros(len(classes), np.int64))
    if empty := [name for name, n in zip(classes, everywhere, strict=True) if n == 0]:
        yield Finding(level="warning", text=f"no sample at all: {_names(empty)}")
    unseen = [name for name, here, n in zip(classes, train, everywhere, strict=True) if here == 0 < n]
    if unseen:
        yield Finding(
            level="warning",
            text=f"no training sample, but samples in another split: {_names(unseen)}; they cannot be learned",
        )


def _repeats(dataset: Dataset) -> tuple[dict[str, int], list[Finding]]:
    """Return counts of equal contents and the findings about them: inside a split, across, under two labels."""
    names = list(dataset.splits)
    parts = [dataset.splits[name] for name in names]
    if not parts:
        return {}, []
    groups, sizes = duplicates.group(np.concatenate([part.hashes for part in parts]))
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    rows = np.flatnonzero(sizes[groups] > 1)
    # Only contents that occur twice matter from here on; there are few of them.
    rows = rows[np.argsort(groups[rows], kind="stable")]
    table = _Repeats(names=names, parts=parts, rows=rows, groups=groups[rows], owner=owner[rows])
    inside, across, conflicts = _inside(table), _across(table), _conflicts(table)
    counts = {key: n for key, n, _ in [*inside, *across, *conflicts]}
    return counts, [finding for _, _, finding in [*across, *conflicts, *inside]]


@dataclass(frozen=True, kw_only=True)
class _Repeats:
    """The samples whose content occurs more than once, sorted by content; arrays of shape ``(repeated,)``."""

    names: list[str]
    parts: list[Split]
    rows: Ints
    groups: Ints
    owner: Ints

    def ids(self, which: Ints) -> list[str]:
        """Return the ids of some of the samples, given by their place in this table."""
        starts = np.cumsum([0, *map(len, self.parts)])
        return [str(self.parts[o].ids[self.rows[i] - starts[o]]) for i in which for o in [self.owner[i]]]

    def labels(self) -> Ints:
        """Return the label of each sample of this table."""
        return np.concatenate([part.targets for part in self.parts])[self.rows]


Found = tuple[str, int, Finding]


def _inside(table: _Repeats) -> list[Found]:
    found: list[Found] = []
    for o, name in enumerate(table.names):
        mine = np.flatnonzero(table.owner == o)
        is_copy = np.append(False, table.groups[mine][1:] == table.groups[mine][:-1])[: len(mine)]
        if num_copies := int(is_copy.sum()):
            text = f"{num_copies:,} samples in {name} are exact copies of another one there"
            ids = tuple(table.ids(mine[is_copy][:MAX_IDS]))
            found.append((f"inside {name}", num_copies, Finding(level="info", text=text, ids=ids)))
    return found


def _across(table: _Repeats) -> list[Found]:
    found: list[Found] = []
    for held, other in (("test", "train"), ("valid", "train"), ("test", "valid")):
        if held not in table.names or other not in table.names:
            continue
        here, there = table.names.index(held), table.names.index(other)
        in_other = np.isin(table.groups, table.groups[table.owner == there])
        shared = np.flatnonzero((table.owner == here) & in_other)
        if len(shared):
            share = len(shared) / len(table.parts[here])
            text = f"{len(shared):,} of the {held} samples ({share:.2%}) also lie in {other}: their score is too good"
            finding = Finding(level="warning", text=text, ids=tuple(table.ids(shared[:MAX_IDS])))
            found.append((f"{held} in {other}", len(shared), finding))
    return found


def _conflicts(table: _Repeats) -> list[Found]:
    if not len(table.rows):
        return []
    labels = table.labels()
    starts = np.flatnonzero(np.append(True, table.groups[1:] != table.groups[:-1]))
    low, high = np.minimum.reduceat(labels, starts), np.maximum.reduceat(labels, starts)
    contested = starts[low != high]
    if not len(contested):
        return []
    which = np.flatnonzero(np.isin(table.groups, table.groups[contested]))
    text = f"{len(contested):,} contents occur under two labels ({len(which):,} samples): at least one is wrong"
    finding = Finding(
        level="warning", text=text, ids=tuple(table.ids(which[:MAX_IDS])), fix="look at them and mend the labels"
    )
    return [("under two labels", len(contested), finding)]


def _imbalance(classes: tuple[str, ...], counts: Mapping[str, Ints]) -> Iterable[Finding]:
    train = _training(classes, counts)
    present = train[train > 0]
    if len(present) < 2 or present.max() < MAX_IMBALANCE * present.min():
        return
    most = int(train.argmax())
    least = int(np.where(train > 0, train, train.max()).argmin())
    yield Finding(
        level="warning",
        text=f"{classes[most]!r} has {train[most]:,} training samples, {classes[least]!r} has {train[least]:,}: "
        f"always answering {classes[most]!r} is right {train[most] / train.sum():.1%} of the time; look at f1",
    )


def _too_small(classes: tuple[str, ...], counts: Mapping[str, Ints]) -> Iterable[Finding]:
    """Tell which classes, or whether the whole test split, are too small for a useful measurement."""
    name = next((name for name in ("test", "valid") if name in counts), None)
    if name is None:
        return
    train, held = _training(classes, counts), counts[name]
    unmeasured = [label for label, n, seen in zip(classes, held, train, strict=True) if n == 0 < seen]
    if unmeasured:
        yield Finding(level="warning", text=f"no {name} sample, so not measurable: {_names(unmeasured)}")
    few = [(int(n), label) for label, n in zip(classes, held, strict=True) if 0 < n < MIN_MEASURABLE]
    if few:
        least = min(few)[0]
        yield Finding(
            level="warning",
            text=f"fewer than {MIN_MEASURABLE} {name} samples: {_names([label for _, label in few])}; "
            f"with {least} the recall of a class is known to ± {_half_width(least):.0%} only",
        )
    total = int(held.sum())
    if 0 < total < MIN_TEST:
        yield Finding(
            level="warning",
            text=f"{name} has {total} samples: its accuracy is known to ± {_half_width(total):.0%} only",
        )


def _looks(facts: Mapping[str, Any]) -> Iterable[Finding]:
    """Tell what the reader counted, where it is not the same for all pictures."""
    if facts.get("num_sizes", 0) > 1:
        common = facts["sizes"][0]
        text = f"{facts['num_sizes']:,} sizes, most often {common['width_px']} × {common['height_px']} px"
        if sides := facts.get("short_side_px"):
            text += f"; short side {sides['min']} to {sides['max']} px, median {sides['median']}"
        yield Finding(level="info", text=text)
    modes = facts.get("modes", {})
    if len(modes) > 1:
        ranked = sorted(modes.items(), key=lambda entry: -entry[1])
        told = ", ".join(f"{name} ({n:,})" for name, n in ranked[:_MAX_NAMES])
        yield Finding(level="info", text=f"{len(modes)} colour modes: {told}")
    if passed := facts.get("passed_over"):
        told = ", ".join(f"{what} ({n:,})" for what, n in passed.items())
        yield Finding(level="info", text=f"passed over: {told}")
    if num := facts.get("animated", 0):
        yield Finding(level="info", text=f"{num:,} animations or files of several pages: the first picture is used")
    if num := facts.get("turned", 0):
        yield Finding(level="info", text=f"{num:,} pictures were turned upright, as their EXIF orientation says")


def _training(classes: tuple[str, ...], counts: Mapping[str, Ints]) -> Ints:
    return counts["train"] if "train" in counts else next(iter(counts.values()), np.zeros(len(classes), np.int64))


def _half_width(n: int) -> float:
    """Return half the width of the interval around a share of about one half."""
    low, high = intervals.wilson(n // 2, n)
    return (high - low) / 2


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(map(repr, names[:_MAX_NAMES])) + more


def _shown(finding: Finding) -> str:
    ids = ", ".join(printable(name) for name in finding.ids[:3])
    more = ", …" if len(finding.ids) > 3 else ""
    return printable(finding.text) + (f" [{ids}{more}]" if ids else "")
