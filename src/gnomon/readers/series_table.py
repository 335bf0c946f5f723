"""Tables of measurements over time: CSV, TSV or Parquet with a column of times and columns of numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core.config import Auto, DataConfig, require_within
from gnomon.core.errors import DataError, GnomonError, StoppedError, UsageError, printable
from gnomon.core.spec import Dataset, Guess, Match, Series, Spec, Split
from gnomon.data import layout, pictures, ragged, regular, seriesfile, steps, timecolumn
from gnomon.data.reading import Reading
from gnomon.data.regular import Measured, Regular
from gnomon.data.timetable import Instants, Stamps

_MAX_FILES = 20
_LOOKED_AT = 1000
_LONG_TEXT = 40
_SPLIT_ORDER = ("train", "valid", "test", "all")


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a table of measurements is read."""

    time: str | Auto = "auto"
    """Name of the column that holds the times."""
    order: Literal["auto", "day", "month"] = "auto"
    """Whether the day or the month comes first in dates such as 03/04/2020."""
    max_gap: int = 5
    """So many missing steps after each other are filled with a straight line; a longer hole ends the series."""

    def __post_init__(self) -> None:
        require_within("reader.max_gap", self.max_gap, 0, 10_000)


def sniff(path: Path) -> Match | None:
    """Claim a table with a column of times and a column of numbers, or a folder with such tables and no others."""
    files = seriesfile.tables(path, _MAX_FILES)
    claims = [claim for file in files if (claim := _claim(file))]
    if not claims or len(claims) < len(files):
        return None
    return max(claims, key=lambda claim: claim.confidence)


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read the series and make it regular; everything that was done to it is told in ``facts["repaired"]``.

    Raises ``DataError`` where there is no column of times or no channel, or where the holes are too large,
    ``UsageError`` where ``config.target`` names no channel.
    """
    settings = reading.settings(Config)
    parts = [(split, _read_file(file, config, settings, reading)) for split, file in _files(path)]
    return _dataset(path, parts, config.target, forecasts=reading.needs_labels)


def _claim(file: Path) -> Match | None:
    try:
        sheet = seriesfile.head(file)
    except GnomonError:
        return None
    found = timecolumn.find(sheet.columns, uneven=True)
    if found is None:
        return None
    others = {name: cells for name, cells in sheet.columns.items() if name not in found.names}
    numeric = [name for name, cells in others.items() if seriesfile.is_numeric(cells)]
    if not numeric:
        return None
    if found.even:
        confidence = 0.3 if any(_is_prose(cells) for cells in others.values()) else 0.8
    else:  # sales and visits have times too: only where all else is measured are they taken for a series
        confidence = 0.6 if len(numeric) == len(others) else 0.02
    names = " and ".join(repr(printable(name)) for name in found.names)
    what = f"{len(numeric)} others hold" if len(numeric) > 1 else "another one holds"
    how = "" if found.even else ", at uneven distances"
    return Match(
        confidence=confidence,
        why=f"the column {names} of {printable(file.name)} holds times{how}, and {what} numbers",
        suits=("forecast",),
    )


def _is_prose(cells: Any) -> bool:
    texts = [] if isinstance(cells, np.ndarray) else list(cells[:100])
    return bool(texts) and sum(map(len, texts)) / len(texts) > _LONG_TEXT


def _files(path: Path) -> list[tuple[str, Path]]:
    """Return the files of all splits: the only table, or those whose names say splits."""
    files = seriesfile.tables(path, _MAX_FILES)
    if path.is_file() or len(files) == 1:
        return [("all", files[0] if files else path)]
    named = {layout.split_of(file.name): file for file in files}
    if None not in named and "train" in named and len(named) == len(files):
        return sorted(((str(split), file) for split, file in named.items()), key=lambda e: _SPLIT_ORDER.index(e[0]))
    names = ", ".join(printable(file.name) for file in files[:5]) or "none"
    raise DataError(f"holds {len(files)} tables ({names}), not one series", fix="give one of them", path=path)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One file's series, the names of its channels, and what was decided."""

    regular: Regular
    names: tuple[str, ...]
    time: str
    guesses: tuple[Guess, ...]


def _read_file(file: Path, config: DataConfig, settings: Config, reading: Reading) -> _Part:
    sheet = seriesfile.load(file)
    _stop_if_asked(reading)
    first_rows = {name: cells[:_LOOKED_AT] for name, cells in sheet.columns.items()}
    if settings.time != "auto" and settings.time not in sheet.columns:
        raise _unknown_column(settings.time, tuple(sheet.columns), file)
    found = timecolumn.find(first_rows, settings.time, settings.order, uneven=True)
    instants = None if found is None else found.read(sheet.columns, settings.order)
    if found is None or instants is None:
        raise DataError(
            "has no column that says when its rows were measured",
            fix="name it: --set reader.time=COLUMN; times are dates such as 2016-07-01 13:00, or numbers that rise",
            path=file,
        )
    wanted = _wanted(config.target, tuple(sheet.columns), file)
    channels = seriesfile.channels(sheet, found.names, wanted=wanted, max_bad=config.max_bad)
    _stop_if_asked(reading)
    measured = Measured(
        times=instants.values,
        form=instants.form,
        values=channels.values,
        names=channels.names,
        told=(*sheet.told, *channels.told),
    )
    try:
        made = regular.make_regular(measured, max_gap=settings.max_gap)
    except DataError as error:
        raise DataError(error.what, fix=error.fix, path=file) from error
    _stop_if_asked(reading)
    name = " and ".join(found.names)
    return _Part(
        regular=made, names=channels.names, time=name, guesses=_time_guesses(found, name, instants, made, settings)
    )


def _time_guesses(
    found: timecolumn.TimeColumns, name: str, instants: Instants, made: Regular, settings: Config
) -> tuple[Guess, ...]:
    guesses = []
    if settings.time == "auto":
        every = steps.step_text(made.step, made.form)
        guesses.append(
            Guess(
                what=f"the times are in the column {printable(name)!r}, one row every {every}",
                why=found.why,
                flag="--set reader.time=COLUMN",
            )
        )
    if instants.ambiguous and settings.order == "auto":
        other = "month" if instants.told.startswith("day") else "day"
        guesses.append(
            Guess(
                what=f"dates are written {instants.told}",
                why="no number in them is above 12, and so the rows follow each other most evenly",
                flag=f"--set reader.order={other}",
            )
        )
    return tuple(guesses)


def _wanted(target: str, names: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the columns that ``--target`` names, separated by commas; none where it does not say.

    Raises ``UsageError`` where there is no such column.
    """
    if target == "auto":
        return ()
    if target in names:
        return (target,)
    wanted = tuple(dict.fromkeys(word.strip() for word in target.split(",")))
    for name in wanted:
        if name not in names:
            raise _unknown_column(name, names, path)
    return wanted


def _unknown_column(name: str, names: Sequence[str], path: Path) -> UsageError:
    return pictures.unknown_target(name, names, path)


def _dataset(path: Path, parts: Sequence[tuple[str, _Part]], target: str, *, forecasts: bool) -> Dataset:
    _, first = parts[0]
    for split, part in parts[1:]:
        if part.names != first.names or part.regular.step != first.regular.step:
            raise DataError(
                f"the table of {split} has other channels or another step than that of {parts[0][0]}",
                fix="give one file, or files with the same columns",
                path=path,
            )
    targets = _wanted(target, first.names, path) or first.names
    splits = {split: _split(part.regular) for split, part in parts}
    return Dataset(
        name=path.resolve().stem,
        source=str(path),
        reader="series_table",
        spec=Spec(input=Series(names=first.names, length=0), target=Series(names=targets, length=0)),
        splits=splits,
        fingerprint=_fingerprint(splits, first.names, targets),
        guesses=(*first.guesses, *(_target_guesses(target, first.names) if forecasts else ())),
        facts=_facts(parts),
    )


def _split(made: Regular) -> Split:
    rows = np.ascontiguousarray(made.values, np.float32)
    rows.setflags(write=False)
    return Split(inputs=rows, targets=rows, ids=Stamps(made.times, made.form), hashes=_digests(made.times, rows))


def _digests(times: npt.NDArray[np.int64], rows: npt.NDArray[np.float32]) -> npt.NDArray[np.void]:
    """Return digests of time and values: an equal row at another time is no copy."""
    packed = np.concatenate([times[:, None].view(np.uint8), np.ascontiguousarray(rows).view(np.uint8)], axis=1)
    content, width = packed.tobytes(), packed.shape[1]
    return ragged.digests(content[place : place + width] for place in range(0, len(content), width))


def _fingerprint(splits: Mapping[str, Split], names: Sequence[str], targets: Sequence[str]) -> str:
    digest = hashlib.blake2b(repr((list(splits), tuple(names), tuple(targets))).encode(), digest_size=16)
    for split in splits.values():
        digest.update(split.hashes.tobytes())
    return digest.hexdigest()


def _target_guesses(target: str, names: Sequence[str]) -> Iterable[Guess]:
    if target == "auto" and len(names) > 1:
        yield Guess(
            what=f"all {len(names)} channels are forecast", why="no target is named", flag=f"--target {names[-1]}"
        )


def _facts(parts: Sequence[tuple[str, _Part]]) -> dict[str, Any]:
    made = [part.regular for _, part in parts]
    step, form = made[0].step, made[0].form
    stamps = [Stamps(one.times, form) for one in made]
    many = len(parts) > 1
    return {
        "time": parts[0][1].time,
        "step": steps.step_text(step, form),
        "step_s": step.size / 1e6 if form == "date" else None,
        "first": stamps[0][0],
        "last": stamps[-1][-1],
        "num_rows": sum(len(one.times) for one in made),
        "repaired": [f"{split}: {told}" if many else told for split, part in parts for told in part.regular.told],
        "series": {"form": form, "size": step.size, "months": step.months, "weekdays": step.weekdays},
    }


def _stop_if_asked(reading: Reading) -> None:
    if reading.should_stop():
        raise StoppedError("stopped while reading the series", fix="give the same command again")
