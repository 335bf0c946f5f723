"""The data manifest, ``data.json``: what a run was trained on, and how to find the same splits again."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import ArtefactError, DataError
from gnomon.core.spec import (
    Dataset,
    Guess,
    Label,
    Leaf,
    NodeLabels,
    Number,
    Series,
    Spec,
    Split,
    Table,
    Tags,
    spec_as_dict,
    spec_from_dict,
)
from gnomon.data import counting, duplicates, nouns, ordered, traces
from gnomon.data.audit import Audit
from gnomon.data.changes import NUM_NAMES, Changes
from gnomon.data.split import ORIGINS, SPLITS, take, undo

SCHEMA = 1

_NUM_FIRST = 10
_MAX_IDS_BYTES = 1 << 30


def data_json(dataset: Dataset, audit: Audit) -> dict[str, Any]:
    """Return the manifest of a dataset that has its final splits.

    ``samples`` holds the ids and half of the content digest of every sample, packed, so that a resumed run can
    name what was added, edited or removed; of data cut in order, the `traces.trace` of what was cut.
    """
    return {
        "schema": SCHEMA,
        "name": dataset.name,
        "source": dataset.source,
        "reader": dataset.reader,
        "fingerprint": dataset.fingerprint,
        "spec": spec_as_dict(dataset.spec),
        "splits": {name: _split(dataset, name) for name in dataset.splits},
        "guesses": [asdict(guess) for guess in dataset.guesses],
        "skipped": {
            "count": len(dataset.skipped),
            "first": [asdict(entry) for entry in dataset.skipped[:_NUM_FIRST]],
        },
        "facts": {key: value for key, value in dataset.facts.items() if key != ORIGINS},
        "audit": audit.as_dict(),
        "samples": _samples(dataset),
    }


def restore(dataset: Dataset, stored: Mapping[str, Any], *, accept_changed: bool = False) -> Dataset:
    """Return a freshly read ``dataset`` with the very splits that the manifest ``stored`` describes.

    It does not matter whether ``dataset`` was already split anew: what was drawn then is put back first.
    Where the data changed, raises ``DataError`` naming what was added, edited or removed. With ``accept_changed``
    known samples stay where they were, new ones are for training (or lie where an equal content lies), and a
    `Guess` says so. Data cut in order may only have grown at their end, which is then left out, or have been edited
    without moving anything. Raises ``DataError`` anyway where ranges of it mean something else now, where the classes
    or the form of the input changed, and ``ArtefactError`` where ``stored`` is no manifest of this version.
    """
    try:
        if stored["schema"] != SCHEMA:
            raise ArtefactError(f"data.json has schema {stored['schema']!r}, not {SCHEMA}", fix="update Gnomon")
        dataset = undo(dataset)
        _require_same_spec(dataset, stored)
        _require_parents(dataset, stored)
        if dataset.fingerprint == stored["fingerprint"]:
            return _rebuilt(dataset, stored)
        if (unit := ordered.unit_of(dataset.spec)) is not None:
            return _moved_on(dataset, stored, unit, accept_changed=accept_changed)
        changes = _changes(dataset, stored)
        if not changes.any:
            return _rebuilt(dataset, stored)
        if not accept_changed:
            raise _changed(dataset, changes.lines(nouns.of_samples(dataset.spec).many))
        return _adapted(dataset, stored, changes)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, zlib.error, binascii.Error) as error:
        raise ArtefactError(
            f"data.json is not a manifest that Gnomon wrote: {type(error).__name__} {error}",
            fix="restore the file from a copy, or start a new run",
        ) from error


def _split(dataset: Dataset, name: str) -> dict[str, Any]:
    part = dataset.splits[name]
    origin = dataset.facts.get(ORIGINS, {}).get(name, {"made_by": "data", "indices_of": None})
    entry = {"num_samples": len(part), **_counts(dataset.spec, part), **origin}
    if origin["made_by"] != "gnomon":
        return entry
    if ordered.unit_of(dataset.spec) is None:
        return {**entry, "indices": part.inputs.indices.tolist()}  # type: ignore[attr-defined]
    return {**entry, "range": list(ordered.limits(part))}


def _counts(spec: Spec, part: Split) -> dict[str, Any]:
    """Return how many samples or tokens each class has, or how many characters or rows there are."""
    if (unit := ordered.unit_of(spec)) is not None:
        return {"unit": unit, "size": ordered.Tape(part, unit).size}
    counts = {"counts": counting.per_class(spec, part).tolist()}
    if isinstance(spec.target, Tags | NodeLabels):
        unit = "tokens" if isinstance(spec.target, Tags) else "nodes"
        return {**counts, "unit": unit, "size": len(part.targets.values)}
    return counts


def _samples(dataset: Dataset) -> dict[str, Any]:
    """Return what each split was; where it was cut in order, what the whole was, under the whole's name."""
    unit = ordered.unit_of(dataset.spec)
    if unit is None:
        return {name: _packed(part) for name, part in dataset.splits.items()}
    return {name: traces.trace(part, unit) for name, part in undo(dataset).splits.items()}


def _packed(part: Split) -> dict[str, str]:
    ids = json.dumps(_ids(part)).encode()
    digests = _digests(part.hashes).tobytes()
    return {
        "ids": base64.b64encode(zlib.compress(ids, 1)).decode(),
        "digests": base64.b64encode(digests).decode(),
    }


def _unpacked(entry: Mapping[str, str]) -> tuple[list[str], npt.NDArray[np.uint64]]:
    inflate = zlib.decompressobj()
    text = inflate.decompress(base64.b64decode(entry["ids"], validate=True), _MAX_IDS_BYTES)
    ids = json.loads(text)
    digests = np.frombuffer(base64.b64decode(entry["digests"], validate=True), dtype="<u8")
    if len(ids) != len(digests):
        raise ValueError(f"{len(ids)} ids with {len(digests)} digests")
    return ids, digests


def _ids(part: Split) -> list[str]:
    return [str(name) for name in part.ids[np.arange(len(part))]]


def _digests(hashes: npt.NDArray[np.void]) -> npt.NDArray[np.uint64]:
    words = np.ascontiguousarray(hashes).view("<u8").reshape(len(hashes), -1)
    return np.ascontiguousarray(words[:, 0])


def _parent(name: str, entry: Mapping[str, Any]) -> str:
    """Return the name that a split's samples have in the data as they are read."""
    return entry["indices_of"] or name


def _require_same_spec(dataset: Dataset, stored: Mapping[str, Any]) -> None:
    now, then = dataset.spec, spec_from_dict(stored["spec"])
    if type(now.target) is not type(then.target):
        what = f"the target is now {type(now.target).__name__}, but this run learned {type(then.target).__name__}"
    elif _names(now.target) != _names(then.target):
        what = _other_names(now.target, then.target)
    elif _names(now.input) != _names(then.input):
        what = _other_names(now.input, then.input)
    elif _form(now.input) != _form(then.input):
        what = f"the input is now {now.input}, but this run was trained on {then.input}"
    else:
        return
    raise DataError(what, fix="put the data back as it was, or start a new run", path=dataset.source)


def _other_names(now: Leaf, then: Leaf) -> str:
    kind = {Tags: "tags", Series: "channels", Table: "columns", Number: "targets"}.get(type(now), "classes")
    before, after = set(_names(then)), set(_names(now))
    if before == after:
        return f"the {kind} come in another order than when this run began"
    new, gone = sorted(after - before)[:NUM_NAMES], sorted(before - after)[:NUM_NAMES]
    return f"the {kind} changed since this run began (new: {new}, gone: {gone})"


def _names(leaf: Leaf) -> tuple[str, ...]:
    if isinstance(leaf, Label | Tags | NodeLabels):
        return leaf.classes
    if isinstance(leaf, Table):
        return tuple(column.name for column in leaf.columns)
    if isinstance(leaf, Number):
        return (leaf.name,)
    return leaf.names if isinstance(leaf, Series) else ()


def _form(leaf: Leaf) -> Leaf:
    """Return what must be the same of a leaf; what is measured on a series is not."""
    if isinstance(leaf, Number | Table):  # what a column is taken for is fixed by what was prepared
        return Number(name=leaf.name) if isinstance(leaf, Number) else Table(columns=())
    return Series(names=leaf.names, length=leaf.length) if isinstance(leaf, Series) else leaf


def _require_parents(dataset: Dataset, stored: Mapping[str, Any]) -> None:
    for name, entry in stored["splits"].items():
        if _parent(name, entry) not in dataset.splits:
            raise DataError(
                f"the split {_parent(name, entry)} is gone, on which this run relies",
                fix="put the data back as it was, or start a new run",
                path=dataset.source,
            )


def _changed(dataset: Dataset, lines: Iterable[str]) -> DataError:
    return DataError(
        "\n".join(["the data changed since this run began", *(f"  {line}" for line in lines)]),
        fix="put the data back as it was, or go on with --accept-changed-data",
        path=dataset.source,
    )


def _moved_on(dataset: Dataset, stored: Mapping[str, Any], unit: ordered.Unit, *, accept_changed: bool) -> Dataset:
    """Return data in order with the ranges that they had, where what changed leaves them their meaning."""
    parents = {_parent(name, entry): entry["made_by"] == "gnomon" for name, entry in stored["splits"].items()}
    lines: list[str] = []
    left_out: list[str] = []
    are_lost = False
    for name, is_cut in parents.items():
        found = traces.compare(dataset.splits[name], unit, stored["samples"][name])
        if found is None:
            continue
        lines += [line if len(parents) == 1 else f"{name}: {line}" for line in found.lines]
        are_lost |= is_cut and not found.keeps_ranges
        if is_cut and found.grown_by:
            left_out.append(f"{found.grown_by:,} {unit} after the old end of {name} are left out")
    if not lines:
        return _rebuilt(dataset, stored)
    if are_lost:
        raise DataError(
            "the data changed since this run began, and what was held out of them in order would now lie elsewhere\n"
            + "\n".join(f"  {line}" for line in lines),
            fix="put the data back as it was, or start a new run",
            path=dataset.source,
        )
    if not accept_changed:
        raise _changed(dataset, lines)
    return _accepted(_rebuilt(dataset, stored), lines + left_out)


def _accepted(dataset: Dataset, lines: Iterable[str]) -> Dataset:
    guess = Guess(
        what="; ".join(lines),
        why="the data changed since this run began, and it goes on with them",
        flag="--accept-changed-data",
    )
    return replace(dataset, guesses=(*dataset.guesses, guess))


def _changes(dataset: Dataset, stored: Mapping[str, Any]) -> Changes:
    added: list[str] = []
    edited: list[str] = []
    removed: list[str] = []
    reordered = False
    for parent in {_parent(name, entry) for name, entry in stored["splits"].items()}:
        part = dataset.splits[parent]
        now = dict(zip(_ids(part), _digests(part.hashes).tolist(), strict=True))
        then: dict[str, int] = {}
        for name, entry in stored["splits"].items():
            if _parent(name, entry) == parent:
                ids, digests = _unpacked(stored["samples"][name])
                then |= dict(zip(ids, digests.tolist(), strict=True))
                reordered |= not _same_order(ids, entry, part)
        added += now.keys() - then.keys()
        removed += then.keys() - now.keys()
        edited += [name for name in now.keys() & then.keys() if now[name] != then[name]]
    return Changes(added=added, edited=edited, removed=removed, reordered=reordered)


def _same_order(ids: Sequence[str], entry: Mapping[str, Any], part: Split) -> bool:
    indices = np.array(entry.get("indices", range(len(part))), dtype=np.int64)
    if len(indices) != len(ids) or (len(indices) and indices.max() >= len(part)):
        return False
    return [str(name) for name in part.ids[indices]] == list(ids)


def _rebuilt(dataset: Dataset, stored: Mapping[str, Any]) -> Dataset:
    splits, tapes = {}, _tapes(dataset, stored)
    for name, entry in stored["splits"].items():
        parent = dataset.splits[_parent(name, entry)]
        if entry["made_by"] != "gnomon":
            splits[name] = parent
            continue
        if "range" in entry:
            start, stop = map(index, entry["range"])
            splits[name] = tapes[_parent(name, entry)].cut(start, stop)
            continue
        indices = np.array(entry["indices"], dtype=np.int64)
        if len(indices) and (indices[0] < 0 or indices[-1] >= len(parent) or (np.diff(indices) <= 0).any()):
            raise ValueError(f"the indices of {name} do not fit the data")
        splits[name] = take(parent, indices)
    return _with(dataset, splits, stored)


def _tapes(dataset: Dataset, stored: Mapping[str, Any]) -> dict[str, ordered.Tape]:
    """Return what is cut in order, by name."""
    unit = ordered.unit_of(dataset.spec)
    if unit is None:
        return {}
    parents = {entry["indices_of"] for entry in stored["splits"].values() if entry["made_by"] == "gnomon"}
    return {name: ordered.Tape(dataset.splits[name], unit) for name in parents}


def _adapted(dataset: Dataset, stored: Mapping[str, Any], changes: Changes) -> Dataset:
    """Give known samples of the changed data their old split, new ones to train, and keep equal contents together."""
    splits = {}
    made: dict[str, list[str]] = {}
    for name, entry in stored["splits"].items():
        if entry["made_by"] == "gnomon":
            made.setdefault(_parent(name, entry), []).append(name)
        else:
            splits[name] = dataset.splits[_parent(name, entry)]
    for parent, names in made.items():
        part = dataset.splits[parent]
        known = {i: SPLITS.index(name) for name in names for i in _unpacked(stored["samples"][name])[0]}
        places = np.array([known.get(i, 0) for i in _ids(part)], dtype=np.int64)
        groups, sizes = duplicates.group(part.hashes)
        last = np.zeros(len(sizes), np.int64)
        np.maximum.at(last, groups, places)
        for name in names:
            splits[name] = take(part, np.flatnonzero(last[groups] == SPLITS.index(name)))
    restored = _with(dataset, {name: splits[name] for name in stored["splits"]}, stored)
    return _accepted(restored, changes.lines(nouns.of_samples(dataset.spec).many, named=False))


def _with(dataset: Dataset, splits: dict[str, Split], stored: Mapping[str, Any]) -> Dataset:
    origins = {
        name: {"made_by": entry["made_by"], "indices_of": entry["indices_of"]}
        for name, entry in stored["splits"].items()
    }
    return replace(
        dataset,
        splits=splits,
        guesses=tuple(Guess(**guess) for guess in stored["guesses"]),
        facts={**dataset.facts, ORIGINS: origins},
    )
