"""A text to be continued, from documents to ids: which tokens, learnt on the training split, kept in the cache.

Documents are read one by one and written in pieces, so that a corpus may be larger than memory.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from gnomon.core.config import Auto
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import Emit, Said, Worked
from gnomon.core.spec import Column, Guess, Split
from gnomon.data import ordered, tokencache
from gnomon.data.subwords import NUM_BYTES, Subwords, cut_at_words
from gnomon.data.tokencache import Corpus, DamagedError, Writer
from gnomon.data.tokenise import Bytes, Characters, ExactTokenizer, Stop, require_going_on, utf8

Kind = Literal["bytes", "characters", "subwords"]

MAX_ALPHABET = 512
"""Different characters up to which each gets an id of its own."""
MAX_SMALL = 20_000_000
"""Characters up to which a text is read character by character."""
TRAINED_ON = 64_000_000
"""Characters from which subwords are learnt at most; of a longer text every n-th piece is taken."""

_KEPT_FROM = {"bytes": 16_000_000, "characters": 16_000_000, "subwords": 1_000_000}
"""Characters from which ids are kept in the cache: making them again would take longer than opening them."""
_AT_ONCE = 1 << 20
_LEARNT_A_SECOND = 500_000
"""Characters from which subwords are learnt for each second that is allowed: about a quarter of it goes there."""
_LEAST_LEARNT = 2_000_000
_AFFORDABLE = ((5.0, 512.0), (6.0, 2048.0), (7.0, 8192.0), (8.0, 16384.0))
"""Decimal logarithm of the characters, and how many subwords they pay for."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a look at the training text found. ``alphabet`` counts its characters, those of the first part of it."""

    num_characters: int
    alphabet: Counter[str]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where to keep ids (None: nowhere), whom to tell, when to stop."""

    cache_dir: Path | None
    emit: Emit
    should_stop: Stop
    allowed_s: float | None = None
    """Seconds that learning the tokens and encoding the training text may take; None: as many as they need."""


def fit(
    train: Split, kind: Kind | Auto, vocabulary: int | Auto, *, documents: bool, around: Surroundings
) -> tuple[ExactTokenizer, tuple[Guess, ...]]:
    """Return the tokenizer for a training text and, where it was not told which, why it is this one.

    Raises ``DataError`` for an empty text, ``UsageError`` where ``vocabulary`` does not suit, ``StoppedError``.
    """
    seen = survey(train.inputs, around.should_stop)
    if not seen.num_characters:
        raise DataError("the training text is empty", fix="give a text, or another --split")
    chosen = _choice(seen) if kind == "auto" else kind
    size = _size(chosen, vocabulary, seen)
    tokenizer = _tokenizer(chosen, size, train, seen, documents, around)
    return tokenizer, (_guess(tokenizer, seen),) if kind == "auto" else ()


def survey(texts: Column, should_stop: Stop) -> Survey:
    """Count the characters of some documents. Raises ``StoppedError``."""
    total = 0
    alphabet: Counter[str] = Counter()
    for text in each(texts):
        require_going_on(should_stop)
        if total < MAX_SMALL:
            alphabet.update(text)
        else:
            total = ordered.num_characters(texts)
            break
        total += len(text)
    return Survey(num_characters=total, alphabet=alphabet)


def vocabulary_for(num_characters: int) -> int:
    """Return how many subwords a text of so many characters pays for: 2,048 for a million, 16,384 at most."""
    sizes, counts = zip(*_AFFORDABLE, strict=True)
    log = np.interp(np.log10(max(num_characters, 1)), sizes, np.log2(counts))
    return round(2 ** float(log) / 64) * 64


def thinning(tokenizer: ExactTokenizer, part: Split, around: Surroundings) -> int:
    """Return that one of how many groups of a million characters is to be encoded, so that the time suffices.

    1 where all can be, or where the time does not matter.
    """
    total = ordered.num_characters(part.inputs)
    if around.allowed_s is None or total < 4 * _AT_ONCE:
        return 1
    started_s = time.perf_counter()
    pieces, _ = next(_groups(tokenizer, part.inputs))
    cut_s = time.perf_counter()
    tokenizer.ids_of(pieces)
    groups = total / sum(map(len, pieces))
    cutting_s, encoding_s = groups * (cut_s - started_s), groups * (time.perf_counter() - cut_s)
    left_s = max(around.allowed_s - cutting_s, around.allowed_s / 4)  # all of it is cut, whatever is taken
    return min(max(1, math.ceil(encoding_s / left_s)), total // (2 * _AT_ONCE))


def encoded(tokenizer: ExactTokenizer, part: Split, name: str, around: Surroundings, *, every: int = 1) -> Corpus:
    """Return a split as ids, from the cache where they lie there; what is long is kept there.

    Of the groups of a million characters each ``every``-th is taken.

    Raises ``ResourceError`` where the cache cannot be written, ``StoppedError`` where a signal asked to stop.
    """
    num_characters = ordered.num_characters(part.inputs)
    progress = Worked(what=f"encoding {name}", done=0, total=num_characters, unit="characters")
    if around.cache_dir is None or num_characters < _KEPT_FROM[tokenizer.kind]:
        writer = Writer(None, tokenizer.sizes[0])
        _write(tokenizer, part.inputs, writer, progress, around, every)
        return writer.in_memory()
    described = json.dumps(tokenizer.as_dict(), sort_keys=True).encode()
    folder = tokencache.folder_for(
        around.cache_dir, tokencache.key_of([described, *_identity(part), *([b"%d" % every] if every > 1 else [])])
    )
    found = _from_cache(folder, around.emit)
    if found is None:
        with tokencache.writing(folder, tokenizer.sizes[0]) as writer:
            _write(tokenizer, part.inputs, writer, progress, around, every)
        found = tokencache.opened(folder)
    if found is None:
        raise DataError("the cache vanished while it was read", fix="give the same command again", path=folder)
    return found


def each(texts: Column) -> Iterator[str]:
    """Yield the documents one by one: more of them need not fit into memory."""
    return (texts[i] for i in range(len(texts)))


def _choice(seen: Survey) -> Kind:
    few = len(seen.alphabet) <= MAX_ALPHABET and seen.num_characters < MAX_SMALL
    return "characters" if few else "subwords"


def _size(kind: Kind, vocabulary: int | Auto, seen: Survey) -> int:
    if kind == "bytes" and vocabulary != "auto":
        raise UsageError("text.vocabulary says nothing where tokens are bytes", fix="leave it out")
    if kind == "subwords" and vocabulary != "auto" and vocabulary <= NUM_BYTES + 2:
        raise UsageError(
            f"text.vocabulary = {vocabulary} leaves no room for subwords beside the {NUM_BYTES} bytes",
            fix="choose 512 or more, or --set text.tokens=bytes",
        )
    if vocabulary != "auto":
        return vocabulary
    return vocabulary_for(seen.num_characters) if kind == "subwords" else len(seen.alphabet)


def _tokenizer(
    kind: Kind, size: int, train: Split, seen: Survey, documents: bool, around: Surroundings
) -> ExactTokenizer:
    if kind == "bytes":
        return Bytes(documents=documents)
    if kind == "subwords":
        return _subwords(size, train, seen, documents, around)
    well_known = sorted(seen.alphabet, key=lambda c: (-seen.alphabet[c], c))
    return Characters([c for c in well_known if not 0xD800 <= ord(c) < 0xE000][:size], documents=documents)


def _subwords(size: int, train: Split, seen: Survey, documents: bool, around: Surroundings) -> Subwords:
    """Return subwords learnt before from the very same text, else learn them, and keep those of a long text."""
    if around.cache_dir is None or seen.num_characters < _KEPT_FROM["subwords"]:
        return _learnt(size, train, seen, documents, around)
    wanted = f"subwords {size} {documents} {_learnt_on(around.allowed_s)}".encode()
    folder = tokencache.folder_for(around.cache_dir, tokencache.key_of([wanted, *_identity(train)]))
    try:
        if values := tokencache.remembered(folder):
            return Subwords.from_dict(values)
    except DamagedError as error:
        around.emit(Said(text=f"the cached tokenizer is damaged ({error}): learning it again", level="warning"))
    learnt = _learnt(size, train, seen, documents, around)
    tokencache.remember(folder, learnt.as_dict())
    return learnt


def _learnt(size: int, train: Split, seen: Survey, documents: bool, around: Surroundings) -> Subwords:
    every = -(-seen.num_characters // _learnt_on(around.allowed_s))
    pieces = (piece for text in each(train.inputs) for piece in cut_at_words(text))

    def watched() -> Iterator[str]:
        done = 0
        for piece in itertools.islice(pieces, 0, None, every):
            require_going_on(around.should_stop)
            done += len(piece) * every
            around.emit(Worked(what="learning subwords", done=done, total=seen.num_characters, unit="characters"))
            yield piece

    return Subwords.trained(watched(), vocabulary=size, documents=documents)


def _learnt_on(allowed_s: float | None) -> int:
    """Return from how many characters subwords are learnt."""
    if allowed_s is None:
        return TRAINED_ON
    return int(min(TRAINED_ON, max(_LEAST_LEARNT, allowed_s * _LEARNT_A_SECOND)))


def _guess(tokenizer: ExactTokenizer, seen: Survey) -> Guess:
    if tokenizer.kind == "characters":
        return Guess(
            what=f"the text is read character by character, {len(seen.alphabet)} different ones",
            why=f"it has {seen.num_characters:,} characters, and few different ones",
            flag="--set text.tokens=subwords",
        )
    many = seen.num_characters >= MAX_SMALL
    why = f"it has {seen.num_characters:,} characters"
    return Guess(
        what=f"the text is read as subwords, {tokenizer.sizes[0]:,} different ones",
        why=why if many else f"{why}, {len(seen.alphabet):,} different ones",
        flag="--set text.tokens=bytes, or --set text.vocabulary=4096",
    )


def _write(
    tokenizer: ExactTokenizer, texts: Column, writer: Writer, progress: Worked, around: Surroundings, every: int
) -> None:
    done = 0
    for number, (pieces, begins) in enumerate(_groups(tokenizer, texts)):
        require_going_on(around.should_stop)
        if number % every:
            done += sum(map(len, pieces))
            nothing = np.zeros(0, np.int64)
            writer.add(nothing, starts=np.zeros(len(begins), np.int64), num_bytes=0, num_characters=0)
            continue
        ids, counts = tokenizer.ids_of(pieces)
        starts = np.concatenate([[0], np.cumsum(counts)])[begins].astype(np.int64)
        if tokenizer.separator is not None:
            between = starts if done else starts[1:]  # nothing lies before the first document
            ids = np.insert(ids, between, tokenizer.separator)
            starts = starts + np.arange(len(starts)) + bool(done)
        num_characters = sum(map(len, pieces))
        num_bytes = sum(len(piece) if piece.isascii() else len(utf8(piece)) for piece in pieces)
        writer.add(ids, starts=starts, num_bytes=num_bytes, num_characters=num_characters)
        done += num_characters
        around.emit(Worked(what=progress.what, done=done, total=progress.total, unit=progress.unit))


def _groups(tokenizer: ExactTokenizer, texts: Column) -> Iterator[tuple[list[str], list[int]]]:
    """Yield pieces of about a million characters together, and before which of them a document begins."""
    pieces: list[str] = []
    begins: list[int] = []
    size = 0
    for text in each(texts):
        begins.append(len(pieces))
        for piece in tokenizer.pieces(text):
            pieces.append(piece)
            size += len(piece)
            if size >= _AT_ONCE:
                yield pieces, begins
                pieces, begins, size = [], [], 0
    if pieces or begins:
        yield pieces, begins


def _from_cache(folder: Path, emit: Emit) -> Corpus | None:
    try:
        return tokencache.opened(folder)
    except DamagedError as error:
        emit(Said(text=f"the cached tokens are damaged ({error}): encoding again", level="warning"))
        return None


def _identity(part: Split) -> list[bytes]:
    """Return what tells this text from others: digests of its documents, and where the first and the last are cut."""
    ends = [len(part.inputs[i]) for i in (0, len(part) - 1)] if len(part) else []
    return [np.ascontiguousarray(part.hashes).tobytes(), repr((len(part), ends)).encode()]
