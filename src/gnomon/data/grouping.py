"""Splits in which groups stay whole: all recordings of a speaker, all rows of a patient, on one side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.errors import DataError
from gnomon.data import duplicates

Ints = npt.NDArray[np.int64]


def assign(groups: Ints, hashes: npt.NDArray[np.void], shares: tuple[float, ...], seed: int) -> Ints:
    """Return for each sample the number of its part, ``(n,)``; all of a group, ``(n,)``, have the same.

    Groups that hold the same content (equal ``hashes``) count as one. In a seeded order each group goes to the part
    that lacks most of its share, the largest first where they differ much, so that every part with a share gets one.
    Raises ``DataError`` where there are fewer groups than parts with a share.
    """
    joined = _joined(groups, hashes)
    sizes = np.bincount(joined)
    wanted = [part for part, share in enumerate(shares) if share > 0]
    if len(sizes) < len(wanted):
        raise DataError(
            f"{len(sizes)} groups cannot be held apart in {len(wanted)} splits",
            fix="leave --group out, or give separate data with --valid PATH --test PATH",
        )
    order = np.random.default_rng(seeds.key("groups", seed)).permutation(len(sizes))
    order = order[np.argsort(-np.floor(np.log2(sizes[order])), kind="stable")]
    part_of = np.zeros(len(sizes), np.int64)
    lacks = np.array([shares[part] * sizes.sum() for part in wanted], np.float64)
    empty = np.ones(len(wanted), bool)
    for place, group in enumerate(order.tolist()):
        candidates = lacks.copy()
        if len(order) - place <= empty.sum():  # the groups that are left are needed for the parts without any
            candidates[~empty] = -np.inf
        chosen = int(candidates.argmax())
        part_of[group] = wanted[chosen]
        lacks[chosen] -= sizes[group]
        empty[chosen] = False
    return part_of[joined]


def _joined(groups: Ints, hashes: npt.NDArray[np.void]) -> Ints:
    """Return groups numbered from 0, those that share a content as one."""
    names, numbers = np.unique(groups, return_inverse=True)
    parent = np.arange(len(names))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = int(parent[number])
        return number

    contents, sizes = duplicates.group(hashes)
    repeated = np.flatnonzero(sizes[contents] > 1)
    first: dict[int, int] = {}
    for place in repeated.tolist():
        known = first.setdefault(int(contents[place]), int(numbers[place]))
        parent[root(int(numbers[place]))] = root(known)
    roots = np.array([root(number) for number in range(len(names))], np.int64)
    found: Ints = np.unique(roots, return_inverse=True)[1][numbers].astype(np.int64)
    return found
