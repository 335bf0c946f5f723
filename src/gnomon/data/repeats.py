"""Samples with the very same content: inside a split, across splits, and under two labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Dataset, Label, NodeLabels, Series, Split, Table, Tags
from gnomon.data import duplicates, nouns
from gnomon.data.finding import MAX_IDS, Finding

Ints = npt.NDArray[np.int64]

NATURAL = 0.1
"""Up to this share of tagged sentences may recur, as short ones do in any language, and of rows of a table."""


def find(dataset: Dataset) -> tuple[dict[str, int], list[Finding]]:
    """Return counts of equal contents and the findings about them: inside a split, across, under two labels.

    Rows of a series are not looked at: equal ones are no mistake.
    """
    names = list(dataset.splits)
    parts = [dataset.splits[name] for name in names]
    if not parts or isinstance(dataset.spec.target, Series):
        return {}, []
    groups, sizes = duplicates.group(np.concatenate([part.hashes for part in parts]))
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    rows = np.flatnonzero(sizes[groups] > 1)
    # Only contents that occur twice matter from here on; there are few of them.
    rows = rows[np.argsort(groups[rows], kind="stable")]
    noun = nouns.of_samples(dataset.spec)
    table = _Repeats(names=names, parts=parts, rows=rows, groups=groups[rows], owner=owner[rows], noun=noun)
    inside, across = _inside(table), _across(table, natural=_natural(dataset))
    conflicts = _conflicts(table, dataset) if isinstance(dataset.spec.target, Label | Tags | NodeLabels) else []
    counts = {key: n for key, n, _ in [*inside, *across, *conflicts]}
    return counts, [finding for _, _, finding in [*across, *conflicts, *inside]]


def _natural(dataset: Dataset) -> float:
    return (
        NATURAL if isinstance(dataset.spec.target, Tags | NodeLabels) or isinstance(dataset.spec.input, Table) else 0.0
    )


@dataclass(frozen=True, kw_only=True)
class _Repeats:
    """The samples whose content occurs more than once, sorted by content; arrays of shape ``(repeated,)``."""

    names: list[str]
    parts: list[Split]
    rows: Ints
    groups: Ints
    owner: Ints
    noun: nouns.Noun
    """What samples are called."""

    def ids(self, which: Ints) -> list[str]:
        """Return the ids of some of the samples, given by their place in this table."""
        starts = np.cumsum([0, *map(len, self.parts)])
        return [str(self.parts[o].ids[self.rows[i] - starts[o]]) for i in which for o in [self.owner[i]]]

    def labels(self) -> Ints:
        """Return the label of each sample of this table, or a number that is the same for the same tags."""
        codes: dict[object, int] = {}
        starts = np.cumsum([0, *map(len, self.parts)])
        answers = (self.parts[o].targets[int(r - starts[o])] for o, r in zip(self.owner, self.rows, strict=True))
        return np.array([codes.setdefault(np.asarray(answer).tobytes(), len(codes)) for answer in answers], np.int64)


Found = tuple[str, int, Finding]


def _inside(table: _Repeats) -> list[Found]:
    found: list[Found] = []
    for o, name in enumerate(table.names):
        mine = np.flatnonzero(table.owner == o)
        is_copy = np.append(False, table.groups[mine][1:] == table.groups[mine][:-1])[: len(mine)]
        if num_copies := int(is_copy.sum()):
            told = f"1 {table.noun.one} in {name} is an exact copy"
            if num_copies > 1:
                told = f"{num_copies:,} {table.noun.many} in {name} are exact copies"
            ids = tuple(table.ids(mine[is_copy][:MAX_IDS]))
            found.append(
                (f"inside {name}", num_copies, Finding(level="info", text=f"{told} of another one there", ids=ids))
            )
    return found


def _across(table: _Repeats, *, natural: float) -> list[Found]:
    found: list[Found] = []
    for held, other in (("test", "train"), ("valid", "train"), ("test", "valid")):
        if held not in table.names or other not in table.names:
            continue
        here, there = table.names.index(held), table.names.index(other)
        in_other = np.isin(table.groups, table.groups[table.owner == there])
        shared = np.flatnonzero((table.owner == here) & in_other)
        if len(shared):
            share = len(shared) / len(table.parts[here])
            is_natural = share <= natural
            what = f"{len(shared):,} of the {held} {table.noun.many} ({share:.2%}) also lie in {other}"
            finding = Finding(
                level="info" if is_natural else "warning",
                text=what if is_natural else f"{what}: their score is too good",
                ids=tuple(table.ids(shared[:MAX_IDS])),
            )
            found.append((f"{held} in {other}", len(shared), finding))
    return found


def _conflicts(table: _Repeats, dataset: Dataset) -> list[Found]:
    if not len(table.rows):
        return []
    labels = table.labels()
    starts = np.flatnonzero(np.append(True, table.groups[1:] != table.groups[:-1]))
    low, high = np.minimum.reduceat(labels, starts), np.maximum.reduceat(labels, starts)
    contested = starts[low != high]
    if not len(contested):
        return []
    which = np.flatnonzero(np.isin(table.groups, table.groups[contested]))
    ids, many = tuple(table.ids(which[:MAX_IDS])), table.noun.many
    if isinstance(dataset.spec.input, Table):
        text = f"{len(which):,} {many} have equals with another label: nothing in the table tells them apart"
        finding = Finding(level="info", text=text, ids=ids)
    elif isinstance(dataset.spec.target, Tags | NodeLabels):
        what = "tags" if isinstance(dataset.spec.target, Tags) else "node labels"
        text = f"{len(contested):,} {many} occur with different {what} ({len(which):,} {many} in all)"
        finding = Finding(level="info", text=text, ids=ids)
    else:
        text = f"{len(contested):,} contents occur under two labels ({len(which):,} {many}): at least one is wrong"
        finding = Finding(level="warning", text=text, ids=ids, fix="look at them and mend the labels")
    return [("under two labels", len(contested), finding)]
