"""Which sample goes to which split: by class, by seed, and with equal contents on one side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.errors import DataError
from gnomon.data import duplicates

Ints = npt.NDArray[np.int64]

_FEW = 3
"""Fewer samples than this say nothing about their labels."""
_SHOWN = 24


def assign(targets: Ints, hashes: npt.NDArray[np.void], shares: tuple[float, ...], seed: int) -> Ints:
    """Return for each sample the number of its part, ``(n,)``; part ``s`` gets ``shares[s]`` of every class.

    Stratified by largest remainders, where what a class rounds away is owed to the next class, so that the totals
    fit too. Samples of equal ``hashes`` share a part. The first part is the training set: it has at least one
    sample of every class, and the only one of a class that has no other.
    """
    groups, sizes = duplicates.group(hashes)
    needs = _quotas(np.bincount(targets), np.array(shares))
    parts = np.full(len(targets), -1, np.int64)
    generator = np.random.default_rng(seeds.key("split", seed))
    _place_groups(parts, targets, groups, sizes, needs, generator)
    singles = generator.permutation(np.flatnonzero(parts < 0))
    singles = singles[np.argsort(targets[singles], kind="stable")]
    labels = targets[singles]
    place = np.arange(len(labels)) - np.searchsorted(labels, labels)
    bounds = np.cumsum(_settled(needs), axis=1)
    parts[singles] = (place[:, None] >= bounds[labels, :-1]).sum(axis=1)
    return parts


def are_distinct(counts: Ints) -> bool:
    """Tell whether no class has a second sample, by the samples of each class ``(classes,)``."""
    return int(counts.sum()) >= _FEW and int(counts.max()) <= 1


def distinct_labels(num_samples: int, many: str, classes: tuple[str, ...], path: str | None = None) -> DataError:
    """Return the error for data where no two samples, which are called ``many``, have the same label."""
    shown = ", ".join(repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "…") for name in classes[:2])
    return DataError(
        f"each of the {num_samples:,} {many} has a label of its own ({shown}, …): that looks like free text or an id, "
        "not like classes",
        fix="name another column with --target",
        path=path,
    )


def _quotas(counts: Ints, shares: npt.NDArray[np.float64]) -> Ints:
    """Return how many samples of each class each part gets, ``(classes, parts)``; rows sum to ``counts``."""
    wishes = counts[:, None] * shares
    quotas = np.floor(wishes + 1e-9).astype(np.int64)
    left = counts - quotas.sum(axis=1)
    owed = np.zeros(len(shares))
    for k in np.flatnonzero(counts > 1):
        want = wishes[k] - quotas[k]
        order = np.argsort(np.where(want > 1e-9, -(want + owed), np.inf), kind="stable")
        quotas[k, order[: left[k]]] += 1
        owed += wishes[k] - quotas[k]
        if quotas[k, 0] == 0:
            quotas[k, quotas[k].argmax()] -= 1
            quotas[k, 0] = 1
    alone = counts == 1
    quotas[alone] = 0
    quotas[alone, 0] = 1
    return quotas


def _place_groups(
    parts: Ints,
    targets: Ints,
    groups: Ints,
    sizes: Ints,
    needs: Ints,
    generator: np.random.Generator,
) -> None:
    """Put each group of equal contents into one part, the largest first, and subtract it from ``needs``.

    The part is drawn by what the group's class still needs, among the parts with room for all of it; where none has,
    the neediest takes it. So no part ends a whole group away from its quota.
    """
    repeated = np.flatnonzero(sizes[groups] > 1)
    if not len(repeated):
        return
    shuffled = generator.permutation(repeated)
    order = shuffled[np.lexsort((groups[shuffled], -sizes[groups[shuffled]]))]
    starts = np.flatnonzero(np.append(True, groups[order][1:] != groups[order][:-1]))
    ends = np.append(starts[1:], len(order))
    labels, left = targets[order].tolist(), needs.tolist()
    counts = needs.sum(axis=1).tolist()
    chosen = []
    # Plain numbers: thousands of tiny arrays would take ten times as long.
    for start, end, draw in zip(starts.tolist(), ends.tolist(), generator.random(len(starts)).tolist(), strict=True):
        is_whole_class = end - start >= counts[labels[start]]
        part = 0 if is_whole_class else _choose(left[labels[start]], end - start, draw)
        chosen.append(part)
        for label in labels[start:end]:
            left[label][part] -= 1
    parts[order] = np.repeat(chosen, ends - starts)
    needs[:] = left


def _choose(need: list[int], size: int, draw: float) -> int:
    roomy = [n if n >= size else 0 for n in need]
    if not any(roomy):
        return need.index(max(need))
    place = draw * sum(roomy)
    for part, room in enumerate(roomy):
        place -= room
        if place < 0:
            return part
    return roomy.index(max(roomy))


def _settled(needs: Ints) -> Ints:
    """Return ``needs`` without negative ones, where groups took too much: others give, the neediest first."""
    settled = np.maximum(needs, 0)
    excess = settled.sum(axis=1) - needs.sum(axis=1)
    for k in np.flatnonzero(excess):
        for _ in range(excess[k]):
            settled[k, settled[k].argmax()] -= 1
    return settled
