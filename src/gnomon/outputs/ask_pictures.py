"""Asking a model about pictures: a file is a question, a folder stands for all pictures inside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gnomon.assemble import Model
from gnomon.core.errors import UsageError, printable
from gnomon.core.spec import Batch, Density, Image, Normality
from gnomon.data import decode, formats, listing
from gnomon.data.augment import resize
from gnomon.outputs.asking import Column, Question, Row

_MAX_FILE_BYTES = 512 * 2**20

LABEL_COLUMNS = (
    Column(name="file"),
    Column(name="label"),
    Column(name="confidence", kind=float),
    Column(name="top"),
    Column(name="error"),
)


DENSITY_COLUMNS = (
    Column(name="file"),
    *(Column(name=name, kind=float) for name in ("nll_bound", "reconstruction", "kl", "bits_per_dim")),
    Column(name="score", kind=float),
    Column(name="p_value", kind=float),
    Column(name="error"),
)
ANOMALY_COLUMNS = (*DENSITY_COLUMNS[:-1], Column(name="anomalous", kind=bool), DENSITY_COLUMNS[-1])
UNKNOWN = -1
"""The class of a picture of which none is known."""


class AskPictures:
    """Questions about pictures."""

    def __init__(self, model: Model) -> None:
        if not isinstance(model.spec.input, Image):
            raise TypeError(f"a model of {type(model.spec.input).__name__} data takes no pictures")
        self._model = model
        self._image = model.spec.input
        target = model.spec.target
        self._weighs = isinstance(target, Density)
        self.columns: Sequence[Column] = LABEL_COLUMNS
        if self._weighs:
            self.columns = ANOMALY_COLUMNS if isinstance(target, Normality) else DENSITY_COLUMNS

    def paths(self, words: Sequence[str]) -> list[Path]:
        """Return the files; a folder stands for all pictures inside, by name."""
        found: list[Path] = []
        for path in map(Path, words):
            if path.is_dir():
                inside = [path / file.id for file in listing.walk(path).files if listing.is_picture(file)]
                if not inside:
                    fix = "name files, or a folder with pictures"
                    raise UsageError("the folder has no pictures", fix=fix, path=path)
                found += sorted(inside)
            else:
                found.append(path)
        if not found:
            raise UsageError("there is nothing to predict", fix="name files or a folder")
        return found

    def questions(self, paths: Sequence[Path]) -> Iterator[Question]:
        """Yield one question a file."""
        for path in paths:
            row: Row = {"file": printable(str(path)), "error": ""}
            try:
                yield Question(row=row, sample=self._read(path))
            except formats.UnreadableError as error:
                yield Question(row=row | {"error": str(error)})

    def batch(self, samples: Sequence[Any]) -> Batch:
        """Return pictures at the resolution at which the model looks."""
        pixels = torch.from_numpy(np.stack(samples)).to(self._model.precision.device)
        ids = np.arange(len(samples), dtype=np.int64)
        targets = torch.full((len(samples),), UNKNOWN if self._weighs else 0, dtype=torch.int64)
        return Batch(
            inputs=resize(pixels, self._model.size_px), targets=targets.to(self._model.precision.device), ids=ids
        )

    def lines(self, row: Row) -> list[Row]:
        """Return the row, its likeliest classes as one JSON text."""
        if self._weighs:
            return [{column.name: row.get(column.name) for column in self.columns}]
        return [labelled(row)]

    def _read(self, path: Path) -> Any:
        image = self._image
        try:
            data = listing.read_bytes(path, _MAX_FILE_BYTES)
        except ValueError as error:
            raise formats.UnreadableError(f"cannot be read: {error}") from error
        return decode.decode_for_model(data, image.height_px, image.width_px, image.channels, self._model.fit)


def labelled(row: Row) -> Row:
    """Return the row of one classified sample with plain values."""
    top = json.dumps(row["top"], ensure_ascii=False) if "top" in row else ""
    return {
        **{column.name: row.get(column.name) for column in LABEL_COLUMNS},
        "label": row.get("label", ""),
        "top": top,
    }
