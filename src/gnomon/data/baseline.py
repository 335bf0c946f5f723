"""The linear model that a network has to beat: ridge regression on pixels, solved in closed form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.spec import Column, Split

MAX_FEATURES = 1024
MAX_ROWS = 20_000

_ROWS_AT_ONCE = 4096
_PENALTY = 0.01


def ridge(train: Split, inputs: Column, num_classes: int, *, seed: int) -> npt.NDArray[np.float32]:
    """Return scores ``(len(inputs), num_classes)`` of a ridge model fitted to one-hot labels on ``train``.

    At most ``MAX_ROWS`` training samples are used, drawn with ``seed``. Pixels are standardised with the mean
    and deviation of those rows; a pixel that never changes is zero everywhere. The bias is not penalised.

    Source: Hoerl and Kennard, "Ridge regression", Technometrics 12, 1970, equation 2.1.
    """
    rows = np.sort(seeds.order(seeds.key("ridge", seed), 0, len(train))[:MAX_ROWS])
    pixels = _flat(train.inputs, rows)
    mean = pixels.mean(axis=0)
    deviation = pixels.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1).astype(np.float32)
    pixels -= mean
    pixels /= scale
    targets = np.eye(num_classes, dtype=np.float32)[train.targets[rows]]
    bias = targets.mean(axis=0)
    gram = pixels.T @ pixels
    gram[np.diag_indices_from(gram)] += _PENALTY * len(rows)
    weights = np.linalg.solve(gram, pixels.T @ (targets - bias))
    parts = [
        (_flat(inputs, np.arange(start, min(start + _ROWS_AT_ONCE, len(inputs)))) - mean) / scale @ weights
        for start in range(0, len(inputs), _ROWS_AT_ONCE)
    ]
    scores: npt.NDArray[np.float32] = np.concatenate([np.zeros((0, num_classes), np.float32), *parts]) + bias
    return scores


def _flat(inputs: Column, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    return np.asarray(inputs[rows], dtype=np.float32).reshape(len(rows), -1)
