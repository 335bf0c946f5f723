"""Opens data: from what the user wrote to a dataset with its splits. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gnomon.core import config as configs
from gnomon.core import plugins
from gnomon.core.config import DataConfig, Layer
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import Emit, Said, silent
from gnomon.core.spec import (
    Audio,
    Dataset,
    Density,
    Guess,
    Image,
    Label,
    MixedRow,
    NodeLabels,
    Spec,
    Table,
    Tags,
    Vector,
)
from gnomon.core.training import RunConfig
from gnomon.data import detect, joining, named, split
from gnomon.data.detect import Detected
from gnomon.data.fitted import Fitted
from gnomon.data.preparing import prepare
from gnomon.data.reading import Reading

SECTIONS = (
    *("run", "data", "reader", "text", "tree", "series", "table", "sound", "density"),
    *("task", "family", "train", "augment"),
)
"""Sections of a run's configuration."""
_KEPT_PX = 64
"""Pictures up to this side keep their own size when all are alike."""


@dataclass(frozen=True, kw_only=True)
class AsBefore:
    """How the data of a run was read: other data of the same kind is read like it."""

    reader: str
    settings: Mapping[str, Any]
    """The run's configuration, under flat dotted keys."""

    def applied(self, found: Detected, data: DataConfig, reading: Reading) -> tuple[DataConfig, Reading]:
        """Return what to read with: the run's settings of its reader and its target, where that reader reads."""
        if found.reader != self.reader:
            return data, reading
        own = {name: value for name, value in self.settings.items() if name.startswith("reader.")}
        if data.target == "auto":
            data = replace(data, target=str(self.settings.get("data.target", "auto")))
        return data, replace(reading, layers=(("config", own), *reading.layers))

    def wanted_of(self, found: Detected) -> str:
        """Return which reader is to read, if that of the run was named by the user and can read this."""
        is_named = self.settings.get("data.reader", "auto") != "auto"
        return self.reader if is_named and self.reader in found.others else found.reader


def wished(layers: Sequence[Layer]) -> tuple[DataConfig, RunConfig]:
    """Return which data, and what of it, the layers of the configuration ask for. Raises ``UsageError``."""
    configs.check_sections(layers, SECTIONS)
    run, _ = configs.build(RunConfig, "run", layers)
    if not any("data.path" in values for _, values in layers):
        raise UsageError("there is no data to train on", fix="name a folder, a file or a known name such as digits")
    data, _ = configs.build(DataConfig, "data", layers)
    for path in (data.path, data.valid, data.test):
        _require_text(path)
    return data, run


def cache_folder() -> Path:
    """Return the folder of caches: ``GNOMON_CACHE``, else the user's cache folder."""
    if named := os.environ.get("GNOMON_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gnomon"


def load_dataset(
    data: DataConfig,
    *,
    seed: int,
    data_dir: Path | None,
    emit: Emit,
    should_stop: Callable[[], bool] = lambda: False,
    layers: Sequence[Layer] = (),
) -> Dataset:
    """Return the data with its splits: those of the data, those that the user named, those that Gnomon makes."""
    reading = Reading(
        cache_dir=cache_folder(),
        emit=emit,
        should_stop=should_stop,
        needs_labels=needs_labels(layers),
        layers=layers,
    )
    main = _read(data.path, data, reading, data_dir)
    others = [_beside(main, p, data, reading, data_dir) if p != "off" else None for p in (data.valid, data.test)]
    return split.split(split.join(main, *others), data.split, seed)


def needs_labels(layers: Sequence[Layer]) -> bool:
    """Return whether pictures need classes for the task that was asked for: not to learn how probable they are."""
    run, _ = configs.build(RunConfig, "run", layers)
    return run.task == "auto" or not any(issubclass(kind, Density) for kind in plugins.load("task", run.task).TARGETS)


def asked_task(layers: Sequence[Layer]) -> str:
    """Return the task that was asked for: by its name, or to forecast, where a horizon was given."""
    run, _ = configs.build(RunConfig, "run", layers)
    far = any(values.get("series.horizon", "auto") != "auto" for _, values in layers)
    return "forecast" if run.task == "auto" and far else run.task


def read(
    path: str,
    *,
    label_from: str = "auto",
    data_dir: Path | None = None,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Dataset:
    """Return what a reader finds in a path or under a known name, neither split nor prepared."""
    reading = Reading(cache_dir=cache_folder(), emit=emit, should_stop=should_stop)
    data = DataConfig(path=path, max_bad=1.0, allow_empty=True, label_from=label_from)
    return _read(path, data, reading, data_dir)


def load_foreign(
    path: str,
    *,
    fit: str,
    spec: Spec,
    preparation: Mapping[str, Any],
    before: AsBefore | None = None,
    data_dir: Path | None = None,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Dataset:
    """Return other data as a model of this spec sees it, as a split called ``test``: its classes are found by name.

    Where the reader of the run's own data reads it too, it does so as ``before``.
    Raises ``DataError`` where the data has a class that the model does not know, or is of another kind.
    """
    reading = Reading(cache_dir=cache_folder(), emit=emit, should_stop=should_stop)
    if isinstance(spec.input, Image):
        data = DataConfig(path=path, fit=fit, max_bad=1.0)  # type: ignore[arg-type]
        needs = isinstance(spec.target, Label)
        other = _seen_as(spec.input, path, data, replace(reading, needs_labels=needs), data_dir, before)
        return split.join(replace(other, spec=spec, splits={}), None, other)
    data = DataConfig(path=path, max_bad=1.0, allow_empty=True)
    if isinstance(spec.input, MixedRow):
        reading = replace(reading, needs_labels=False)
        data = replace(data, target=preparation["target"]["name"] or "off")
        before = None if before is None else replace(before, settings={**before.settings, "data.target": data.target})
        other = joining.as_density(_read(path, data, reading, data_dir, before), spec.target)  # type: ignore[arg-type]
        joined = split.join(replace(other, splits={}), None, other)
        return prepare(joined, (), cache_dir=cache_folder(), known=preparation, emit=emit).dataset
    if isinstance(spec.input, Vector):
        wanted = {"target": preparation["target"]["name"], "kind": type(spec.target).__name__}
        reading = replace(reading, layers=_of_target(wanted))
        data = replace(data, target=wanted["target"])
    else:
        data = replace(data, label_from=str(preparation.get("label_from", "auto")))
    other = _read(path, data, reading, data_dir, before)
    if isinstance(spec.target, Density):
        other = joining.as_density(other, spec.target)
    target = spec.target if isinstance(spec.target, Label | Tags | NodeLabels) else other.spec.target
    if type(other.spec.target) is not type(target):
        raise DataError(
            f"holds a {type(other.spec.target).__name__} to be foreseen, the model foresees a {type(target).__name__}",
            fix="give data of the kind that the model was trained on",
            path=path,
        )
    joined = split.join(replace(other, spec=Spec(input=other.spec.input, target=target), splits={}), None, other)
    prepared = prepare(joined, (), cache_dir=cache_folder(), known=preparation, emit=emit, should_stop=should_stop)
    return prepared.dataset


def _beside(main: Dataset, path: str, data: DataConfig, reading: Reading, data_dir: Path | None) -> Dataset:
    """Read a separately given split: it need not hold every class, and its pictures get the shape of the others."""
    if isinstance(main.spec.input, Image):
        return _seen_as(main.spec.input, path, data, reading, data_dir)
    if isinstance(main.spec.input, Audio):
        rate: Layer = ("data", {"reader.rate_hz": main.spec.input.rate_hz})
        reading = replace(reading, layers=(*reading.layers, rate))
    if isinstance(main.spec.input, Table):
        wanted = {"target": main.facts["target"], "kind": type(main.spec.target).__name__}
        reading = replace(reading, layers=(*reading.layers, *_of_target(wanted)))
        data = replace(data, target=wanted["target"] or "off")
    return _read(path, replace(data, path=path, allow_empty=True, held_out="off"), reading, data_dir)


def _of_target(wanted: Mapping[str, str]) -> tuple[Layer, ...]:
    """Return the layer that lets other tables be read with the target of the first: classes or numbers."""
    task = {"Label": "classify", "Number": "regress", "Density": "generate"}[wanted["kind"]]
    return (("data", {"run.task": task}),)


def _seen_as(
    image: Image,
    path: str,
    data: DataConfig,
    reading: Reading,
    data_dir: Path | None,
    before: AsBefore | None = None,
) -> Dataset:
    """Read pictures so that they have a given shape."""
    side = max(image.height_px, image.width_px)
    size_px = side if image.height_px == image.width_px and side > _KEPT_PX else "auto"
    other = _read(path, replace(data, path=path, size_px=size_px, allow_empty=True), reading, data_dir, before)
    if other.spec.input == image:
        return other
    fitted = {name: replace(part, inputs=Fitted(part.inputs, image, data.fit)) for name, part in other.splits.items()}
    return replace(other, spec=Spec(input=image, target=other.spec.target), splits=fitted)


def _read(
    source: str, data: DataConfig, reading: Reading, data_dir: Path | None, before: AsBefore | None = None
) -> Dataset:
    where: dict[str, Any] = {"data_dir": data_dir, "cache_dir": reading.cache_dir, "emit": reading.emit}
    task = asked_task(reading.layers) if before is None else str(before.settings.get("run.task", "auto"))
    found = detect.detect(source, reader=data.reader, task=task, **where)
    if before is not None:
        found = replace(found, reader=before.wanted_of(found))
        data, reading = before.applied(found, data, reading)
    told: tuple[Guess, ...] = ()
    if source in named.names() and data.target == "auto" and (target := named.describe(source).target) != "auto":
        data = replace(data, target=target)
        told = (
            Guess(what=f"the target is the column {target!r}", why="it is the customary one", flag="--target NAME"),
        )
    if data.label_from == "auto" and source in named.names():
        data = replace(data, label_from=named.describe(source).label_from)
    dataset: Dataset = plugins.load("reader", found.reader).read(found.path, data, reading)
    _require_heeded(dataset, data, otherwise=_otherwise(found))
    seen = Guess(what=f"{found.name} is read as {found.reader}", why=found.match.why, flag=_otherwise(found))
    facts = dict(dataset.facts)
    if source in named.names() and (customary := named.describe(source).split) != "auto":
        facts["customary_split"] = customary
    return replace(dataset, name=found.name, guesses=(seen, *told, *dataset.guesses), facts=facts)


def _otherwise(found: Detected) -> str:
    return f"--set data.reader={found.others[0]}" if found.others else ""


def _require_heeded(dataset: Dataset, data: DataConfig, *, otherwise: str) -> None:
    """Raise ``UsageError`` where the user asked for something that the reader of this data knows nothing of.

    ``otherwise`` is the flag with which the data is read in another way, empty where there is none.
    """
    asked = {
        "--group": data.group != "off" and all(part.groups is None for part in dataset.splits.values()),
        "--time": data.time != "off" and all(part.times is None for part in dataset.splits.values()),
        "--label-from": data.label_from not in ("auto", dataset.facts.get("label_from")),
        "data.held_out": data.held_out not in ("off", dataset.facts.get("held_out")),
    }
    for flag, is_unheeded in asked.items():
        if is_unheeded:
            fix = f"leave {flag} out" + (f", or read the data in another way: {otherwise}" if otherwise else "")
            raise UsageError(f"{flag} means nothing for data that is read as {dataset.reader}", fix=fix)


def tell(dataset: Dataset, emit: Emit = silent) -> None:
    """Say what was found and what was guessed, with the flag that overrides it."""
    for guess in dataset.guesses:
        tell_guess(guess, emit)


def tell_guess(guess: Guess, emit: Emit) -> None:
    """Say one guess, why it was made, and the flag that overrides it."""
    flag = f" ({guess.flag})" if guess.flag else ""
    why = f": {guess.why}" if guess.why else ""
    emit(Said(text=f"{guess.what}{why}{flag}", level="guess"))


def _require_text(path: str) -> None:
    """Refuse a path that cannot be written into ``run.toml``, from which a run is resumed."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            "the path is not valid UTF-8", fix="rename it, or name it by a link with a plain name", path=path
        ) from error
