"""Makes of a series, or of labelled series, samples whose probability is learned: to draw them, or to find what is odd.

The rows of one long series become windows: of the training rows all of them, of the others those that lie side by
side, so that no row is counted twice. Labelled series are samples already. All that is found on the training rows is
kept as JSON beside the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import config as configs
from gnomon.core.config import Layer, Setting
from gnomon.core.errors import ArtefactError, DataError, UsageError
from gnomon.core.spec import Dataset, Density, Guess, Label, Normality, Series, Spec, Split
from gnomon.data import densityprep, ordered, season, stretches
from gnomon.data.densityprep import DensityConfig
from gnomon.data.seriesprep import SeriesConfig

KIND = densityprep.KIND
LONGEST_SEASON = 512
"""A season of more steps does not have to fit into a window."""

_ABOUT_STEPS = 48
_NO_SEASON_STEPS = 64
_LEAST_STEPS = 4
_TIMES = 10
"""So many windows lie side by side in the training rows, at least, where the length is chosen for the user."""
_SEASON_OFF = 1e-12

Rows = npt.NDArray[np.float32]
Facts = dict[str, Any]


def prepare(
    dataset: Dataset, layers: Sequence[Layer], wanted: type[Density], known: Mapping[str, Any] | None = None
) -> tuple[Dataset, Facts, dict[str, Setting]]:
    """Return a dataset with a target of the kind ``wanted``, what was fitted, and the settings that said how.

    ``known`` is what was fitted before. Raises ``UsageError`` for settings and ``DataError`` for data that do not
    allow it.
    """
    series, settings = configs.build(SeriesConfig, "series", layers)
    density, more = configs.build(DensityConfig, "density", layers)
    _require_fitting(series, density)
    if isinstance(dataset.spec.target, Series):
        made, facts = _windows(dataset, series, density, wanted, known)
    else:
        made, facts = _labelled(dataset, density, wanted, known)
    return made, facts, {**settings, **more}


def _require_fitting(series: SeriesConfig, density: DensityConfig) -> None:
    for name in ("horizon", "lookback"):
        if getattr(series, name) != "auto":
            flag = "--horizon" if name == "horizon" else f"series.{name}"
            raise UsageError(
                f"{flag} means nothing where nothing is forecast",
                fix="leave it out; the length of the windows is --set series.window=48",
            )
    if density.binarize not in ("auto", "off"):
        raise UsageError("a series cannot be made of two values", fix="leave density.binarize out")


def _windows(
    dataset: Dataset,
    series: SeriesConfig,
    density: DensityConfig,
    wanted: type[Density],
    known: Mapping[str, Any] | None,
) -> tuple[Dataset, Facts]:
    """Return the rows of a series as windows of the channels that are learned."""
    if density.anomalous or density.condition == "on":
        raise UsageError(
            "the rows of this series have no classes", fix="leave density.anomalous and density.condition out"
        )
    names = _series(dataset.spec.target).names
    facts = _fitted(dataset, series, wanted) if known is None else dict(known)
    if list(names) != facts["names"]:
        raise ArtefactError(
            f"the model knows the channels {facts['names']}, the data has {list(names)}",
            fix="give the data that the model was trained with",
        )
    places = [_series(dataset.spec.input).names.index(name) for name in names]
    splits = {n: _cut(part, places, facts["window"], name=n, data=dataset) for n, part in dataset.splits.items()}
    guesses = dataset.guesses if known is not None else (*dataset.guesses, *_guesses(series, facts))
    spec = Spec(input=_filled(replace(_series(dataset.spec.input), names=names), facts), target=wanted())
    return replace(dataset, spec=spec, splits=splits, guesses=guesses), facts


def _fitted(dataset: Dataset, series: SeriesConfig, wanted: type[Density]) -> Facts:
    given, names = _series(dataset.spec.input).names, _series(dataset.spec.target).names
    train = _rows(dataset.splits["train"], [given.index(name) for name in names])
    period, strength = season.find_period(train) if series.period == "auto" else (series.period, None)
    window = _length(series, period, len(train))
    if len(train) < window + 1:
        raise DataError(
            f"the {len(train):,} training rows are too few for windows of {window:,}",
            fix=f"take shorter ones: --set series.window={max(1, len(train) // 4)}, or give more rows",
            path=dataset.source,
        )
    deviation = train.std(axis=0, dtype=np.float64)
    if not (deviation > _SEASON_OFF).any():
        raise DataError(
            "no channel ever changes in the training rows: there is nothing to learn",
            fix="give rows that differ, or other channels with --target",
            path=dataset.source,
        )
    return {
        "kind": KIND,
        "samples": "rows",
        "learned": wanted.__name__,
        "names": list(names),
        "window": window,
        "period": period,
        "season_strength": strength,
        "mean": train.mean(axis=0, dtype=np.float64).tolist(),
        "deviation": np.where(deviation > 0, deviation, 1.0).tolist(),
        "time": dict(dataset.facts.get("series", {})),
    }


def _length(series: SeriesConfig, period: int, num_train: int) -> int:
    if series.window != "auto":
        return series.window
    most = max(_LEAST_STEPS, num_train // _TIMES)
    if 1 < period <= min(LONGEST_SEASON, most):
        return period * max(1, min(-(-_ABOUT_STEPS // period), most // period))
    return min(_NO_SEASON_STEPS, most)


def _cut(part: Split, places: list[int], window: int, *, name: str, data: Dataset) -> Split:
    """Return the windows of a split: all that begin at its training rows, else those side by side that cover it.

    A split that is not the training split looks back where it has fewer rows than a window; where it cannot, its first
    rows are mirrored.
    """
    if not len(part):
        raise DataError(f"there is no row of {name}", fix="--split sets the rows of each split", path=data.source)
    own = _rows(part, places)
    if name == "train":
        starts = stretches.every(len(own), window)
        column, first = stretches.Stretches(own, length=window, starts=starts), starts
    else:
        history = ordered.rows_before(part, window - 1)[:, places]
        rows, mirrored = stretches.lengthened(np.concatenate([history, own]), window)
        before = mirrored + len(history)
        begin = max(0, min(before, len(rows) - window))
        starts = begin + stretches.covering(len(rows) - begin, window, window)
        column = stretches.Stretches(rows, length=window, starts=starts, before=before)
        first = np.maximum(starts - before, 0)
    targets = np.full(len(column), -1, dtype=np.int64)
    return Split(inputs=column, targets=targets, ids=stretches.Picked(part.ids, first), hashes=part.hashes[first])


def _guesses(series: SeriesConfig, facts: Facts) -> list[Guess]:
    period, window = facts["period"], facts["window"]
    found = []
    if series.period == "auto":
        why = f"rows one season apart have a correlation of {facts['season_strength']:.2f}"
        found.append(
            Guess(
                what=f"the season is {period} steps" if period > 1 else "there is no season",
                why=why if period > 1 else "no distance stands out at which the training rows resemble themselves",
                flag="--set series.period=24",
            )
        )
    if series.window == "auto":
        whole = period > 1 and window % period == 0
        found.append(
            Guess(
                what=f"windows of {window} steps are looked at",
                why="whole seasons" if whole else "no season fits",
                flag=f"--set series.window={2 * window}",
            )
        )
    return found


def _labelled(
    dataset: Dataset, density: DensityConfig, wanted: type[Density], known: Mapping[str, Any] | None
) -> tuple[Dataset, Facts]:
    """Return series that are samples already, with the mean and deviation of every channel in training."""
    leaf, series = dataset.spec.target, _series(dataset.spec.input)
    classes = leaf.classes if isinstance(leaf, Label | Density) else ()
    densityprep.require_classes(density.anomalous, classes)
    target = _target(dataset, density, wanted, classes, known)
    splits = {name: densityprep.usable(name, part, target) for name, part in dataset.splits.items()}
    if known is None:
        densityprep.require_variety(splits["train"], dataset)
        known = _fitted_samples(splits["train"], series, target)
    elif [series.length, list(series.names)] != [known["window"], known["names"]]:
        raise DataError(
            f"has series of {series.length:,} steps of {len(series.names)} channels, the model knows "
            f"{known['window']:,} of {len(known['names'])}",
            fix="give series as the model was trained with",
            path=dataset.source,
        )
    spec = Spec(input=_filled(series, known), target=target)
    return replace(dataset, spec=spec, splits=splits), dict(known)


def _fitted_samples(train: Split, series: Series, target: Density) -> Facts:
    values = np.asarray(train.inputs[np.arange(len(train))], np.float64)
    deviation = values.std(axis=(0, 1))
    return {
        "kind": KIND,
        "samples": "series",
        "learned": type(target).__name__,
        "names": list(series.names),
        "window": series.length,
        "period": 1,
        "season_strength": None,
        "mean": values.mean(axis=(0, 1)).tolist(),
        "deviation": np.where(deviation > 0, deviation, 1.0).tolist(),
        "conditional": target.conditional,
        "normal": list(target.normal) if isinstance(target, Normality) else [],
    }


def _target(
    dataset: Dataset,
    density: DensityConfig,
    wanted: type[Density],
    classes: tuple[str, ...],
    known: Mapping[str, Any] | None,
) -> Density:
    if issubclass(wanted, Normality):
        if known is not None:
            return wanted(classes=classes, normal=tuple(known["normal"]))
        found = densityprep.normal_classes(dataset.splits["train"], classes, density.anomalous)
        return wanted(classes=classes, normal=tuple(found))
    if known is not None:
        return wanted(classes=classes, conditional=bool(known["conditional"]))
    conditional = len(classes) > 1 and density.condition != "off"
    if density.condition == "on" and not conditional:
        raise UsageError("there are no classes to tell the model", fix="--set density.condition=auto")
    return wanted(classes=classes, conditional=conditional)


def _filled(series: Series, facts: Mapping[str, Any]) -> Series:
    return replace(
        series,
        length=facts["window"],
        period=facts["period"],
        mean=tuple(facts["mean"]),
        deviation=tuple(facts["deviation"]),
    )


def _rows(part: Split, places: list[int]) -> Rows:
    return np.asarray(part.inputs[0 : len(part)], np.float32)[:, places]


def _series(leaf: Any) -> Series:
    if not isinstance(leaf, Series):
        raise TypeError(f"a {type(leaf).__name__} is no series")
    return leaf
