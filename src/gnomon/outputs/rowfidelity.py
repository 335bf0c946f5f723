"""How real made-up rows of a table are: column by column, pair by pair, as training data, and whether any is a copy.

All is measured on rows as `MixedRow` stores them, the class as one more category. Sources: total variation and
Kolmogorov-Smirnov distances, associations (correlation, correlation ratio, Cramér's V) as customary, for instance Xu et
al., arXiv 1907.00503, section 5; trained on synthetic, tested on real: Esteban et al., arXiv 1706.02633, section 4;
the test of a classifier that tells two samples apart: Lopez-Paz and Oquab, arXiv 1610.06545; distance to the closest
record: Zhao et al., "CTAB-GAN", arXiv 2102.08369, section 5.3.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals, ranking
from gnomon.core import seed as seeds
from gnomon.core.spec import MixedRow, Score
from gnomon.data.mixedbaselines import Standard

Rows = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

THIS, REAL, COPULA, ALONE = "this model", "other real rows", "Gaussian copula", "column by column"
"""Whose rows are compared with those of a split."""
_BLOCKS = 10
_MOST_CODES = 64
MOST_COLUMNS = 30
"""Columns of which the associations are measured, the first ones."""
_NEAREST = 1000
"""Rows whose nearest neighbours are looked for, and among which."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is spent: rows on each side, and rounds of boosting; 0 leaves the classifiers out."""

    rows: int
    rounds: int


def columns_apart(real: Rows, made: Rows, leaf: MixedRow) -> Floats:
    """Return how far each column of ``made (n, columns)`` is from that of ``real (m, columns)``, in [0, 1].

    For a number the Kolmogorov-Smirnov distance, missing cells as the least value; for a category total variation.
    """
    count = len(leaf.numbers)
    numbers = [_apart(real[:, k], made[:, k]) for k in range(count)]
    sizes = enumerate((size for _, size in leaf.categories), start=count)
    return np.array([*numbers, *(_variation(real[:, k], made[:, k], size) for k, size in sizes)])


def associations(rows: Rows, leaf: MixedRow) -> Floats:
    """Return how much each column tells of each other one, ``(columns, columns)`` in [0, 1], of the first columns.

    Between numbers the absolute correlation, between a number and a category the correlation ratio, between categories
    Cramér's V.
    """
    count, total = len(leaf.numbers), min(MOST_COLUMNS, len(leaf.names))
    plain = np.asarray(rows, np.float64)
    for k in range(count):
        there = np.isfinite(plain[:, k])
        plain[~there, k] = plain[there, k].mean() if there.any() else 0.0
    plain[:, count:] = np.minimum(plain[:, count:], _MOST_CODES - 1)
    found = np.eye(total)
    for one in range(total):
        for two in range(one):
            found[one, two] = found[two, one] = _association(plain[:, two], plain[:, one], two < count, one < count)
    return found


def distances(real: Rows, made: Rows, leaf: MixedRow) -> dict[str, Score]:
    """Return the mean distance of the columns, and the mean difference of the associations, with intervals.

    The intervals are those of a jackknife over ten blocks of the made rows.
    """
    wanted = associations(real, leaf)
    pairs = np.triu_indices(len(wanted), 1)

    def apart(some: Rows) -> float:
        return float(columns_apart(real, some, leaf).mean())

    def tied(some: Rows) -> float:
        return float(np.abs(associations(some, leaf) - wanted)[pairs].mean()) if len(pairs[0]) else 0.0

    return {"marginal_distance": _jackknifed(made, apart), "association_distance": _jackknifed(made, tied)}


def usefulness(train: Rows, test: Rows, leaf: MixedRow, *, rounds: int, seed: int) -> Score:
    """Return the accuracy on ``test`` of a classifier of the last category that was trained on ``train``.

    Rows without a class are left out.
    """
    model = _boosted(leaf, rounds, seed)
    known, asked = train[train[:, -1] >= 2], test[test[:, -1] >= 2]
    if len(np.unique(known[:, -1])) < 2:
        right = asked[:, -1] == (known[0, -1] if len(known) else -1)
    else:
        model.fit(_features(known, leaf)[:, :-1], known[:, -1])
        right = model.predict(_features(asked, leaf)[:, :-1]) == asked[:, -1]
    low, high = intervals.wilson(int(right.sum()), len(right))
    return Score(value=float(right.mean()), low=low, high=high, n=len(right))


def detection(real: Rows, made: Rows, leaf: MixedRow, *, rounds: int, seed: int) -> Score:
    """Return how well a classifier tells made rows from real ones (AUROC): 0.5 where it cannot.

    It is trained on one half of each and asked about the other.
    """
    rows = np.concatenate([real, made])
    is_made = np.arange(len(rows)) >= len(real)
    first = np.random.default_rng(seeds.key("halves", seed)).permutation(len(rows)) % 2 == 0
    model = _boosted(leaf, rounds, seed, with_class=True)
    model.fit(_features(rows[first], leaf), is_made[first])
    scores = model.predict_proba(_features(rows[~first], leaf))[:, 1]
    return ranking.auroc(scores, is_made[~first])


def privacy(train: Rows, other: Rows, made: Rows, leaf: MixedRow) -> dict[str, Score]:
    """Return the share of made rows that are copies of training rows, and of those that lie nearer to training rows.

    Nearer than to as many real rows that were not trained on: half of them where nothing was learned by heart.
    """
    known = {row.tobytes() for row in np.nan_to_num(train, nan=-1.0)}
    copies = np.array([row.tobytes() in known for row in np.nan_to_num(made, nan=-1.0)])
    count = min(_NEAREST, len(train), len(other))
    standard = Standard.fitted(train, leaf)
    asked = standard(made[:_NEAREST])
    near, far = _nearest(asked, standard(_spread(train, count))), _nearest(asked, standard(_spread(other, count)))
    nearer = np.where(near == far, 0.5, near < far)
    return {"copies": _share(copies), "nearer_to_training": _share(nearer)}


def _features(rows: Rows, leaf: MixedRow) -> Floats:
    """Return rows for trees: codes of categories up to 64."""
    made = np.asarray(rows, np.float64).copy()
    made[:, len(leaf.numbers) :] = np.minimum(made[:, len(leaf.numbers) :], _MOST_CODES - 1)
    return made


def _boosted(leaf: MixedRow, rounds: int, seed: int, *, with_class: bool = False) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    kinds = [False] * len(leaf.numbers) + [True] * len(leaf.categories)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return HistGradientBoostingClassifier(
            max_iter=rounds,
            categorical_features=kinds if with_class else kinds[:-1],
            early_stopping=False,
            random_state=seeds.key("boosted", seed) % 2**31,
        )


def _apart(one: Rows, two: Rows) -> float:
    """Return the Kolmogorov-Smirnov distance of two columns."""
    left, right = (np.sort(np.where(np.isnan(column), -np.inf, column)) for column in (one, two))
    places = np.unique(np.concatenate([left, right]))
    gaps = np.searchsorted(left, places, side="right") / len(left) - np.searchsorted(right, places, side="right") / len(
        right
    )
    return float(np.abs(gaps).max())


def _variation(one: Rows, two: Rows, size: int) -> float:
    """Return the total variation distance of two columns of codes."""
    left, right = (np.bincount(column.astype(np.int64), minlength=size) / len(column) for column in (one, two))
    return float(np.abs(left - right).sum() / 2)


def _association(one: Floats, two: Floats, first_is_number: bool, second_is_number: bool) -> float:
    if first_is_number and second_is_number:
        one, two = one - one.mean(), two - two.mean()
        scale = math.sqrt(float((one**2).sum() * (two**2).sum()))
        return min(1.0, abs(float((one * two).sum())) / scale) if scale > 0 else 0.0
    if first_is_number or second_is_number:
        return _ratio(*((one, two) if first_is_number else (two, one)))
    return _cramer(one.astype(np.int64), two.astype(np.int64))


def _ratio(numbers: Floats, codes: Floats) -> float:
    """Return the correlation ratio: the root of the share of the variance that lies between the categories."""
    places = codes.astype(np.int64)
    counts = np.bincount(places)
    means = np.bincount(places, weights=numbers) / np.maximum(1, counts)
    total = float(((numbers - numbers.mean()) ** 2).sum())
    return math.sqrt(min(1.0, float((counts * (means - numbers.mean()) ** 2).sum()) / total)) if total > 0 else 0.0


def _cramer(one: Ints, two: Ints) -> float:
    """Return Cramér's V. Source: Cramér, "Mathematical methods of statistics", 1946, section 21.9."""
    width = int(two.max()) + 1
    counts = np.bincount(one * width + two, minlength=(int(one.max()) + 1) * width).reshape(-1, width).astype(float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    least = min(counts.shape) - 1
    if least < 1:
        return 0.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    square = float(((counts - expected) ** 2 / expected).sum()) / float(counts.sum())
    return math.sqrt(min(1.0, square / least))


def _jackknifed(made: Rows, measure: Callable[[Rows], float]) -> Score:
    """Return a measure of rows with the interval of a jackknife over ten blocks of them.

    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 11 (delete-a-group jackknife).
    """
    value = measure(made)
    blocks = np.array([measure(np.delete(made, slice(k, None, _BLOCKS), axis=0)) for k in range(_BLOCKS)])
    spread = math.sqrt((_BLOCKS - 1) / _BLOCKS * float(((blocks - blocks.mean()) ** 2).sum()))
    low, high = value - intervals.Z_95 * spread, value + intervals.Z_95 * spread
    return Score(value=value, low=max(0.0, low), high=high, n=len(made))


def _nearest(asked: Floats, known: Floats) -> Floats:
    """Return the squared distance from each row to the nearest of others, ``(n,)``."""
    norms = (known**2).sum(axis=1)
    return np.concatenate([(norms - 2 * part @ known.T).min(axis=1) for part in np.array_split(asked, 8)])


def _spread(rows: Rows, count: int) -> Rows:
    return rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)]


def _share(hits: npt.NDArray[Any]) -> Score:
    num = float(np.asarray(hits, np.float64).sum())
    low, high = intervals.wilson(round(num), len(hits))
    return Score(value=num / len(hits), low=low, high=high, n=len(hits))
