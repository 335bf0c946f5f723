"""Asking a model about series: a table with times is continued, a file of labelled series asks one in each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gnomon.assemble import Model
from gnomon.core.errors import GnomonError, UsageError, printable
from gnomon.core.events import silent
from gnomon.core.spec import QUANTILES, Batch, Label, Series
from gnomon.data import opening, seriesprep
from gnomon.outputs.ask_pictures import LABEL_COLUMNS, labelled
from gnomon.outputs.asking import Column, Question, Row

_FORECAST = "forecast"


class AskSeries:
    """Questions about series."""

    def __init__(self, model: Model) -> None:
        if not isinstance(model.spec.input, Series):
            raise TypeError(f"a model of {type(model.spec.input).__name__} data takes no series")
        self._model = model
        self._labels = isinstance(model.spec.target, Label)
        self._shares: tuple[str, ...] = () if self._labels else tuple(f"{share:g}" for share in QUANTILES)
        if self._labels:
            self.columns: Sequence[Column] = LABEL_COLUMNS
        else:
            numbers = [Column(name=name, kind=float) for name in (_FORECAST, *self._shares)]
            self.columns = [Column(name="file"), Column(name="time"), Column(name="channel"), *numbers]
            self.columns = [*self.columns, Column(name="error")]

    def paths(self, words: Sequence[str]) -> list[Path]:
        """Return the tables. Raises ``UsageError`` where there is none."""
        if not words:
            raise UsageError("there is nothing to predict", fix="name the table whose series is to be continued")
        return [Path(word) for word in words]

    def questions(self, paths: Sequence[Path]) -> Iterator[Question]:
        """Yield one question a table: how does it go on? Of series with labels: one a series."""
        for path in paths:
            name = printable(str(path))
            try:
                yield from self._of_file(path, name)
            except (GnomonError, OSError) as error:
                what = error.what if isinstance(error, GnomonError) else str(error)
                yield Question(row={"file": name, "error": what})

    def batch(self, samples: Sequence[Any]) -> Batch:
        """Return series as the network takes them."""
        inputs = torch.from_numpy(np.stack(samples).astype(np.float32)).to(self._model.precision.device)
        ids = np.arange(len(samples), dtype=np.int64)
        return Batch(inputs=inputs, targets=torch.zeros(len(samples), dtype=torch.int64), ids=ids)

    def lines(self, row: Row) -> list[Row]:
        """Return the row of a classified series, or one row a channel and instant of a forecast."""
        if self._labels:
            return [labelled(row)]
        empty = {column.name: None for column in self.columns}
        if row["error"]:
            return [empty | {"file": row["file"], "error": row["error"]}]
        return [
            empty
            | {"file": row["file"], "time": time, "channel": channel, "error": ""}
            | {name: row[channel][name][step] for name in (_FORECAST, *self._shares)}
            for step, time in enumerate(row["times"])
            for channel in self._model.spec.target.names
        ]

    def _of_file(self, path: Path, name: str) -> Iterator[Question]:
        raw = opening.read(str(path), emit=silent)
        if self._labels:
            yield from self._of_labelled(raw, path.name, name)
            return
        found = seriesprep.continuation(raw, self._model.spec, self._model.preparation)
        yield Question(row={"file": name, "times": list(found.times), "error": ""}, sample=found.inputs[0])

    def _of_labelled(self, raw: Any, own_name: str, name: str) -> Iterator[Question]:
        wanted = self._model.spec.input
        for part in raw.splits.values():
            for index in range(len(part)):
                sample = np.asarray(part.inputs[index], np.float32)
                place = str(part.ids[index]).removeprefix(f"{own_name}#")
                row: Row = {"file": f"{name}#{place}", "error": ""}
                if sample.shape != (wanted.length, len(wanted.names)):
                    shape = f"has {len(sample)} steps of {sample.shape[1]} channels, the model takes {wanted.length}"
                    yield Question(row=row | {"error": f"{shape} of {len(wanted.names)}"})
                else:
                    yield Question(row=row, sample=sample)
