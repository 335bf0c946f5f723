"""How good drawn samples are: whether each could be real, whether all that is real is among them, how far both lie.

Everything is measured between two sets of feature vectors. Where the features come from is said by whoever gives them:
the customary numbers use one network trained on ImageNet, so that numbers of other features compare among themselves
only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.errors import DataError, DivergedError
from gnomon.core.spec import Score

Floats = npt.NDArray[np.floating]

NEIGHBOURS = 3
"""The ball around a vector reaches to its third nearest neighbour, as in the paper."""
LEAST = 50
"""Fewer vectors than this on either side say nothing."""
_BLOCKS = 10
_AT_ONCE = 1024


def fidelity(real: Floats, drawn: Floats, other: Floats | None = None) -> dict[str, Score]:
    """Return precision, recall and Fréchet distance of ``drawn (n, features)`` against ``real (m, features)``.

    ``other (k, features)``, where given, are further real samples: their distance to ``real`` is ``frechet_real``, what
    a perfect sampler would get on so few samples. Raises ``DataError`` for fewer than `LEAST` vectors and
    ``DivergedError`` where one is not finite.
    """
    parts = [real, drawn, *([] if other is None else [other])]
    if min(map(len, parts)) < LEAST:
        raise DataError(
            f"{min(map(len, parts))} samples are too few to compare", fix=f"take {LEAST} or more on either side"
        )
    if not all(np.isfinite(part).all() for part in parts):
        raise DivergedError("the features are not finite numbers", fix="measure with another classifier")
    found = {
        "precision": _share(covered(real, drawn)),
        "recall": _share(covered(drawn, real)),
        "frechet": _distance(real, drawn),
    }
    if other is not None:
        found["frechet_real"] = _distance(real, other)
    return found


def covered(support: Floats, asked: Floats, *, neighbours: int = NEIGHBOURS) -> npt.NDArray[np.bool_]:
    """Return for each of ``asked (n, features)`` whether it lies in a ball around one of ``support (m, features)``.

    A ball reaches to the ``neighbours``-th nearest other vector of the support. The share for drawn samples in real
    ones is precision, that for real ones in drawn samples recall.

    Source: Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models", NeurIPS 2019,
    equations 1 and 2.
    """
    if len(support) <= neighbours:
        raise ValueError(f"{len(support)} vectors have no {neighbours} neighbours each")
    support, asked = np.asarray(support, np.float64), np.asarray(asked, np.float64)
    radii = np.concatenate(
        [np.partition(rows, neighbours, axis=1)[:, neighbours] for rows in _squared_distances(support, support)]
    )
    # A vector's distance to itself is 0 up to rounding; the same slack goes to every ball.
    slack = 1e-9 * (1.0 + float((support**2).sum(axis=1).max()))
    return np.concatenate([(rows <= radii + slack).any(axis=1) for rows in _squared_distances(asked, support)])


def frechet(one: Floats, two: Floats) -> float:
    """Return the Fréchet distance between the Gaussians that fit ``one (n, features)`` and ``two (m, features)``.

    Source: Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS
    2017, equation 6; after Dowson and Landau, "The Fréchet distance between multivariate normal distributions", 1982.
    """
    one, two = np.asarray(one, np.float64), np.asarray(two, np.float64)
    gap = float(((one.mean(axis=0) - two.mean(axis=0)) ** 2).sum())
    first, second = _triangle(one), _triangle(two)
    # The root of the product of two covariances A'A and B'B has the singular values of AB' on its diagonal.
    shared = float(np.linalg.svd(first @ second.T, compute_uv=False).sum())
    return max(0.0, gap + float((first**2).sum() + (second**2).sum()) - 2 * shared)


def _distance(real: Floats, drawn: Floats) -> Score:
    """Return the Fréchet distance with the interval of a jackknife over ten blocks of both sets.

    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 11 (delete-a-group jackknife).
    """
    value = frechet(real, drawn)
    blocks = [
        frechet(np.delete(real, slice(k, None, _BLOCKS), axis=0), np.delete(drawn, slice(k, None, _BLOCKS), axis=0))
        for k in range(_BLOCKS)
    ]
    spread = math.sqrt((_BLOCKS - 1) / _BLOCKS * float(((np.array(blocks) - np.mean(blocks)) ** 2).sum()))
    half = intervals.Z_95 * spread
    low, high = intervals.widened(value - half, value + half, value, blocks=_BLOCKS)
    return Score(value=value, low=max(0.0, low), high=high, n=min(len(real), len(drawn)))


def _share(hits: npt.NDArray[np.bool_]) -> Score:
    num = int(hits.sum())
    low, high = intervals.wilson(num, len(hits))
    return Score(value=num / len(hits), low=low, high=high, n=len(hits))


def _triangle(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a matrix of at most as many rows as columns whose square is the covariance of ``rows (n, features)``."""
    centred = (rows - rows.mean(axis=0)) / math.sqrt(len(rows) - 1)
    return centred if len(rows) <= rows.shape[1] else np.linalg.qr(centred, mode="r")


def _squared_distances(
    rows: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the squared distances from some of the rows at a time to all others."""
    norms = (others**2).sum(axis=1)
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        yield np.maximum((part**2).sum(axis=1)[:, None] + norms - 2 * part @ others.T, 0.0)
