"""Asking a model about texts: a text file is a question, a table or a file of tagged words asks one in each row."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gnomon.assemble import Model
from gnomon.core.errors import DataError, GnomonError, UsageError, printable
from gnomon.core.spec import Batch, Tags
from gnomon.core.spec import Sequence as Tokens
from gnomon.data import conll, frame, freetext, textfile, textprep, words
from gnomon.data.ragged import Ragged
from gnomon.data.sequences import collate
from gnomon.outputs.ask_pictures import LABEL_COLUMNS, labelled
from gnomon.outputs.asking import Column, Question, Row

_STDIN = "-"
_TAGGED = (
    Column(name="file"),
    Column(name="word", kind=int),
    Column(name="token"),
    Column(name="tag"),
    Column(name="confidence", kind=float),
    Column(name="error"),
)


class AskTexts:
    """Questions about texts."""

    def __init__(self, model: Model) -> None:
        if isinstance(model.spec.target, Tokens):
            raise UsageError(
                "this model continues texts: it has no answer about one",
                fix="gnomon generate lets it write, gnomon evaluate RUN FILE measures it on other text",
            )
        self._encoder = textprep.encoder(model.preparation)
        self._device = model.precision.device
        self._tags = isinstance(model.spec.target, Tags)
        self.columns: Sequence[Column] = _TAGGED if self._tags else LABEL_COLUMNS

    def paths(self, words: Sequence[str]) -> list[Path]:
        """Return the files; a folder stands for all files inside, by name; ``-`` for lines from standard input."""
        found: list[Path] = []
        for path in map(Path, words):
            if path.is_dir():
                inside = sorted(Path(root) / name for root, _, names in os.walk(path) for name in names)
                inside = [file for file in inside if not file.name.startswith(".")]
                if not inside:
                    raise UsageError("the folder has no files", fix="name files, or a folder with texts", path=path)
                found += inside
            else:
                found.append(path)
        if not found:
            raise UsageError("there is nothing to predict", fix="name files or a folder, or - for standard input")
        return found

    def questions(self, paths: Sequence[Path]) -> Iterator[Question]:
        """Yield one question a text: of a file, of a row of a table, of a line where words are tagged."""
        for path in paths:
            try:
                yield from self._of_file(path)
            except (GnomonError, OSError, ValueError) as error:
                what = error.what if isinstance(error, GnomonError) else str(error)
                yield Question(row={"file": printable(str(path)), "error": what})

    def batch(self, samples: Sequence[Any]) -> Batch:
        """Return texts as tokens; for tags a target of 0 stands where there is a word."""
        like = np.zeros((0, len(self._encoder.tokenizer.sizes)), np.int64)
        column = Ragged.of(samples, like=like)
        ids = np.arange(len(column), dtype=np.int64)
        inputs = collate(column, ids, max(1, int(column.lengths.max())), 0)
        targets = np.where(inputs[:, :, 0] > 0, 0, -1) if self._tags else np.zeros(len(ids), np.int64)
        return Batch(
            inputs=torch.from_numpy(inputs).to(self._device),
            targets=torch.from_numpy(targets).to(self._device),
            ids=ids,
        )

    def lines(self, row: Row) -> list[Row]:
        """Return the row of a text, or one row a word where words are tagged."""
        if not self._tags:
            return [labelled(row)]
        plain = {"file": row["file"], "error": row["error"], "word": None, "token": "", "tag": "", "confidence": None}
        found = zip(row.get("tokens", ()), row.get("tags", ()), row.get("confidence", ()), strict=True)
        told = [plain | {"word": n, "token": w, "tag": t, "confidence": c} for n, (w, t, c) in enumerate(found, 1)]
        return told or [plain]

    def _of_file(self, path: Path) -> Iterator[Question]:
        name = printable(path.name)
        if str(path) == _STDIN:
            yield from self._of_lines(sys.stdin.read(), "stdin")
        elif frame.kind(path):
            yield from self._of_table(path, name)
        elif self._tags and (names := conll.columns(textfile.read_text(path).text[: 1 << 16] + "\n")):
            yield from self._of_sentences(textfile.read_text(path).text, names, name)
        elif self._tags:
            yield from self._of_lines(textfile.read_text(path).text, name)
        else:
            yield self._asked(printable(str(path)), textfile.read_text(path).text)

    def _of_lines(self, text: str, name: str) -> Iterator[Question]:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield self._asked(f"{name}:{number}", line)

    def _of_table(self, path: Path, name: str) -> Iterator[Question]:
        table = frame.read_frame(path)
        if frame.kind(path) == frame.CSV and len(table) and not freetext.has_header(table.columns):
            table = frame.without_header(table)
        chosen, _ = freetext.choose(table.columns, "auto", path)
        if not chosen and len(table.columns) == 1:
            chosen = tuple(table.columns)
        if not chosen:
            raise DataError("has no column of free text", fix="give a table with one column of texts", path=path)
        for line, values in zip(table.lines, zip(*(table.columns[c] for c in chosen), strict=True), strict=True):
            yield self._asked(f"{name}:{line}", "\n".join(str(v) for v in values if v not in (None, "")))
        for line, reason in table.bad:
            yield Question(row={"file": f"{name}:{line}", "error": reason})

    def _of_sentences(self, text: str, names: Sequence[str], name: str) -> Iterator[Question]:
        place = names.index("form") if "form" in names else 0
        for sentence in conll.sentences(text, names):
            if isinstance(sentence, conll.Bad):
                yield Question(row={"file": f"{name}:{sentence.line}", "error": sentence.reason})
            else:
                yield self._asked(f"{name}#{sentence.id}", tuple(row[place] for row in sentence.rows))

    def _asked(self, name: str, text: str | tuple[str, ...]) -> Question:
        row: Row = {"file": name, "error": ""}
        if self._tags:
            text = tuple(words.words_of(text))
            row["tokens"] = list(text)
        if not (text.strip() if isinstance(text, str) else text):
            return Question(row=row | {"error": "has no text"})
        return Question(row=row, sample=self._encoder.encode(text))
