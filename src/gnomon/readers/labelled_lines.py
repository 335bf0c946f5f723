"""Lines that begin with their label: as TREC has them (``DESC:manner How did …``) or fastText (``__label__good …``)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Guess, Label, Match, Skipped
from gnomon.data import columns, documents, layout, pictures, textfile, texts
from gnomon.data.reading import Reading
from gnomon.data.textfile import Decoded

LEVELS = ("coarse", "fine")
"""What ``--target`` may be where labels have two parts, as in ``DESC:manner``."""

_SNIFFED_BYTES = 1 << 13
_MAX_FILES = 100
_ENDINGS = frozenset({".label", ".txt", ".ft", ".train", ".valid", ".test"})
_FASTTEXT = "__label__"
_TREC = re.compile(r"[A-Z]{2,12}:[A-Za-z_]{1,24}$")
_LABEL_SHARE = 0.95


@dataclass(frozen=True, kw_only=True)
class Config:
    """How texts are read."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8``, ``cp1252`` or ``gb18030``."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sample: its split, file and line, its label, and its text."""

    split: str
    id: str
    label: str
    text: str


def sniff(path: Path) -> Match | None:
    """Claim a file whose lines begin with labels, or a folder of such files."""
    files, _ = _files(path)
    if not files:
        return None
    return Match(confidence=0.8, why=f"the lines of {printable(files[0][1].name)} begin with labels")


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read labelled lines. Raises ``DataError`` where there are none, ``UsageError`` for an unknown target."""
    files, guesses = _files(path)
    if not files:
        raise DataError("holds no lines that begin with labels", fix="write: __label__NAME text", path=path)
    lines, decoded, skipped = _lines(files, reading.settings(Config).encoding, reading)
    level, told = _level(lines, config.target, path)
    labels = [line.label.partition(":")[0] if level == "coarse" else line.label for line in lines]
    classes, targets = columns.encode(labels, path)
    found = texts.Found(
        reader="labelled_lines",
        path=path,
        target=Label(classes=classes),
        parts=[_part(split, lines, targets) for split in texts.SPLITS],
        guesses=(*guesses, *told, *textfile.told(decoded)),
        skipped=tuple(skipped),
        facts={"encodings": texts.encodings(decoded)},
    )
    return texts.dataset(found, config)


def _files(path: Path) -> tuple[list[tuple[str, Path]], tuple[Guess, ...]]:
    """Return the files of labelled lines with their splits, and what was guessed of these."""
    if path.is_file():
        return ([("all", path)] if _is_labelled(path) else []), ()
    if not path.is_dir():
        return [], ()
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    found = [path / name for name in names[:_MAX_FILES] if _is_labelled(path / name)]
    splits = {file: layout.split_of(_stem(file.name)) for file in found}
    if "train" not in splits.values():
        return [("all", file) for file in found], ()
    unsaid = [file for file, split in splits.items() if split is None]
    if len(unsaid) == 1 and "test" not in splits.values():
        splits[unsaid[0]] = "test"
        what = f"{printable(unsaid[0].name)} is the test split"
        guess = (Guess(what=what, why="it lies beside the training file", flag="--test PATH"),)
    else:
        guess = ()
    named = [(split, file) for file, split in splits.items() if split]
    return sorted(named, key=lambda pair: texts.SPLITS.index(pair[0])), guess


def _stem(name: str) -> str:
    plain, tail = os.path.splitext(name)  # noqa: PTH122
    return plain if tail == ".label" else documents.stem(name)


def _is_labelled(path: Path) -> bool:
    if documents.ending(path.name) not in _ENDINGS:
        return False
    head = textfile.head(path, _SNIFFED_BYTES)
    lines = [line for line in head.decode("latin-1").split("\n")[:-1] if line.strip()]
    return bool(lines) and sum(_label(line) is not None for line in lines) >= _LABEL_SHARE * len(lines)


def _label(line: str) -> tuple[str, str] | None:
    """Return the label and the text of a line, or None."""
    label, _, text = line.strip().partition(" ")
    if label.startswith(_FASTTEXT):
        return label.removeprefix(_FASTTEXT).rstrip(","), text.strip()
    return (label, text.strip()) if _TREC.match(label) else None


def _lines(
    files: Sequence[tuple[str, Path]], encoding: str, reading: Reading
) -> tuple[list[Line], list[Decoded], list[Skipped]]:
    decoded = []
    lines: list[Line] = []
    skipped: list[Skipped] = []
    for number, (split, file) in enumerate(files):
        texts.tick(reading, number, len(files))
        decoded.append(textfile.read_text(file, encoding))
        for one in _of_text(decoded[-1].text, split, file.name):
            if isinstance(one, Line):
                lines.append(one)
            else:
                skipped.append(one)
    return lines, decoded, skipped


def _of_text(text: str, split: str, name: str) -> Iterator[Line | Skipped]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{name}:{number}"
        found = _label(line)
        if found is None:
            yield Skipped(id=place, reason="does not begin with a label", split=split)
        elif not found[1]:
            yield Skipped(id=place, reason=texts.EMPTY, split=split, label=found[0])
        elif found[1].startswith(_FASTTEXT):
            yield Skipped(id=place, reason="has several labels", split=split)
        else:
            yield Line(split, place, *found)


def _level(lines: Sequence[Line], target: str, path: Path) -> tuple[str, tuple[Guess, ...]]:
    two_parts = bool(lines) and all(_TREC.match(line.label) for line in lines)
    allowed = LEVELS if two_parts else ("auto",)
    if target not in ("auto", *allowed):
        raise pictures.unknown_target(target, allowed, path)
    if not two_parts or target != "auto":
        return target, ()
    guess = Guess(
        what="the classes are what stands before the colon", why="labels have two parts", flag="--target fine"
    )
    return "coarse", (guess,)


def _part(split: str, lines: Sequence[Line], targets: np.ndarray) -> texts.Part:
    chosen = [i for i, line in enumerate(lines) if line.split == split]
    return texts.Part(
        split=split, ids=[lines[i].id for i in chosen], texts=[lines[i].text for i in chosen], targets=targets[chosen]
    )
