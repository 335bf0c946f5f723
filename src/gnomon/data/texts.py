"""From texts that a reader found to a data set: what is left out, what is counted, what is refused."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import Worked
from gnomon.core.spec import Dataset, Guess, Label, Skipped, Spec, Split, Tags, Text
from gnomon.data import pictures, textfile
from gnomon.data.documents import Shelf
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import File
from gnomon.data.longtext import Filed
from gnomon.data.ragged import Items, Ragged, digests
from gnomon.data.reading import Reading
from gnomon.data.textfile import Decoded

EMPTY = "has no text"
"""Why a text of blanks alone is left out."""
SPLITS = ("train", "valid", "test", "all")
_EVERY = 2000
_MAX_COUNTED = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Part:
    """One split as it was read: texts (or tuples of words), their names, and their targets where they have any."""

    split: str
    ids: Sequence[str]
    texts: Sequence[Any] | Filed
    targets: npt.NDArray[np.int64] | Ragged | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that a reader of texts found."""

    reader: str
    path: Path
    target: Label | Tags | Text
    parts: Sequence[Part]
    guesses: tuple[Guess, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def dataset(found: Found, config: DataConfig) -> Dataset:
    """Return the data set of some texts.

    Raises ``DataError`` where nothing is left, or more than ``config.max_bad`` of the samples cannot be used.
    """
    parts = [part for part in found.parts if len(part.texts)]
    _refuse_bad(found, sum(len(part.texts) for part in parts), config)
    if not parts:
        raise DataError("holds no text", fix="give a file with text in it", path=found.path)
    splits = {part.split: _split(part) for part in parts}
    words = isinstance(found.target, Tags)
    facts = _measured(parts, words=words)
    empty = sum(one.reason == EMPTY for one in found.skipped)
    return Dataset(
        name=found.path.resolve().name.partition(".")[0],
        source=str(found.path),
        reader=found.reader,
        spec=Spec(input=Text(words=words), target=found.target),
        splits=splits,
        fingerprint=_fingerprint(splits, found.target),
        guesses=found.guesses,
        skipped=found.skipped,
        facts={**facts, "num_empty": empty, **found.facts},
    )


def _measured(parts: Sequence[Part], *, words: bool) -> dict[str, Any]:
    filed = [part.texts for part in parts if isinstance(part.texts, Filed)]
    if not filed:
        return measured([text for part in parts for text in part.texts], words=words)
    return {"num_characters": int(sum(texts.lengths.sum() for texts in filed)), "in_memory": False}


def measured(texts: Sequence[Any], *, words: bool = False) -> dict[str, Any]:
    """Return counts over some texts: characters, or words where they are tuples of words, and how long they are."""
    lengths = np.array([len(text) for text in texts], np.int64)
    facts: dict[str, Any] = {"num_words" if words else "num_characters": int(lengths.sum())}
    if words:
        facts["num_characters"] = sum(len(word) for text in texts for word in text)
    elif facts["num_characters"] <= _MAX_COUNTED:
        facts["num_distinct_characters"] = len(set().union(*texts))
    if len(lengths):
        low, middle, high, top = np.percentile(lengths, [0, 50, 95, 100]).astype(int).tolist()
        facts["length"] = {
            "unit": "words" if words else "characters",
            "min": low,
            "median": middle,
            "mean": round(float(lengths.mean()), 1),
            "p95": high,
            "max": top,
        }
    return facts


def read_all(
    shelf: Shelf, files: Sequence[File], encoding: str, reading: Reading
) -> tuple[list[Decoded | None], list[Skipped]]:
    """Return the text of each file, None for those that have none, and why these were left out.

    Files that are no UTF-8 share one encoding, found in all of them together. Raises ``StoppedError`` where a signal
    asked to stop.
    """
    texts: list[Decoded | None] = [None] * len(files)
    skipped: list[Skipped] = []
    odd: dict[int, bytes] = {}
    for i, file in enumerate(files):
        tick(reading, i, len(files))
        try:
            data = shelf.content(file)
            texts[i] = _decoded(data, encoding)
            if texts[i] is None:
                odd[i] = data
        except UnreadableError as error:
            skipped.append(Skipped(id=file.id, reason=str(error)))
        except DataError as error:
            skipped.append(Skipped(id=file.id, reason=error.what))
    shared = textfile.detect(textfile.pool(list(odd.values()))) if odd else None
    for i, data in odd.items():
        try:
            texts[i] = textfile.decode_shared(data, shared, shelf.root / files[i].id)
        except DataError as error:
            skipped.append(Skipped(id=files[i].id, reason=error.what))
    return texts, skipped


def _decoded(data: bytes, encoding: str) -> Decoded | None:
    """Return the text of a file, or None where its encoding is to be found together with that of others."""
    return textfile.decode(data, encoding) if encoding != "auto" or textfile.is_plain(data) else None


def tick(reading: Reading, done: int, total: int) -> None:
    """Tell of progress now and then, and stop where a signal asked to. Raises ``StoppedError``."""
    if done % _EVERY == 0:
        if reading.should_stop():
            raise StoppedError("stopped while texts were being read", fix="give the same command again")
        if done:
            reading.emit(Worked(what="reading texts", done=done, total=total, unit="texts"))


def encodings(decoded: Iterable[Decoded | None]) -> dict[str, int]:
    """Return how many files were in which encoding."""
    return dict(sorted(Counter(one.encoding for one in decoded if one is not None).items()))


def _split(part: Part) -> Split:
    if isinstance(part.texts, Filed):
        return Split(inputs=part.texts, targets=part.texts, ids=Items(part.ids), hashes=part.texts.hashes)
    inputs = Items(part.texts)
    return Split(
        inputs=inputs,
        targets=inputs if part.targets is None else part.targets,
        ids=Items(part.ids),
        hashes=digests(_contents(part.texts)),
    )


def _contents(texts: Sequence[Any]) -> Iterator[bytes]:
    for text in texts:
        whole = text if isinstance(text, str) else "\0".join(text)
        yield whole.encode("utf-8", "surrogatepass")


def _fingerprint(splits: Mapping[str, Split], target: Label | Tags | Text) -> str:
    digest = hashlib.blake2b(repr(target).encode("utf-8", "surrogatepass"), digest_size=16)
    for name, split in splits.items():
        digest.update(name.encode() + split.hashes.tobytes())
        values = split.targets.values if isinstance(split.targets, Ragged) else split.targets
        if isinstance(values, np.ndarray):
            digest.update(values.tobytes())
    return digest.hexdigest()


def _refuse_bad(found: Found, num_good: int, config: DataConfig) -> None:
    num_bad = len(found.skipped)
    total = num_bad + num_good
    if num_bad <= config.max_bad * total:
        return
    share = num_bad / total
    raise DataError(
        f"{num_bad:,} of {total:,} samples cannot be used ({share:.1%}, the limit is {config.max_bad:.1%}):\n"
        + pictures.listed(found.skipped[: pictures.SHOWN_BAD]),
        fix=f"mend or remove them, or accept them with --max-bad {min(1.0, (int(share * 100) + 1) / 100)}",
        path=found.path,
    )
