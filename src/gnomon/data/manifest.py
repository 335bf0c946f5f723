"""The data manifest, ``data.json``: what a run was trained on, and how to find the same splits again."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import ArtefactError, DataError, printable
from gnomon.core.spec import Dataset, Guess, Label, Spec, Split, spec_as_dict, spec_from_dict
from gnomon.data import duplicates
from gnomon.data.audit import Audit
from gnomon.data.split import ORIGINS, SPLITS, take, undo

SCHEMA = 1

_NUM_FIRST = 10
_NUM_NAMES = 5
_DIGEST_BYTES = 8
_MAX_IDS_BYTES = 1 << 30


def data_json(dataset: Dataset, audit: Audit) -> dict[str, Any]:
    """Return the manifest of a dataset that has its final splits.

    ``samples`` holds the ids and half of the content digest of every sample, packed, so that a resumed run can
    name what was added, edited or removed.
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
        "samples": {name: _packed(part) for name, part in dataset.splits.items()},
    }


def restore(dataset: Dataset, stored: Mapping[str, Any], *, accept_changed: bool = False) -> Dataset:
    """Return a freshly read ``dataset`` with the very splits that the manifest ``stored`` describes.

    It does not matter whether ``dataset`` was already split anew: what was drawn then is put back first.
    Where the data changed, raises ``DataError`` naming what was added, edited or removed. With ``accept_changed``
    known samples stay where they were, new ones are for training (or lie where an equal content lies), and a
    `Guess` says so. Raises ``DataError`` anyway where the classes or the size of the input changed, and
    ``ArtefactError`` where ``stored`` is no manifest of this version.
    """
    try:
        if stored["schema"] != SCHEMA:
            raise ArtefactError(f"data.json has schema {stored['schema']!r}, not {SCHEMA}", fix="update Gnomon")
        dataset = undo(dataset)
        _require_same_spec(dataset, stored)
        _require_parents(dataset, stored)
        if dataset.fingerprint != stored["fingerprint"]:
            changes = _changes(dataset, stored)
            if changes.any and not accept_changed:
                raise DataError(
                    f"the data changed since this run began\n{changes.text(_NUM_NAMES)}",
                    fix="put the data back as it was, or go on with --accept-changed-data",
                    path=dataset.source,
                )
            if changes.any:
                return _adapted(dataset, stored, changes)
        return _rebuilt(dataset, stored)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, zlib.error, binascii.Error) as error:
        raise ArtefactError(
            f"data.json is not a manifest that Gnomon wrote: {type(error).__name__} {error}",
            fix="restore the file from a copy, or start a new run",
        ) from error


@dataclass(frozen=True, kw_only=True)
class _Changes:
    added: list[str]
    edited: list[str]
    removed: list[str]
    reordered: bool

    @property
    def any(self) -> bool:
        return bool(self.added or self.edited or self.removed or self.reordered)

    def text(self, num_names: int) -> str:
        """Return one line for each kind of change, naming some samples of each."""
        lines = []
        for what in ("added", "edited", "removed"):
            if names := getattr(self, what):
                shown = ", ".join(printable(name) for name in sorted(names)[:num_names])
                lines.append(f"  {len(names):,} {what}: {shown}{', …' if len(names) > num_names else ''}")
        if not lines:
            lines.append("  the same samples come in another order")
        return "\n".join(lines)


def _split(dataset: Dataset, name: str) -> dict[str, Any]:
    part = dataset.splits[name]
    origin = dataset.facts.get(ORIGINS, {}).get(name, {"made_by": "data", "indices_of": None})
    classes = dataset.spec.target.classes if isinstance(dataset.spec.target, Label) else ()
    counts = np.bincount(part.targets, minlength=len(classes))
    entry = {"num_samples": len(part), "counts": counts.tolist(), **origin}
    if origin["made_by"] == "gnomon":
        entry["indices"] = part.inputs.indices.tolist()  # type: ignore[attr-defined]
    return entry


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
    if now.target != then.target:
        before, after = _classes(then), _classes(now)
        new, gone = sorted(after - before)[:_NUM_NAMES], sorted(before - after)[:_NUM_NAMES]
        what = f"the classes changed since this run began (new: {new}, gone: {gone})"
    elif now.input != then.input:
        what = f"the input is now {now.input}, but this run was trained on {then.input}"
    else:
        return
    raise DataError(what, fix="put the data back as it was, or start a new run", path=dataset.source)


def _classes(spec: Spec) -> set[str]:
    return set(spec.target.classes) if isinstance(spec.target, Label) else set()


def _require_parents(dataset: Dataset, stored: Mapping[str, Any]) -> None:
    for name, entry in stored["splits"].items():
        if _parent(name, entry) not in dataset.splits:
            raise DataError(
                f"the split {_parent(name, entry)} is gone, on which this run relies",
                fix="put the data back as it was, or start a new run",
                path=dataset.source,
            )


def _changes(dataset: Dataset, stored: Mapping[str, Any]) -> _Changes:
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
    return _Changes(added=added, edited=edited, removed=removed, reordered=reordered)


def _same_order(ids: Sequence[str], entry: Mapping[str, Any], part: Split) -> bool:
    indices = np.array(entry.get("indices", range(len(part))), dtype=np.int64)
    if len(indices) != len(ids) or (len(indices) and indices.max() >= len(part)):
        return False
    return [str(name) for name in part.ids[indices]] == list(ids)


def _rebuilt(dataset: Dataset, stored: Mapping[str, Any]) -> Dataset:
    splits = {}
    for name, entry in stored["splits"].items():
        parent = dataset.splits[_parent(name, entry)]
        if entry["made_by"] != "gnomon":
            splits[name] = parent
            continue
        indices = np.array(entry["indices"], dtype=np.int64)
        if len(indices) and (indices[0] < 0 or indices[-1] >= len(parent) or (np.diff(indices) <= 0).any()):
            raise ValueError(f"the indices of {name} do not fit the data")
        splits[name] = take(parent, indices)
    return _with(dataset, splits, stored)


def _adapted(dataset: Dataset, stored: Mapping[str, Any], changes: _Changes) -> Dataset:
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
    guess = Guess(
        what="; ".join(line.strip() for line in changes.text(0).replace(": , …", "").splitlines()),
        why="the data changed since this run began, and it goes on with them",
        flag="--accept-changed-data",
    )
    restored = _with(dataset, {name: splits[name] for name in stored["splits"]}, stored)
    return replace(restored, guesses=(*restored.guesses, guess))


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
