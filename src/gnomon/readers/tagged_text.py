"""Words with a tag each, one a line: CoNLL-U (gzip or not), or columns as in CoNLL-2003."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Guess, Match, Skipped, Tags
from gnomon.data import conll, documents, formats, layout, pictures, textfile, texts
from gnomon.data.conll import CONLLU, Bad, Sentence
from gnomon.data.ragged import Ragged
from gnomon.data.reading import Reading
from gnomon.data.textfile import Decoded

MISSING = -1

_SNIFFED_BYTES = 1 << 15
_MAX_FILES = 100
_NO_TAGS = documents.TABLES - {".conllu", ".tsv", ".tab"} | formats.SUFFIXES
_EMPTY = "_"
_CONLL2003_SPLITS = {"testa": "valid", "testb": "test"}
_ENDINGS = frozenset({".conllu", ".conll", ".iob", ".bio"})


@dataclass(frozen=True, kw_only=True)
class Config:
    """How texts are read."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8``, ``cp1252`` or ``gb18030``."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """One sentence: its split, its name, its words and their tags."""

    split: str
    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...]


def sniff(path: Path) -> Match | None:
    """Claim files of tagged words, or a folder with such files."""
    for _, file in _files(path)[:3]:
        names = _columns(file)
        if names == CONLLU:
            return Match(confidence=0.9, why=f"{printable(file.name)} is CoNLL-U")
        if names:
            return Match(confidence=0.8, why=f"{printable(file.name)} has a word a line with {len(names) - 1} tags")
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read sentences of tagged words. Raises ``DataError`` where there are none, ``UsageError`` for no such target."""
    files = [(split, file) for split, file in _files(path) if _columns(file)]
    if not files:
        raise DataError("holds no tagged words", fix="give CoNLL-U, or a word and its tags a line", path=path)
    names = _columns(files[0][1]) or CONLLU
    target, guesses = _target(names, config.target, path)
    found, decoded, skipped = _sentences(files, names, target, reading)
    classes = tuple(sorted({tag for one in found for tag in one.tags} - {_EMPTY}))
    if not classes:
        raise DataError(f"the column {target!r} is empty", fix="name another one with --target", path=path)
    index = {name: i for i, name in enumerate(classes)}
    return texts.dataset(
        texts.Found(
            reader="tagged_text",
            path=path,
            target=Tags(classes=classes),
            parts=[_part(split, found, index) for split in texts.SPLITS],
            guesses=(*guesses, *textfile.told(decoded)),
            skipped=tuple(skipped),
            facts={
                "encodings": texts.encodings(decoded),
                "num_untagged": sum(tag == _EMPTY for one in found for tag in one.tags),
            },
        ),
        config,
    )


def _files(path: Path) -> list[tuple[str, Path]]:
    """Return the files to read with their splits; of a folder those whose names say splits, else all of them."""
    if path.is_file():
        return [("all", path)] if _may_hold_tags(path) else []
    if not path.is_dir():
        return []
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    found = [path / name for name in names if _may_hold_tags(Path(name))][:_MAX_FILES]
    named = [(split, file) for file in found if (split := _split(file.name))]
    if any(split == "train" for split, _ in named):
        return sorted(named, key=lambda pair: texts.SPLITS.index(pair[0]))
    return [("all", file) for file in found if documents.ending(file.name) in _ENDINGS]


def _may_hold_tags(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return os.path.splitext(name)[1] not in _NO_TAGS and not documents.is_archive(path)  # noqa: PTH122


def _split(name: str) -> str | None:
    """Return the split that a name says: ``en_ewt-ud-dev.conllu.gz``, ``eng.testa``, ``train.txt``."""
    stem = documents.stem(name.removesuffix(".gz"))
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return _CONLL2003_SPLITS.get(stem.rpartition(".")[2].lower()) or layout.split_of(stem)


def _columns(path: Path) -> tuple[str, ...] | None:
    head = textfile.head(path, _SNIFFED_BYTES)
    whole = head if len(head) < _SNIFFED_BYTES else head[: head.rfind(b"\n") + 1]
    if not textfile.looks_like_text(head):
        return None
    return conll.columns(whole.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n"))


def _target(names: tuple[str, ...], wanted: str, path: Path) -> tuple[str, tuple[Guess, ...]]:
    allowed = ("upos", "xpos", "deprel", "feats") if names == CONLLU else names[1:]
    if wanted != "auto":
        if wanted.lower() not in allowed:
            raise pictures.unknown_target(wanted, allowed, path)
        return wanted.lower(), ()
    if names == CONLLU:
        guess = Guess(what="the tags are the universal parts of speech (upos)", why="", flag="--target xpos")
        return "upos", (guess,)
    flag = f"--target {allowed[0]}" if len(allowed) > 1 else ""
    return allowed[-1], (Guess(what=f"the tags are the column {allowed[-1]!r}", why="it is the last one", flag=flag),)


def _sentences(
    files: Sequence[tuple[str, Path]], names: tuple[str, ...], target: str, reading: Reading
) -> tuple[list[Tagged], list[Decoded], list[Skipped]]:
    found: list[Tagged] = []
    decoded: list[Decoded] = []
    skipped: list[Skipped] = []
    encoding = reading.settings(Config).encoding
    word, tag = int(names == CONLLU), names.index(target)
    for number, (split, file) in enumerate(files):
        texts.tick(reading, number, len(files))
        decoded.append(textfile.read_text(file, encoding))
        for one in conll.sentences(decoded[-1].text, names):
            if isinstance(one, Bad):
                skipped.append(Skipped(id=f"{file.name}:{one.line}", reason=one.reason, split=split))
            elif one.rows:
                found.append(_tagged(one, split, file, word, tag))
    return found, decoded, skipped


def _tagged(one: Sentence, split: str, file: Path, word: int, tag: int) -> Tagged:
    return Tagged(
        split, f"{file.name}#{one.id}", tuple(row[word] for row in one.rows), tuple(row[tag] for row in one.rows)
    )


def _part(split: str, found: Sequence[Tagged], index: dict[str, int]) -> texts.Part:
    chosen = [one for one in found if one.split == split]
    return texts.Part(
        split=split,
        ids=[one.id for one in chosen],
        texts=[one.words for one in chosen],
        targets=Ragged.of(_indices(chosen, index), like=np.empty(0, np.int64)),
    )


def _indices(chosen: Sequence[Tagged], index: dict[str, int]) -> Iterator[np.ndarray]:
    for one in chosen:
        yield np.array([index.get(tag, MISSING) for tag in one.tags], np.int64)
