"""Decoding all pictures of a data set into the cache: in threads, in order, in bounded memory.

Threads are enough: decoders release the interpreter lock.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import Worked
from gnomon.core.spec import Skipped
from gnomon.data import cache, decode, fitting
from gnomon.data.content import Content, Part, Payload
from gnomon.data.fitting import Fit, Frame, Pixels
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import read_bytes
from gnomon.data.reading import Reading

LOOKED_AT = 256
"""Pictures whose headers decide the frame, before all are decoded."""

SMALL_PX = 128 * 128
"""Pictures with fewer pixels are decoded in one thread: with them, threads mostly wait for the interpreter's lock."""

_AT_ONCE = 32
_SHOWN_SIZES = 10


class FrameError(Exception):
    """A picture does not fit the frame that the first look chose."""

    def __init__(self, seen: decode.Seen) -> None:
        super().__init__()
        self.seen = seen


@dataclass
class Tally:
    """Counts of what the files hold."""

    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    animated: int = 0
    turned: int = 0
    num_bytes: int = 0

    def add(self, seen: decode.Seen, num_bytes: int) -> None:
        """Count one picture."""
        self.sizes[seen.width_px, seen.height_px] += 1
        self.modes[seen.mode] += 1
        self.formats[seen.format] += 1
        self.animated += seen.animated
        self.turned += seen.turned
        self.num_bytes += num_bytes

    def merge(self, other: Tally) -> None:
        """Add the counts of ``other``."""
        self.sizes += other.sizes
        self.modes += other.modes
        self.formats += other.formats
        self.animated += other.animated
        self.turned += other.turned
        self.num_bytes += other.num_bytes

    def facts(self) -> dict[str, Any]:
        """Return the counts as the report shows them."""
        short = sorted(min(size) for size in self.sizes.elements())
        common = self.sizes.most_common(_SHOWN_SIZES)
        return {
            "sizes": [{"width_px": w, "height_px": h, "n": n} for (w, h), n in common],
            "num_sizes": len(self.sizes),
            "short_side_px": {"min": short[0], "median": short[len(short) // 2], "max": short[-1]},
            "modes": dict(self.modes),
            "formats": dict(self.formats),
            "animated": self.animated,
            "turned": self.turned,
            "num_bytes": self.num_bytes,
        }


@dataclass
class Block:
    """Some decoded pictures: pixels of the good ones, their places, digests, and what was wrong with the others."""

    pixels: list[Pixels]
    good: list[int]
    hashes: bytes
    bad: list[tuple[int, str]]
    tally: Tally


def fill(folder: Path, content: Content, size_px: int | Literal["auto"], fit: Fit, reading: Reading) -> None:
    """Decode all pictures of ``content`` and leave them in the cache ``folder``.

    Raises ``DataError`` where no picture is readable, ``ResourceError`` where the cache cannot be written,
    ``StoppedError`` where a signal asked to stop.
    """
    with decode.quiet():
        seen = _look(content)
        frame = fitting.choose(_sizes(seen), all(one.grey for one in seen), size_px, fit)
        workers = num_workers(seen)
        while True:
            try:
                _fill(folder, content, frame, workers, reading)
            except FrameError as broken:
                frame = _mended(frame, [*seen, broken.seen])
            else:
                return


def num_workers(seen: Sequence[decode.Seen]) -> int:
    """Return in how many threads to decode pictures like these: one for small ones, else one a processor."""
    areas = sorted(one.width_px * one.height_px for one in seen)
    if areas[len(areas) // 2] < SMALL_PX:
        return 1
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _look(content: Content) -> list[decode.Seen]:
    """Return what the headers of some pictures say; at least one, where any is readable."""
    num_samples = sum(len(part.ids) for part in content.parts)
    reasons: list[str] = []
    seen: list[decode.Seen] = []
    for part in content.parts:
        share = -(-LOOKED_AT * len(part.ids) // max(1, num_samples))
        seen += _readable(part.payloads.some(share), reasons)
    if not seen:
        everything = itertools.chain.from_iterable(part.payloads for part in content.parts)
        seen = list(itertools.islice(_readable(everything, reasons), 1))
    if not seen:
        reasons += [skipped.reason for skipped in content.skipped]
        common = "; ".join(f"{reason} ({n} times)" for reason, n in Counter(reasons).most_common(3))
        raise DataError(
            f"none of {num_samples} pictures can be read: {common}", fix="give pictures that a viewer can open"
        )
    return seen


def _readable(payloads: Iterator[Payload], reasons: list[str]) -> Iterator[decode.Seen]:
    for payload in payloads:
        try:
            yield _look_at(payload)
        except UnreadableError as error:
            reasons.append(str(error))


def _look_at(payload: Payload) -> decode.Seen:
    if isinstance(payload, np.ndarray):
        return decode.look_at_array(payload)
    return decode.look(_bytes(payload))


def _bytes(payload: bytes | Path | UnreadableError) -> bytes:
    if isinstance(payload, UnreadableError):
        raise payload
    return payload if isinstance(payload, bytes) else read_bytes(payload, decode.MAX_FILE_BYTES)


def _sizes(seen: Sequence[decode.Seen]) -> list[tuple[int, int]]:
    return [(one.width_px, one.height_px) for one in seen]


def _mended(frame: Frame, seen: Sequence[decode.Seen]) -> Frame:
    """Return a frame that the last of ``seen`` fits as well."""
    if frame.channels == 1 and not seen[-1].grey:
        frame = replace(frame, channels=3)
    if frame.kept and len(set(_sizes(seen))) > 1:
        side = fitting.square_side(_sizes(seen))
        frame = replace(frame, height_px=side, width_px=side, kept=False)
    return frame


def _fill(folder: Path, content: Content, frame: Frame, workers: int, reading: Reading) -> None:
    shape = (frame.height_px, frame.width_px, frame.channels)
    total = sum(len(part.ids) for part in content.parts)
    tally, skipped, bounds = Tally(), list(content.skipped), {}
    done = 0
    with cache.writing(folder, total * int(np.prod(shape))) as writer:
        for part in content.parts:
            begin, at = writer.num_samples, 0
            for block in _blocks(part, frame, workers):
                _stop_if_asked(reading)
                _store(writer, part, at, block)
                skipped += _skipped(part, at, block, content.classes)
                tally.merge(block.tally)
                at += len(block.good) + len(block.bad)
                done += len(block.good) + len(block.bad)
                reading.emit(Worked(what="decoding", done=done, total=total, unit="pictures"))
            bounds[part.split] = [begin, writer.num_samples]
        if not writer.num_samples:
            raise DataError(
                f"none of {total} pictures can be decoded: {skipped[0].reason}",
                fix="give pictures that a viewer can open",
            )
        writer.facts = {
            "splits": bounds,
            "classes": list(content.classes),
            "frame": asdict(frame),
            "guesses": [asdict(guess) for guess in content.guesses],
            "skipped": [asdict(one) for one in skipped],
            "facts": {**tally.facts(), **content.facts},
        }


def _stop_if_asked(reading: Reading) -> None:
    if reading.should_stop():
        raise StoppedError("stopped while pictures were being decoded", fix="give the same command again")


def _blocks(part: Part, frame: Frame, workers: int) -> Iterator[Block]:
    """Yield decoded blocks in order, with a bounded number of them in the works."""
    payloads = iter(part.payloads)
    chunks = iter(lambda: list(itertools.islice(payloads, _AT_ONCE)), [])
    if workers == 1:
        yield from (_decode_block(chunk, frame) for chunk in chunks)
        return
    waiting: deque[Future[Block]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for chunk in chunks:
            waiting.append(pool.submit(_decode_block, chunk, frame))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _decode_block(chunk: list[Payload], frame: Frame) -> Block:
    pixels: list[Pixels] = []
    good: list[int] = []
    bad: list[tuple[int, str]] = []
    digests: list[bytes] = []
    tally = Tally()
    for i, payload in enumerate(chunk):
        try:
            picture, num_bytes = _decode(payload, frame)
        except UnreadableError as error:
            bad.append((i, str(error)))
            continue
        _require_fit(picture.seen, frame)
        one = np.ascontiguousarray(picture.pixels)
        pixels.append(one)
        digests.append(hashlib.sha256(one.data).digest()[:16])
        good.append(i)
        tally.add(picture.seen, num_bytes)
    return Block(pixels, good, b"".join(digests), bad, tally)


def _decode(payload: Payload, frame: Frame) -> tuple[decode.Picture, int]:
    wanted = (frame.height_px, frame.width_px, frame.channels, frame.fit)
    if isinstance(payload, np.ndarray):
        return decode.fit_array(payload, *wanted), payload.nbytes
    data = _bytes(payload)
    return decode.decode(data, *wanted), len(data)


def _require_fit(seen: decode.Seen, frame: Frame) -> None:
    other_size = frame.kept and (seen.width_px, seen.height_px) != (frame.width_px, frame.height_px)
    if other_size or (frame.channels == 1 and not seen.grey):
        raise FrameError(seen)


def _store(writer: cache.Writer, part: Part, at: int, block: Block) -> None:
    places = [at + i for i in block.good]
    if places:
        writer.add(block.pixels, block.hashes, part.targets[places], [part.ids[i] for i in places])


def _skipped(part: Part, at: int, block: Block, classes: tuple[str, ...]) -> list[Skipped]:
    return [
        Skipped(
            id=part.ids[at + i], reason=reason, split=part.split, label=classes[part.targets[at + i]] if classes else ""
        )
        for i, reason in block.bad
    ]
