"""Running text to be continued: a text file (gzip or not), or a folder or archive of such files, one document each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError
from gnomon.core.events import Worked
from gnomon.core.spec import Dataset, Guess, Match, Skipped, Text
from gnomon.data import documents, formats, layout, longtext, pictures, textfile, texts
from gnomon.data.documents import Shelf
from gnomon.data.listing import File
from gnomon.data.reading import Reading
from gnomon.data.textfile import Decoded

_NO_TEXT = documents.TABLES | formats.SUFFIXES
_FEW_LETTERS = 0.2
_TRIED = 5
_AT_ONCE = 64
"""Files of a corpus larger than memory that are held at once; those that are no UTF-8 share an encoding."""
_SUITS = ("predict_next",)
"""What texts with labels and rows of a table can be read for too: as text that goes on."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """How texts are read."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8``, ``cp1252`` or ``gb18030``."""


def sniff(path: Path) -> Match | None:
    """Claim what decodes as text and is no table; a folder where its files of text are not a minority."""
    if path.is_file() and not documents.is_archive(path):
        return _sniff_file(path)
    files = documents.peek(path)
    prose = [file for file in files if _wanted(file)]
    if not prose or (documents.archive_in(path) is None and not _are_text(path, prose)):
        return None
    others = sum(not documents.is_about(file) for file in files) - len(prose)
    count = f"{len(prose):,} file{'s' * (len(prose) > 1)} of text"
    if others > len(prose):
        return Match(confidence=0.2, why=f"it holds {count}, among others", suits=_SUITS)
    return Match(confidence=0.45, why=f"it holds {count}", suits=_SUITS)


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read text to be continued. Raises ``DataError`` for an empty file or one that cannot be decoded."""
    if config.target != "auto":
        raise pictures.unknown_target(config.target, ("auto",), path)
    texts.tick(reading, 0, 1)
    encoding = reading.settings(Config).encoding
    alone = path.is_file() and not documents.is_archive(path)
    found = _one(path, encoding, reading) if alone else _many(path, encoding, reading)
    return texts.dataset(found, config)


def _sniff_file(path: Path) -> Match | None:
    tail = documents.ending(path.name)
    if tail in _NO_TEXT:
        return None
    if path.stat().st_size == 0:
        return Match(confidence=0.1, why="its name says text", suits=_SUITS) if tail in documents.PROSE else None
    head = textfile.head(path)
    if not textfile.looks_like_text(head):
        return None
    some = head.decode("utf-8", "replace")
    letters = sum(c.isalpha() for c in some) / max(1, sum(not c.isspace() for c in some))
    if letters < _FEW_LETTERS:
        return Match(confidence=0.1, why="it is text, though with few letters", suits=_SUITS)
    if tail in documents.PROSE:
        return Match(confidence=0.5, why="it is a file of text", suits=_SUITS)
    return Match(confidence=0.3, why="its content is text", suits=_SUITS)


def _wanted(file: File) -> bool:
    return documents.is_prose(file) and not documents.is_about(file)


def _are_text(path: Path, files: Sequence[File]) -> bool:
    tried = files[:: -(-len(files) // _TRIED)]
    return all(textfile.looks_like_text(textfile.head(Path(path, *file.folders, file.name))) for file in tried)


def _one(path: Path, encoding: str, reading: Reading) -> texts.Found:
    if longtext.is_long(path.stat().st_size) and not textfile.is_packed(path):
        return _long(path, encoding, reading)
    decoded = textfile.read_text(path, encoding)
    if not decoded.text.strip():
        raise DataError("is empty", fix="give a file with text in it", path=path)
    return texts.Found(
        reader="text_file",
        path=path,
        target=Text(),
        parts=[texts.Part(split="all", ids=[path.name], texts=[decoded.text])],
        guesses=textfile.told([decoded]),
        facts={"encodings": texts.encodings([decoded])},
    )


def _long(path: Path, encoding: str, reading: Reading) -> texts.Found:
    """Leave a large file where it is: it is read in pieces."""
    pieces, decoded = longtext.pieces(path, encoding, reading)
    return texts.Found(
        reader="text_file",
        path=path,
        target=Text(),
        parts=[texts.Part(split="all", ids=[f"{path.name}#{i}" for i in range(len(pieces))], texts=pieces)],
        guesses=textfile.told([decoded]),
        facts={"encodings": texts.encodings([decoded])},
    )


def _many(path: Path, encoding: str, reading: Reading) -> texts.Found:
    shelf = documents.shelf(path, _wanted)
    if shelf.found is not None and longtext.is_long(sum(file.num_bytes for file in shelf.files)):
        return _shelved(path, shelf, encoding, reading)
    decoded, skipped = texts.read_all(shelf, shelf.files, encoding, reading)
    skipped += [
        Skipped(id=file.id, reason=texts.EMPTY)
        for file, one in zip(shelf.files, decoded, strict=True)
        if one is not None and not one.text.strip()
    ]
    used = [(file, one) for file, one in zip(shelf.files, decoded, strict=True) if one is not None and one.text.strip()]
    return _found(path, shelf, used, skipped, lambda chosen: [one.text for _, one in chosen])


def _shelved(path: Path, shelf: Shelf, encoding: str, reading: Reading) -> texts.Found:
    """Leave many large files where they are: they are looked through once, and read one by one when asked for."""
    used: list[tuple[File, Decoded]] = []
    places: dict[File, longtext.Place] = {}
    skipped: list[Skipped] = []
    for start in range(0, len(shelf.files), _AT_ONCE):
        files = shelf.files[start : start + _AT_ONCE]
        reading.emit(Worked(what="reading texts", done=start, total=len(shelf.files), unit="texts"))
        decoded, bad = texts.read_all(shelf, files, encoding, reading)
        skipped += bad
        for file, one in zip(files, decoded, strict=True):
            if one is not None and one.text.strip():
                places[file] = longtext.place_of(one.text)
                used.append((file, replace(one, text="")))
            elif one is not None:
                skipped.append(Skipped(id=file.id, reason=texts.EMPTY))
    encodings = {file: one.encoding for file, one in used}

    def filed(chosen: Sequence[tuple[File, Decoded]]) -> longtext.Filed:
        files = [file for file, _ in chosen]
        return longtext.files(
            shelf,
            files,
            lambda file: textfile.decode(shelf.content(file), encodings[file], shelf.root / file.id).text,
            [places[file] for file in files],
        )

    return _found(path, shelf, used, skipped, filed)


def _found(
    path: Path,
    shelf: Shelf,
    used: Sequence[tuple[File, Decoded]],
    skipped: Sequence[Skipped],
    texts_of: Callable[[Sequence[tuple[File, Decoded]]], Any],
) -> texts.Found:
    """Return the files that can be used, each in its split; ``texts_of`` gives the texts of some of them."""
    splits = _splits([file for file, _ in used])
    guesses = [*textfile.told([one for _, one in used])]
    if "all" not in splits:
        guesses.append(
            Guess(what="the files' names say the splits", why="each of them does", flag="--valid PATH --test PATH")
        )
    parts = []
    for split in (name for name in texts.SPLITS if name in splits):
        chosen = [pair for pair, said in zip(used, splits, strict=True) if said == split]
        parts.append(texts.Part(split=split, ids=[file.id for file, _ in chosen], texts=texts_of(chosen)))
    return texts.Found(
        reader="text_file",
        path=path,
        target=Text(),
        parts=parts,
        guesses=tuple(guesses),
        skipped=tuple(skipped),
        facts={
            "num_files": len(used),
            "encodings": texts.encodings(one for _, one in used),
            "passed_over": documents.passed_over(shelf),
        },
    )


def _splits(files: Sequence[File]) -> list[str]:
    """Return the split of each file: what all their folders or names say, else ``all``."""
    said = [_said(file) for file in files]
    told = [split for split in said if split]
    return told if len(told) == len(said) and "train" in told else ["all"] * len(said)


def _said(file: File) -> str | None:
    folders = (layout.SPLIT_NAMES.get(folder.lower()) for folder in file.folders)
    return next(filter(None, folders), None) or layout.split_of(documents.stem(file.name))
