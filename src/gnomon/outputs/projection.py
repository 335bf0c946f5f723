"""Many dimensions seen in two: the directions in which vectors differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

ACTIVE = 0.01
"""A latent dimension is active where its posterior mean varies over the data by more than this."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Vectors projected on their first two principal components."""

    points: npt.NDArray[np.float64]
    """Shape ``(n, 2)``; 0 where the vectors do not vary at all."""
    explained: tuple[float, float]
    """Share of the variance that each of the two has."""


def principal_plane(vectors: Floats) -> Plane:
    """Return vectors ``(n, dims)`` as points of the plane in which they spread most.

    Each component points so that its largest weight is positive: the same data give the same map. Raises ``ValueError``
    for no vectors. Source: Hotelling, "Analysis of a complex of statistical variables into principal components", 1933.
    """
    rows = np.asarray(vectors, np.float64)
    if not rows.size:
        raise ValueError("there is nothing to project")
    rows = rows - rows.mean(axis=0)
    left, spreads, weights = np.linalg.svd(rows, full_matrices=False)
    points, shares = np.zeros((len(rows), 2)), [0.0, 0.0]
    total = float((spreads**2).sum())
    for k in range(min(2, len(spreads))):
        if total and spreads[k] > 1e-12 * spreads[0]:
            sign = np.sign(weights[k, np.abs(weights[k]).argmax()]) or 1.0
            points[:, k] = sign * left[:, k] * spreads[k]
            shares[k] = float(spreads[k] ** 2) / total
    return Plane(points=points, explained=(shares[0], shares[1]))


def active_dimensions(codes: Floats, *, most: int) -> list[int]:
    """Return the dimensions of ``codes (n, dims)``, posterior means, that vary most over the data, the liveliest first.

    Only those whose variance is above `ACTIVE`: the others carry nothing.
    Source: Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016, section 5.1.
    """
    variance = np.asarray(codes, np.float64).var(axis=0)
    order = np.argsort(-variance, kind="stable")[:most]
    return [int(place) for place in order if variance[place] > ACTIVE]
