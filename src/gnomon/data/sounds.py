"""From what a reader of recordings found to a data set: decoded once into a memory-mapped cache, and what is refused.

The cache (`data/cache.py`) holds all recordings one after the other as int16, so that data larger than memory is read
as it is needed and an epoch costs nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import Said, Worked
from gnomon.core.spec import Audio, Dataset, Guess, Label, Skipped, Spec, Split
from gnomon.data import cache, pictures, sounddecode
from gnomon.data.content import spread
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import File
from gnomon.data.ragged import Ragged
from gnomon.data.reading import Reading
from gnomon.data.sounddecode import Heard, Sound
from gnomon.data.soundfiles import Read

SCHEMA = 1
MAX_RATE_HZ = 16_000
"""Recordings with a higher rate are brought down to this: what tells sounds apart lies below 8 kHz, mostly."""
LOOKED_AT = 256
"""Recordings whose headers decide the rate, before all are decoded."""
SPLITS = ("train", "valid", "test", "all")

_AT_ONCE = 32
_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Part:
    """One split: its files, the class of each ``(n,)``, and the group of each where groups are kept apart."""

    split: str
    files: Sequence[File]
    targets: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a reader found, before anything is decoded, and how to get at the bytes."""

    reader: str
    path: Path
    name: str
    key: Sequence[object]
    """Changes whenever the content may have."""
    opened: AbstractContextManager[Read]
    parts: Sequence[Part]
    classes: tuple[str, ...]
    group_names: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Tally:
    """Counts of what the files hold."""

    rates: Counter[int] = field(default_factory=Counter)
    channels: Counter[int] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    clipped: list[str] = field(default_factory=list)

    def add(self, heard: Heard, name: str) -> None:
        """Count one recording."""
        self.rates[heard.rate_hz] += 1
        self.channels[heard.channels] += 1
        self.formats[heard.format] += 1
        self.seconds.append(round(heard.seconds, 4))
        if heard.clipped:
            self.clipped.append(name)

    def facts(self) -> dict[str, Any]:
        """Return the counts as the report and the audit tell them."""
        low, middle, high, top = np.percentile(self.seconds, [0, 50, 95, 100]).round(3).tolist()
        return {
            "seconds": {"min": low, "median": middle, "p95": high, "max": top, "sum": round(sum(self.seconds), 1)},
            "rates_hz": {str(rate): count for rate, count in self.rates.most_common(_SHOWN)},
            "channel_counts": {str(number): count for number, count in self.channels.most_common(_SHOWN)},
            "formats": dict(self.formats.most_common(_SHOWN)),
            "num_clipped": len(self.clipped),
            "clipped": self.clipped[:_SHOWN],
        }


def dataset(source: Source, rate_hz: int | Auto, config: DataConfig, reading: Reading) -> Dataset:
    """Return a source's recordings, memory-mapped, decoding them only if that was not done before.

    Raises ``DataError`` where more than ``config.max_bad`` of them cannot be used or a class has none,
    ``ResourceError`` where the cache cannot be written, ``UsageError`` where the decoder is not installed.
    """
    sounddecode.require_decoder()
    folder = cache.folder_for(reading.cache_dir, _key(source, rate_hz))
    stored = _opened(folder, reading)
    if stored is None:
        _fill(folder, source, rate_hz, reading)
        stored = cache.open_stored(folder)
        if stored is None:
            raise DataError("the decoded cache vanished while it was read", fix="give the same command again")
    found = _as_dataset(source, stored)
    pictures.refuse_bad(found, config)
    pictures.refuse_empty(found, config)
    return found


def _key(source: Source, rate_hz: int | Auto) -> str:
    digest = hashlib.blake2b(digest_size=16)
    placed = [(part.split, part.targets.tolist(), part.groups is None) for part in source.parts]
    groups = [part.groups.tolist() for part in source.parts if part.groups is not None]
    for one in (cache.SCHEMA, SCHEMA, source.reader, rate_hz, source.classes, placed, groups, *source.key):
        digest.update(repr(one).encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def _opened(folder: Path, reading: Reading) -> cache.Stored | None:
    try:
        return cache.open_stored(folder)
    except cache.DamagedError as error:
        reading.emit(Said(text=f"the decoded cache is damaged ({error}): decoding again", level="warning"))
        return None


def _as_dataset(source: Source, stored: cache.Stored) -> Dataset:
    header = stored.header
    samples = stored.pixels.view("<i2")
    offsets = np.zeros(len(stored.hashes) + 1, np.int64)
    np.cumsum(stored.extras["lengths"], out=offsets[1:])
    groups = stored.extras.get("groups")
    splits = {
        name: Split(
            inputs=Ragged(samples[offsets[start] : offsets[stop]], offsets[start : stop + 1] - offsets[start]),
            targets=stored.targets[start:stop],
            ids=stored.ids.part(start, stop),
            hashes=stored.hashes[start:stop],
            groups=None if groups is None else groups[start:stop],
        )
        for name, (start, stop) in header["splits"].items()
        if stop > start
    }
    return Dataset(
        name=source.name,
        source=str(source.path),
        reader=source.reader,
        spec=Spec(input=Audio(rate_hz=header["rate_hz"]), target=Label(classes=tuple(header["classes"]))),
        splits=splits,
        fingerprint=_fingerprint(header),
        guesses=(*source.guesses, *(Guess(**guess) for guess in header["guesses"])),
        skipped=tuple(Skipped(**one) for one in header["skipped"]),
        facts={**header["facts"], **source.facts},
    )


def _fingerprint(header: Mapping[str, Any]) -> str:
    content = [header[name] for name in ("splits", "classes", "rate_hz")]
    digests = [header["digests"][name] for name in ("hashes.v16", "targets.i64", "lengths.i64")]
    return hashlib.blake2b(repr((content, digests)).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _fill(folder: Path, source: Source, rate_hz: int | Auto, reading: Reading) -> None:
    """Decode all recordings into the cache ``folder``, in threads, in order, in bounded memory."""
    _stop_if_asked(reading)
    with source.opened as read:
        seen = _look(source, read)
        rate = _rate(seen) if rate_hz == "auto" else rate_hz
        with cache.writing(
            folder, round(sum(h.seconds for h in seen) / len(seen) * _count(source) * rate * 2)
        ) as writer:
            _decode_all(writer, source, read, rate, reading)
            writer.facts["guesses"] = [asdict(guess) for guess in _guesses(seen, rate, chosen=rate_hz != "auto")]


def _decode_all(writer: cache.Writer, source: Source, read: Read, rate: int, reading: Reading) -> None:
    tally, skipped, bounds, lengths = _Tally(), list(source.skipped), {}, []
    groups: list[int] = []
    done, total = 0, _count(source)
    for part in source.parts:
        begin = writer.num_samples
        for place, found in enumerate(_decoded(part, read, rate)):
            name, target = part.files[place].id, int(part.targets[place])
            done += 1
            if done % _AT_ONCE == 0:
                _stop_if_asked(reading)
                reading.emit(Worked(what="decoding", done=done, total=total, unit="recordings"))
            if isinstance(found, UnreadableError):
                label = source.classes[target]
                skipped.append(Skipped(id=name, reason=str(found), split=part.split, label=label))
                continue
            tally.add(found.heard, name)
            one = np.ascontiguousarray(found.samples, "<i2").view(np.uint8)
            writer.add([one], hashlib.sha256(one.data).digest()[:16], part.targets[[place]], [name])
            lengths.append(len(found.samples))
            groups += [] if part.groups is None else [int(part.groups[place])]
        bounds[part.split] = [begin, writer.num_samples]
    if not lengths:
        reasons = "; ".join(f"{why} ({n} times)" for why, n in Counter(s.reason for s in skipped).most_common(3))
        raise DataError(
            f"none of {total:,} recordings can be used: {reasons}", fix="give recordings that a player can play"
        )
    writer.extras = {"lengths": np.array(lengths, np.int64)}
    if any(part.groups is not None for part in source.parts):
        writer.extras["groups"] = np.array(groups, np.int64)
    writer.facts = {
        "shape": [2 * sum(lengths)],
        "rate_hz": rate,
        "splits": bounds,
        "classes": list(source.classes),
        "skipped": [asdict(one) for one in skipped],
        "facts": tally.facts(),
    }


def _decoded(part: Part, read: Read, rate: int) -> Iterator[Sound | UnreadableError]:
    """Yield what becomes of each file, in order, with a bounded number of them in the works."""

    def block(files: Sequence[File]) -> list[Sound | UnreadableError]:
        return [_one(read, file, rate) for file in files]

    chunks = _chunks(part.files)
    workers = min(4, os.cpu_count() or 1)
    waiting: deque[Future[list[Sound | UnreadableError]]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for chunk in chunks:
            waiting.append(pool.submit(block, chunk))
            if len(waiting) > 2 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(files: Sequence[File]) -> Iterator[Sequence[File]]:
    for start in range(0, len(files), _AT_ONCE):
        yield files[start : start + _AT_ONCE]


def _one(read: Read, file: File, rate: int) -> Sound | UnreadableError:
    try:
        return sounddecode.decode(read(file), rate)
    except UnreadableError as error:
        return error


def _look(source: Source, read: Read) -> list[Heard]:
    """Return what the headers of some recordings say, evenly spread; of all where none of those is readable."""
    files = [file for part in source.parts for file in part.files]
    reasons: Counter[str] = Counter()
    for chosen in (spread(len(files), LOOKED_AT), range(len(files))):
        seen = []
        for place in chosen:
            try:
                seen.append(sounddecode.look(read(files[place])))
            except UnreadableError as error:
                reasons[str(error)] += 1
        if seen:
            return seen
    told = "; ".join(reason for reason, _ in reasons.most_common(3))
    what = f"none of {len(files):,} recordings can be read: {told}"
    raise DataError(what, fix="give recordings that a player can play", path=source.path)


def _rate(seen: Sequence[Heard]) -> int:
    """Return the rate that most recordings have, or the highest that is used where that is less."""
    return min(MAX_RATE_HZ, Counter(heard.rate_hz for heard in seen).most_common(1)[0][0])


def _guesses(seen: Sequence[Heard], rate: int, *, chosen: bool) -> tuple[Guess, ...]:
    rates = Counter(heard.rate_hz for heard in seen)
    guesses = []
    if not chosen and set(rates) != {rate}:
        told = ", ".join(f"{hz:,} Hz" for hz, _ in rates.most_common(3))
        why = f"they come with {told}" + (
            "; what tells sounds apart lies below 8 kHz, mostly" if max(rates) > rate else ""
        )
        guesses.append(Guess(what=f"recordings are brought to {rate:,} Hz", why=why, flag="--set reader.rate_hz=22050"))
    if any(heard.channels > 1 for heard in seen):
        why = "what a recording is rarely depends on the side that it comes from"
        guesses.append(Guess(what="the channels of a recording are mixed to one", why=why, flag=""))
    return tuple(guesses)


def _count(source: Source) -> int:
    return sum(len(part.files) for part in source.parts)


def _stop_if_asked(reading: Reading) -> None:
    if reading.should_stop():
        raise StoppedError("stopped while recordings were being decoded", fix="give the same command again")
