"""From the rows of a series to windows: horizon, lookback and season, and the mean and deviation of every channel.

All of it is found on the training rows and kept as JSON beside the model, so that it can be done to new rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.config import Auto, require_within
from gnomon.core.errors import ArtefactError, DataError
from gnomon.core.spec import Dataset, Guess, Label, Series, Spec, Split
from gnomon.data import ordered, season, steps, timetable
from gnomon.data.steps import Step
from gnomon.data.timetable import Stamps
from gnomon.data.windows import Windows

KIND = "Series"
MAX_LOOKBACK = 512
"""Steps that a network knows where neither the user, a far horizon nor a shortage of rows says otherwise."""

_NO_SEASON_HORIZON = 24
_MOST_STEPS = 100_000
_LEAST_LOOKBACK = 4


@dataclass(frozen=True, kw_only=True)
class SeriesConfig:
    """How a series becomes windows."""

    horizon: int | Auto = "auto"
    """Steps to forecast; ``auto`` is one season, or 24 where there is none."""
    lookback: int | Auto = "auto"
    """Steps known before them; ``auto`` is up to 512 or the horizon, whole seasons, half of the rows at most."""
    period: int | Auto = "auto"
    """Steps after which the strongest season repeats, 1 for none; ``auto`` looks at the training rows."""
    window: int | Auto = "auto"
    """Steps that are looked at together where the series itself is learned, to draw it or to find what is strange;
    ``auto`` is whole seasons, about 48 steps, or 64 steps where there is no season."""

    def __post_init__(self) -> None:
        for name in ("horizon", "lookback", "period", "window"):
            value = getattr(self, name)
            if value != "auto":
                require_within(f"series.{name}", value, 1, _MOST_STEPS)


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """The end of a series from which a model goes on: ``inputs (1, lookback, channels)``, and the times ahead."""

    inputs: npt.NDArray[np.float32]
    known: tuple[str, ...]
    """Times of the known steps."""
    times: tuple[str, ...]
    """Times of the steps to be forecast."""
    told: tuple[str, ...] = ()
    """What was done to the rows, in sentences."""


def prepare(
    dataset: Dataset, config: SeriesConfig, known: Mapping[str, Any] | None = None
) -> tuple[Dataset, dict[str, Any]]:
    """Return a series with its final splits as windows, or labelled series with their scaling, and what was fitted.

    Valid and test windows look back into the rows before their split; no window is left out. ``known`` is what was
    fitted before. Raises ``DataError`` where a split is too short for the horizon.
    """
    if isinstance(dataset.spec.target, Label):
        return _prepare_labelled(dataset, known)
    facts = _fit(dataset, config) if known is None else dict(known)
    spec = _spec(dataset.spec, facts)
    splits = {name: _windowed(name, part, dataset, spec) for name, part in dataset.splits.items()}
    guesses = dataset.guesses if known is not None else (*dataset.guesses, *_guesses(config, facts))
    return replace(dataset, spec=spec, splits=splits, guesses=guesses), facts


def continuation(raw: Dataset, spec: Spec, preparation: Mapping[str, Any]) -> Continuation:
    """Return the last steps of a series as it was read, for a model that was trained with ``preparation``.

    Raises ``DataError`` where channels that the model knows are missing, or where there are too few rows.
    """
    if not isinstance(spec.input, Series) or not isinstance(raw.spec.input, Series):
        raise DataError("holds no series", fix="give a table with a column of times", path=raw.source)
    missing = [name for name in spec.input.names if name not in raw.spec.input.names]
    if missing:
        raise DataError(
            f"has no column {missing[0]!r}, which the model needs",
            fix=f"give a table with the columns {', '.join(spec.input.names)}",
            path=raw.source,
        )
    part = list(raw.splits.values())[-1]
    lookback = spec.input.length
    if len(part) < lookback:
        raise DataError(
            f"has {len(part):,} rows; the model looks at the last {lookback:,}",
            fix=f"give at least {lookback:,} rows, or train with less: --set series.lookback={max(1, len(part) // 2)}",
            path=raw.source,
        )
    places = [raw.spec.input.names.index(name) for name in spec.input.names]
    rows = np.asarray(part.inputs[len(part) - lookback : len(part)], np.float32)[None, :, places]
    times = [str(text) for text in part.ids[len(part) - lookback : len(part)]]
    horizon = int(preparation["horizon"])
    told = tuple(raw.facts.get("repaired", ()))
    return Continuation(
        inputs=rows, known=tuple(times), times=tuple(_ahead(times[-1], horizon, raw.facts["series"])), told=told
    )


def _ahead(last: str, count: int, series: Mapping[str, Any]) -> list[str]:
    form = series["form"]
    step = _step(series)
    return list(Stamps(steps.future(timetable.instant(last, form), step, count), form)[:])


def _step(series: Mapping[str, Any]) -> Step:
    return Step(size=series["size"], months=series["months"], weekdays=series["weekdays"])


def _fit(dataset: Dataset, config: SeriesConfig) -> dict[str, Any]:
    """Return everything that is found on the training rows, as JSON values."""
    train = _rows(dataset.splits["train"])
    period, strength = season.find_period(train) if config.period == "auto" else (config.period, None)
    shortest = min(len(part) for part in dataset.splits.values())
    horizon = _horizon(config, period, shortest)
    lookback = _lookback(config, period, horizon, len(train))
    _require_rows(dataset, horizon, lookback)
    mean, deviation = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
    return {
        "kind": KIND,
        "names": list(_series(dataset.spec.input).names),
        "targets": list(_series(dataset.spec.target).names),
        "horizon": horizon,
        "lookback": lookback,
        "period": period,
        "season_strength": strength,
        "mean": mean.tolist(),
        "deviation": np.where(deviation > 0, deviation, 1.0).tolist(),
        "naive_error": _naive_error(train, period).tolist(),
        "time": dict(dataset.facts.get("series", {})),
    }


def _horizon(config: SeriesConfig, period: int, shortest: int) -> int:
    if config.horizon != "auto":
        return config.horizon
    wanted = period if period > 1 else _NO_SEASON_HORIZON
    return max(1, min(wanted, shortest // 2))


def _lookback(config: SeriesConfig, period: int, horizon: int, num_train: int) -> int:
    if config.lookback != "auto":
        return config.lookback
    most = max(1, min(max(MAX_LOOKBACK, period, horizon), (num_train - horizon) // 2))
    return most // period * period if period <= most else most


def _naive_error(train: npt.NDArray[np.float32], period: int) -> npt.NDArray[np.float64]:
    """Return the mean absolute difference of rows one season apart.

    Source: the scale of MASE, Hyndman and Koehler, "Another look at measures of forecast accuracy", 2006, section 3.
    """
    apart = min(period, len(train) - 1)
    found: npt.NDArray[np.float64] = np.abs(train[apart:].astype(np.float64) - train[:-apart]).mean(axis=0)
    return found


def _require_rows(dataset: Dataset, horizon: int, lookback: int) -> None:
    for name, part in dataset.splits.items():
        before = len(ordered.rows_before(part, lookback))
        missing = lookback - before
        if len(part) >= horizon + missing:
            continue
        rows = f"{len(part):,} rows of {name}"
        if horizon > len(part):
            what = f"a horizon of {horizon:,} steps does not fit into the {rows}"
            fix = f"forecast less: --horizon {max(1, len(part) // 2)}, or give more rows"
        else:
            what = f"{lookback:,} known steps and a horizon of {horizon:,} do not fit into the {rows}"
            fix = f"know or forecast less: --set series.lookback={max(1, (len(part) - horizon) // 2)}"
        raise DataError(what, fix=f"{fix}; --split sets the rows of each split", path=dataset.source)


def _spec(spec: Spec, facts: Mapping[str, Any]) -> Spec:
    given, target = _series(spec.input), _series(spec.target)
    if list(given.names) != facts["names"] or list(target.names) != facts["targets"]:
        raise ArtefactError(
            f"the model knows the channels {facts['names']}, the data has {list(given.names)}",
            fix="give the data that the model was trained with",
        )
    places = [facts["names"].index(name) for name in facts["targets"]]
    return Spec(
        input=_filled(given, facts, facts["lookback"], range(len(given.names))),
        target=_filled(target, facts, facts["horizon"], places),
    )


def _filled(series: Series, facts: Mapping[str, Any], length: int, places: Any) -> Series:
    measured = {name: tuple(facts[name][p] for p in places) for name in ("mean", "deviation", "naive_error")}
    return replace(
        series,
        length=length,
        period=facts["period"],
        mean=measured["mean"],
        deviation=measured["deviation"],
        naive_error=measured["naive_error"],
    )


def _windowed(name: str, part: Split, dataset: Dataset, spec: Spec) -> Split:
    """Return a split's windows; one is called and known by the row at which its horizon begins."""
    given, target = _series(spec.input), _series(spec.target)
    history = ordered.rows_before(part, given.length)
    missing = given.length - len(history)
    columns = tuple(given.names.index(channel) for channel in target.names)
    rows = np.concatenate([history, _rows(part)]) if len(history) else _rows(part)
    windows = Windows(
        rows,
        lookback=given.length,
        horizon=target.length,
        first=given.length,
        columns=columns,
        before=ordered.names_before(part, given.length),
        names=part.ids,
    )
    ids = ordered.Span(part.ids, missing, missing + len(windows))
    return Split(inputs=windows, targets=windows, ids=ids, hashes=part.hashes[missing : missing + len(windows)])


def _guesses(config: SeriesConfig, facts: Mapping[str, Any]) -> list[Guess]:
    found = []
    if config.period == "auto":
        strength = facts["season_strength"]
        has = facts["period"] > 1
        found.append(
            Guess(
                what=f"the season is {facts['period']} steps" if has else "there is no season",
                why=f"rows one season apart have a correlation of {strength:.2f}"
                if has
                else "no distance stands out at which the training rows resemble themselves",
                flag="--set series.period=24",
            )
        )
    if config.horizon == "auto":
        why = "one season" if facts["horizon"] == facts["period"] else "no horizon is named"
        found.append(Guess(what=f"{facts['horizon']} steps are forecast", why=why, flag="--horizon 96"))
    if config.lookback == "auto":
        found.append(
            Guess(
                what=f"{facts['lookback']} steps before them are known",
                why="whole seasons, at most half of the training rows",
                flag="--set series.lookback=336",
            )
        )
    return found


def _prepare_labelled(dataset: Dataset, known: Mapping[str, Any] | None) -> tuple[Dataset, dict[str, Any]]:
    """Return labelled series with the mean and deviation of every channel over the training samples."""
    given = _series(dataset.spec.input)
    if known is None:
        part = next((dataset.splits[name] for name in ("train", "all") if name in dataset.splits), None)
        if part is None:
            raise DataError("there is no training split", fix="name a folder that holds training data")
        values = np.asarray(part.inputs[np.arange(len(part))], np.float64)
        deviation = values.std(axis=(0, 1))
        known = {
            "kind": KIND,
            "mean": values.mean(axis=(0, 1)).tolist(),
            "deviation": np.where(deviation > 0, deviation, 1.0).tolist(),
        }
    series = replace(given, mean=tuple(known["mean"]), deviation=tuple(known["deviation"]))
    return replace(dataset, spec=replace(dataset.spec, input=series)), dict(known)


def _rows(part: Split) -> npt.NDArray[np.float32]:
    return np.asarray(part.inputs[0 : len(part)], np.float32)


def _series(leaf: Any) -> Series:
    if not isinstance(leaf, Series):
        raise TypeError(f"a {type(leaf).__name__} is no series")
    return leaf
