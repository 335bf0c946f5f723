"""Which samples hold the very same content."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def group(hashes: npt.NDArray[np.void]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the group of each sample, ``(n,)``, and the size of each group, ``(groups,)``.

    ``hashes`` are 16-byte digests ``(n,)``; samples of equal digests share a group. Groups are numbered by the
    order of their digests.
    """
    if len(hashes) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    words = np.ascontiguousarray(hashes).view(np.uint64).reshape(len(hashes), 2)
    order = np.lexsort((words[:, 1], words[:, 0]))
    ranked = words[order]
    is_new = np.append(False, (ranked[1:] != ranked[:-1]).any(axis=1))
    groups = np.empty(len(hashes), np.int64)
    groups[order] = np.cumsum(is_new)
    return groups, np.bincount(groups)
