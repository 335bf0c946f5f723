"""Asking a model about recordings: a file is a question, a folder or an archive stands for all recordings inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gnomon.assemble import Model
from gnomon.core.errors import GnomonError, UsageError, printable
from gnomon.core.spec import Batch, Waveform
from gnomon.data import audioprep, documents, formats, listing, sounddecode, soundfiles
from gnomon.outputs.ask_pictures import LABEL_COLUMNS, labelled
from gnomon.outputs.asking import Question, Row


class AskAudio:
    """Questions about recordings."""

    columns = LABEL_COLUMNS

    def __init__(self, model: Model) -> None:
        if not isinstance(model.spec.input, Waveform):
            raise TypeError(f"a model of {type(model.spec.input).__name__} data takes no recordings")
        self._model = model
        self._rate_hz = model.spec.input.rate_hz

    def paths(self, words: Sequence[str]) -> list[Path]:
        """Return the files; a folder stands for all recordings inside, or for the archive that is all it holds."""
        sounddecode.require_decoder()
        found: list[Path] = []
        for path in map(Path, words):
            if not path.is_dir():
                found.append(path)
                continue
            inside = soundfiles.box(path)
            if not inside.files:
                raise UsageError("the folder has no recordings", fix="name files, or a folder with some", path=path)
            found += [path / file.id for file in inside.files] if inside.root.is_dir() else [inside.root]
        if not found:
            raise UsageError("there is nothing to predict", fix="name files, a folder or an archive")
        return found

    def questions(self, paths: Sequence[Path]) -> Iterator[Question]:
        """Yield one question a recording, those of an archive in its order."""
        for path in paths:
            name = printable(str(path))
            if documents.is_archive(path) and path.is_file():
                yield from self._of_archive(path, name)
            else:
                yield self._question(name, lambda path=path: _content(path))

    def batch(self, samples: Sequence[Any]) -> Batch:
        """Return recordings as the network takes them."""
        inputs = torch.from_numpy(np.stack(samples)).to(self._model.precision.device)
        ids = np.arange(len(samples), dtype=np.int64)
        return Batch(inputs=inputs, targets=torch.zeros(len(samples), dtype=torch.int64), ids=ids)

    def lines(self, row: Row) -> list[Row]:
        """Return the row, its likeliest classes as one JSON text."""
        return [labelled(row)]

    def _of_archive(self, path: Path, name: str) -> Iterator[Question]:
        try:
            inside = soundfiles.box(path)
            if not inside.files:
                yield Question(row={"file": name, "error": "holds no recordings"})
            with soundfiles.opened(inside) as read:
                for file in inside.files:
                    yield self._question(f"{name}/{printable(file.id)}", lambda file=file: read(file))
        except GnomonError as error:
            yield Question(row={"file": name, "error": error.what})

    def _question(self, name: str, content: Any) -> Question:
        try:
            sound = sounddecode.decode(content(), self._rate_hz)
        except formats.UnreadableError as error:
            return Question(row={"file": name, "error": str(error)})
        return Question(
            row={"file": name, "error": ""}, sample=audioprep.shaped(sound.samples, self._model.preparation)
        )


def _content(path: Path) -> bytes:
    try:
        return listing.read_bytes(path, soundfiles.MAX_FILE_BYTES)
    except ValueError as error:
        raise formats.UnreadableError(f"cannot be read: {error}") from error
