"""Whether the order of children means something: trees that differ in nothing but it tell, by their labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_MIX = np.uint64(0x9E3779B97F4A7C15)
_FEW_PAIRS = 20
_CHANCE = 1e-6
"""Chance at which trees with labels at random would agree so often, below which it is no chance."""


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Pairs of trees that differ in nothing but the order of children, and how many of them have one label."""

    pairs: int
    agreeing: int
    by_chance: float
    """Share of all pairs of trees, whatever they are, that have one label."""

    @property
    def order_is_moot(self) -> bool:
        """Whether all agree, and are too many for that to be chance."""
        return self.pairs >= _FEW_PAIRS and self.agreeing == self.pairs and self.by_chance**self.pairs < _CHANCE


def alike(parents: Ints, heights: Ints, places: Ints, codes: npt.NDArray[np.integer], labels: Ints) -> Alike:
    """Return what the labels of trees, int64 ``(trees,)``, say of the order of children.

    The nodes of all trees lie one after the other: ``parents`` are places there, -1 at roots, ``codes`` name the
    symbols; all are ``(nodes,)``. A tree is paired with the one before it among those with its nodes, so that ``n``
    orders of the same nodes are ``n - 1`` pairs.
    """
    shares = np.bincount(labels) / max(1, len(labels))
    unordered = _hashes(parents, heights, codes.astype(np.uint64), np.zeros(len(parents), np.uint64))
    ordered = _hashes(parents, heights, codes.astype(np.uint64), places.astype(np.uint64))
    roots = parents < 0
    keys = np.stack([unordered[roots], ordered[roots]], axis=1)
    _, first = np.unique(keys, axis=0, return_index=True)
    groups, found = keys[first, 0], labels[first]
    order = np.lexsort((found, groups))
    same = groups[order][1:] == groups[order][:-1]
    agree = found[order][1:] == found[order][:-1]
    return Alike(pairs=int(same.sum()), agreeing=int((same & agree).sum()), by_chance=float((shares**2).sum()))


def _hashes(parents: Ints, heights: Ints, codes: Hashes, places: Hashes) -> Hashes:
    """Return a number for what is at and below each node, ``(nodes,)``; children count with their ``places``."""
    found = _mixed(codes + np.uint64(1))
    below = np.flatnonzero(parents >= 0)
    below = below[np.argsort(heights[parents[below]], kind="stable")]
    cuts = np.flatnonzero(np.diff(heights[parents[below]])) + 1
    for level in np.split(below, cuts):
        np.add.at(found, parents[level], _mixed(found[level] + _MIX * places[level]))
        above = np.unique(parents[level])
        found[above] = _mixed(found[above])
    return found


def _mixed(values: Hashes) -> Hashes:
    """Return numbers all of whose bits depend on all bits; products wrap around."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = values ^ (values >> np.uint64(31))
    return mixed
