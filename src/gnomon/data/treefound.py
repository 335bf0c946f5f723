"""From trees that a reader found to a data set: what is left out, what is counted, what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import Worked
from gnomon.core.spec import Dataset, Guess, Label, NodeLabels, Number, Skipped, Spec, Split, Trees
from gnomon.data import pictures, trees
from gnomon.data.ragged import Items, Ragged, digests
from gnomon.data.reading import Reading
from gnomon.data.trees import Tree

SPLITS = ("train", "valid", "test", "all")
_EVERY = 1000

Target = Label | NodeLabels | Number


@dataclass(frozen=True, kw_only=True)
class Part:
    """One split as it was read. ``targets`` are ``(num_trees,)``, or a `Ragged` of a class for each node or -1."""

    split: str
    ids: Sequence[str]
    trees: Sequence[Tree]
    targets: npt.NDArray[Any] | Ragged


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that a reader of trees found."""

    reader: str
    path: Path
    target: Target
    parts: Sequence[Part]
    ordered: bool = True
    guesses: tuple[Guess, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def dataset(found: Found, config: DataConfig) -> Dataset:
    """Return the data set of some trees.

    Raises ``DataError`` where nothing is left, or more than ``config.max_bad`` of the trees cannot be used.
    """
    parts = [part for part in found.parts if len(part.trees)]
    _refuse_bad(found, sum(len(part.trees) for part in parts), config)
    if not parts:
        raise DataError("holds no tree", fix="give a file with trees in it", path=found.path)
    splits = {part.split: _split(part) for part in parts}
    return Dataset(
        name=found.path.resolve().name.partition(".")[0],
        source=str(found.path),
        reader=found.reader,
        spec=Spec(input=Trees(ordered=found.ordered), target=found.target),
        splits=splits,
        fingerprint=_fingerprint(splits, found.target),
        guesses=found.guesses,
        skipped=found.skipped,
        facts={**measured([tree for part in parts for tree in part.trees]), **found.facts},
    )


def measured(found: Sequence[Tree]) -> dict[str, Any]:
    """Return counts over some trees: their nodes, heights, children and different symbols."""
    nodes = np.array([len(tree) for tree in found], np.int64)
    roots = np.array([trees.heights(tree.parents)[-1] for tree in found], np.int64)
    widest = max(int(trees.arities(tree.parents).max()) for tree in found)
    return {
        "num_trees": len(found),
        "num_nodes": int(nodes.sum()),
        "num_symbols": len(set().union(*(tree.symbols for tree in found)) - {""}),
        "most_children": widest,
        "nodes": _quartiles(nodes),
        "height": _quartiles(roots),
    }


def tick(reading: Reading, done: int, total: int) -> None:
    """Tell of progress now and then, and stop where a signal asked to. Raises ``StoppedError``."""
    if done % _EVERY == 0:
        if reading.should_stop():
            raise StoppedError("stopped while trees were being read", fix="give the same command again")
        if done:
            reading.emit(Worked(what="reading trees", done=done, total=total, unit="trees"))


def of_nodes(labels: Sequence[Sequence[str | None]], index: Mapping[str, int]) -> Ragged:
    """Return a class for each node of some trees; -1 where it has no label, or one that ``index`` lacks."""
    arrays = [np.array([index.get(label, -1) if label else -1 for label in one], np.int64) for one in labels]
    return Ragged.of(arrays, like=np.zeros(0, np.int64))


def chosen(targets: Ragged, places: Sequence[int]) -> Ragged:
    """Return the targets at some places."""
    return Ragged.of([targets[place] for place in places], like=np.zeros(0, np.int64))


def _quartiles(values: npt.NDArray[np.int64]) -> dict[str, int | float]:
    low, middle, high, top = np.percentile(values, [0, 50, 95, 100]).astype(int).tolist()
    return {"min": low, "median": middle, "mean": round(float(values.mean()), 1), "p95": high, "max": top}


def _split(part: Part) -> Split:
    return Split(
        inputs=Items(part.trees),
        targets=part.targets,
        ids=Items(part.ids),
        hashes=digests(tree.content for tree in part.trees),
    )


def _fingerprint(splits: Mapping[str, Split], target: Target) -> str:
    digest = hashlib.blake2b(repr(target).encode("utf-8", "surrogatepass"), digest_size=16)
    for name, split in splits.items():
        digest.update(name.encode() + split.hashes.tobytes())
        values = split.targets.values if isinstance(split.targets, Ragged) else split.targets
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _refuse_bad(found: Found, num_good: int, config: DataConfig) -> None:
    num_bad = len(found.skipped)
    total = num_bad + num_good
    if num_bad <= config.max_bad * total:
        return
    share = num_bad / total
    raise DataError(
        f"{num_bad:,} of {total:,} trees cannot be used ({share:.1%}, the limit is {config.max_bad:.1%}):\n"
        + pictures.listed(found.skipped[: pictures.SHOWN_BAD]),
        fix=f"mend or remove them, or accept them with --max-bad {min(1.0, (int(share * 100) + 1) / 100)}",
        path=found.path,
    )
