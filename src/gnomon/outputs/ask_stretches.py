"""Asking a model of series how strange they are: each row of a table has an answer, or each series of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core import surprise
from gnomon.core.errors import DataError, GnomonError, UsageError, printable
from gnomon.core.events import Emit, Said, silent
from gnomon.core.spec import Batch, Dataset, Density, Normality, Series
from gnomon.data import opening
from gnomon.outputs import rowscores
from gnomon.outputs.asking import Column, Question, Row

UNKNOWN = -1
"""The class of a series of which none is known."""
_TERMS = ("nll_bound", "reconstruction", "kl", "nll_per_value", "score", "p_value")
_OF_ROW = ("nll_bound", "kl", "score", "p_value")


class AskStretches:
    """Questions about how probable a series is."""

    def __init__(self, model: Model, emit: Emit = silent) -> None:
        if not isinstance(model.spec.input, Series) or not isinstance(model.spec.target, Density):
            raise TypeError(f"a model of {type(model.spec.input).__name__} data does not know how probable a series is")
        self._model = model
        self._series = model.spec.input
        self._emit = emit
        self._by_row = model.preparation.get("samples") == "rows"
        self._judges = isinstance(model.spec.target, Normality)
        names = _OF_ROW if self._by_row else _TERMS
        numbers = [Column(name=name, kind=float) for name in names]
        verdict = [Column(name="anomalous", kind=bool)] if self._judges else []
        if self._by_row:
            given = [Column(name=name, kind=float) for name in self.given_names()]
            expected = [Column(name=name, kind=float) for name in self.expected_names()]
            head = [Column(name="file"), Column(name="time"), *given, *expected]
            self.columns: Sequence[Column] = [*head, *numbers, *verdict, Column(name="channel"), Column(name="error")]
        else:
            self.columns = [Column(name="file"), *numbers, *verdict, Column(name="error")]

    def given_names(self) -> list[str]:
        """Return the columns of the measured values; a channel that is called as an answer is told apart."""
        own = {"file", "time", "anomalous", "channel", "error", *_OF_ROW}
        return [f"{name} (value)" if name in own else name for name in self._series.names]

    def expected_names(self) -> list[str]:
        """Return the columns of what the model expected."""
        return [f"{name} (expected)" for name in self._series.names]

    def paths(self, words: Sequence[str]) -> list[Path]:
        """Return the files. Raises ``UsageError`` where there is none."""
        if not words:
            raise UsageError("there is nothing to predict", fix="name the table whose rows are to be looked at")
        return [Path(word) for word in words]

    def questions(self, paths: Sequence[Path]) -> Iterator[Question]:
        """Yield a row for each step of a series, its answer with it; of files of labelled series, a question a series.

        A row is looked at in several windows, so that the answers of a whole series are found together.
        """
        for path in paths:
            name = printable(str(path))
            try:
                raw = opening.read(str(path), emit=silent)
                yield from self._of_rows(raw, name) if self._by_row else self._of_samples(raw, name)
            except (GnomonError, OSError) as error:
                what = error.what if isinstance(error, GnomonError) else str(error)
                yield Question(row={"file": name, "error": what})

    def batch(self, samples: Sequence[Any]) -> Batch:
        """Return series as the network takes them."""
        device = self._model.precision.device
        inputs = torch.from_numpy(np.stack(samples).astype(np.float32)).to(device)
        targets = torch.full((len(samples),), UNKNOWN, dtype=torch.int64, device=device)
        return Batch(inputs=inputs, targets=targets, ids=np.arange(len(samples), dtype=np.int64))

    def lines(self, row: Row) -> list[Row]:
        """Return the row with a column for each value, measured and expected."""
        line = {column.name: row.get(column.name) for column in self.columns}
        if self._by_row and not row["error"]:
            for kind, names in (("values", self.given_names()), ("expected", self.expected_names())):
                line |= dict(zip(names, (row[kind][name] for name in self._series.names), strict=True))
        return [line]

    def _of_rows(self, raw: Dataset, name: str) -> Iterator[Question]:
        for told in raw.facts.get("repaired", ()):
            self._emit(Said(text=f"{name}: {told}"))
        for part in raw.splits.values():
            rows = channels_of(raw, part, self._series)
            if len(rows) < self._series.length:
                self._emit(
                    Said(
                        text=f"{name} has {len(rows):,} rows, a window of the model {self._series.length:,}: they are "
                        "mirrored to fill one, and the scores say little",
                        level="warning",
                    )
                )
            done = 0
            for block in rowscores.blocks(self._model, rows):
                times = part.ids[np.arange(done, done + len(block.values))]
                yield from self._answered(name, times, block)
                done += len(block.values)

    def _answered(self, name: str, times: Sequence[Any], block: rowscores.RowScores) -> Iterator[Question]:
        names, scores = self._series.names, block.score
        p_values, limit = surprise.p_values(scores, self._model.held_out), self._limit()
        for place, time in enumerate(times):
            row: Row = {
                "file": name,
                "time": str(time),
                "values": _by_name(names, block.values[place]),
                "expected": _by_name(names, block.expected[place]),
                "surprise": _by_name(names, block.strange[place]),
                "nll_bound": float(block.bound[place]),
                "kl": float(block.kl[place] * len(names)),
                "score": float(scores[place]),
                "p_value": float(p_values[place]),
                "channel": names[int(block.strange[place].argmax())],
                "error": "",
            }
            if self._judges:
                row["anomalous"] = bool(scores[place] > limit)
            yield Question(row=row)

    def _limit(self) -> float:
        return float(self._model.task.limit(np.zeros(0))) if self._judges else float("inf")

    def _of_samples(self, raw: Dataset, name: str) -> Iterator[Question]:
        wanted = self._series
        for part in raw.splits.values():
            for index in range(len(part)):
                sample = np.asarray(part.inputs[index], np.float32)
                row: Row = {"file": f"{name}#{part.ids[index]}", "error": ""}
                if sample.shape == (wanted.length, len(wanted.names)):
                    yield Question(row=row, sample=sample)
                    continue
                shape = " of ".join(map(str, sample.shape))
                what = f"has {shape} values, the model takes {wanted.length} steps of {len(wanted.names)} channels"
                yield Question(row=row | {"error": what})


def channels_of(raw: Dataset, part: Any, series: Series) -> npt.NDArray[np.float32]:
    """Return the rows of a series as it was read, in the channels that a model knows, ``(rows, channels)``.

    Raises ``DataError`` where one is missing.
    """
    if not isinstance(raw.spec.input, Series) or not isinstance(raw.spec.target, Series):
        raise DataError("holds no series of rows", fix="give a table with a column of times", path=raw.source)
    missing = [name for name in series.names if name not in raw.spec.input.names]
    if missing:
        raise DataError(
            f"has no column {missing[0]!r}, which the model needs",
            fix=f"give a table with the columns {', '.join(series.names)}",
            path=raw.source,
        )
    places = [raw.spec.input.names.index(name) for name in series.names]
    return np.asarray(part.inputs[0 : len(part)], np.float32)[:, places]


def _by_name(names: Sequence[str], values: npt.NDArray[Any]) -> dict[str, float]:
    """Return values by name, as few digits as tell them apart in float32."""
    return {name: float(str(value)) for name, value in zip(names, values.astype(np.float32), strict=True)}
