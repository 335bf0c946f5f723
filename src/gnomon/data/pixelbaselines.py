"""What trivial models say about pictures: each pixel by itself, and the plane in which pictures spread most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.spec import Column, Split

Floats = npt.NDArray[np.float64]

_MOST_ROWS = 10_000
_AT_ONCE = 1000


def mean_picture(train: Split) -> npt.NDArray[np.float32]:
    """Return the mean of at most 10,000 evenly spread pictures, ``(height, width, channels)`` in [0, 1]."""
    rows = spread(len(train))
    return np.asarray(np.asarray(train.inputs[rows]).mean(axis=0, dtype=np.float64) / 255, dtype=np.float32)


def independent(train: Split, other: Split, *, binarize: str) -> Floats:
    """Return -log p in nats of each picture of ``other``, ``(n,)``, where pixels are independent of each other.

    Where they are binarised, a pixel is white with its mean grey value over ``train``, and the expectation over
    the binarisation is taken; else each value has its share in ``train``. One picture of each value is added.
    """
    if binarize != "off":
        return _two_valued(train, other, cut=binarize == "threshold")
    pixels = np.asarray(train.inputs[spread(len(train))])
    flat = pixels.reshape(len(pixels), -1)
    shares = np.full((flat.shape[1], 256), 1.0 / 256)
    np.add.at(shares, (np.arange(flat.shape[1])[None, :], flat), 1.0)
    nats = -np.log(shares / shares.sum(axis=1, keepdims=True))
    place = np.arange(flat.shape[1])[None, :]
    return _by_parts(other.inputs, lambda part: nats[place, part.reshape(len(part), -1)].sum(axis=1))


def _two_valued(train: Split, other: Split, *, cut: bool) -> Floats:
    rows = spread(len(train))
    white = _white(np.asarray(train.inputs[rows]), cut)
    share = (white.sum(axis=0) + 1.0) / (len(white) + 2.0)
    on, off = -np.log(share), -np.log1p(-share)

    def nats(part: npt.NDArray[np.uint8]) -> Floats:
        grey = _white(part, cut)
        found: Floats = grey @ on + (1 - grey) @ off
        return found

    return _by_parts(other.inputs, nats)


def principal(train: Split, inputs: Column, *, num_components: int = 64) -> Floats:
    """Return the squared distance of each picture, ``(n,)``, from the plane in which those of ``train`` spread most."""
    rows = spread(len(train), 4000)
    pixels = np.asarray(train.inputs[rows], np.float32).reshape(len(rows), -1) / 255
    mean = pixels.mean(axis=0)
    _, _, axes = np.linalg.svd(pixels - mean, full_matrices=False)
    axes = axes[: max(1, min(num_components, len(rows) // 2, pixels.shape[1] // 4))]

    def rest(part: npt.NDArray[np.uint8]) -> Floats:
        centred = part.reshape(len(part), -1).astype(np.float32) / 255 - mean
        found: Floats = (centred**2).sum(axis=1, dtype=np.float64) - ((centred @ axes.T) ** 2).sum(axis=1)
        return found

    return _by_parts(inputs, rest)


def isolation(train: Split, inputs: Column, *, seed: int) -> Floats:
    """Return how easily each picture, ``(n,)``, is told from those of ``train`` by random cuts.

    Source: Liu, Ting and Zhou, "Isolation forest", ICDM 2008, as scikit-learn has it.
    """
    from sklearn.ensemble import IsolationForest

    rows = spread(len(train), 4000)
    forest = IsolationForest(random_state=seeds.key("isolation", seed) % 2**31)
    forest.fit(np.asarray(train.inputs[rows], np.float32).reshape(len(rows), -1))
    return _by_parts(inputs, lambda part: -forest.score_samples(part.reshape(len(part), -1).astype(np.float32)))


def spread(count: int, most: int = _MOST_ROWS) -> npt.NDArray[np.int64]:
    """Return at most ``most`` rows of ``count``, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _white(pixels: npt.NDArray[np.uint8], cut: bool) -> Floats:
    flat = pixels.reshape(len(pixels), -1)
    return (flat >= 128).astype(np.float64) if cut else flat / 255.0


def _by_parts(inputs: Column, function: object) -> Floats:
    parts = [
        function(np.asarray(inputs[np.arange(start, min(start + _AT_ONCE, len(inputs)))]))  # type: ignore[operator]
        for start in range(0, len(inputs), _AT_ONCE)
    ]
    return np.concatenate([np.zeros(0), *parts])
