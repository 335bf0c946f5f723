"""What data in order looked like, kept compactly: enough to tell whether ranges of it still mean the same.

A million rows leave about ten kilobytes: digests of blocks of rows, of their times and of their values.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import printable
from gnomon.core.spec import Split
from gnomon.data.changes import Changes
from gnomon.data.ordered import Unit, offsets

Digests = npt.NDArray[np.uint64]

_BLOCK = 4096
_DIGEST_BYTES = 8
_MAX_JSON_BYTES = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How data in order differ from what they were."""

    lines: tuple[str, ...]
    keeps_ranges: bool
    """Whether every old range still means the same place, so that at most values there were edited."""
    grown_by: int = 0
    """Characters or rows that came to the end, where ranges are kept."""


def trace(whole: Split, unit: Unit) -> dict[str, Any]:
    """Return what a split in order is, as JSON values."""
    if unit == "rows":
        times, values = _row_digests(whole, len(whole))
        names = {"first": _id(whole, 0), "last": _id(whole, len(whole) - 1)} if len(whole) else {}
        return {"size": len(whole), **names, "block": _BLOCK, "times": _packed(times), "values": _packed(values)}
    sizes = np.diff(offsets(whole.inputs))
    listed = json.dumps({"ids": _ids(whole), "characters": sizes.tolist()}).encode()
    return {
        "size": int(sizes.sum()),
        "documents": base64.b64encode(zlib.compress(listed, 1)).decode(),
        "contents": _packed(_text_digests(whole, np.arange(len(whole)))),
    }


def compare(whole: Split, unit: Unit, stored: Mapping[str, Any]) -> Difference | None:
    """Return how a split differs from its stored `trace`; None where it does not.

    Raises ``ValueError`` or ``KeyError`` where ``stored`` is no trace.
    """
    return _compare_rows(whole, stored) if unit == "rows" else _compare_texts(whole, stored)


def _compare_rows(whole: Split, stored: Mapping[str, Any]) -> Difference | None:
    then, now = int(stored["size"]), len(whole)
    if stored["block"] != _BLOCK or then < 0:
        raise ValueError(f"{then} rows in blocks of {stored['block']}")
    # Where rows are gone, the last block that is left is not whole any more and cannot be compared.
    known = then if now >= then else now - now % _BLOCK
    num_blocks = -(-known // _BLOCK)
    times, values = _row_digests(whole, known)
    other_times = np.flatnonzero(times != _unpacked(stored["times"], then)[:num_blocks])
    edited = np.flatnonzero(values != _unpacked(stored["values"], then)[:num_blocks])
    lines = []
    if len(other_times):
        at = int(other_times[0]) * _BLOCK
        lines.append(f"other times from about row {at + 1:,} on: now {_shown(whole, at)}, {_since(stored)}")
    elif len(edited):
        start, stop = int(edited[0]) * _BLOCK, min(known, (int(edited[0]) + 1) * _BLOCK)
        more = f" and in {len(edited) - 1} blocks of {_BLOCK:,} rows after them" if len(edited) > 1 else ""
        lines.append(f"values edited between rows {start + 1:,} and {stop:,} (from {_shown(whole, start)}){more}")
    if now > then:
        lines.append(f"{now - then:,} rows added at the end, from {_shown(whole, then)} on")
    elif now < then:
        lines.append(f"{then - now:,} rows fewer: {now:,} instead of {then:,}")
    if not lines:
        return None
    keeps = now >= then and not len(other_times)
    return Difference(lines=tuple(lines), keeps_ranges=keeps, grown_by=now - then if keeps else 0)


def _since(stored: Mapping[str, Any]) -> str:
    return f"the rows were {printable(str(stored.get('first')))} to {printable(str(stored.get('last')))}"


def _compare_texts(whole: Split, stored: Mapping[str, Any]) -> Difference | None:
    ids_then, sizes_then, digests_then = _documents(stored)
    ids_now, sizes_now = _ids(whole), np.diff(offsets(whole.inputs)).tolist()
    digests_now = _text_digests(whole, np.arange(len(whole))).tolist()
    before = dict(zip(ids_then, zip(sizes_then, digests_then, strict=True), strict=True))
    after = dict(zip(ids_now, zip(sizes_now, digests_now, strict=True), strict=True))
    changes = Changes(
        added=after.keys() - before.keys(),
        edited=[name for name in after.keys() & before.keys() if after[name] != before[name]],
        removed=before.keys() - after.keys(),
        reordered=ids_now != ids_then,
    )
    if not changes.any:
        return None
    num_known = len(ids_then)
    keeps = ids_now[:num_known] == ids_then and sizes_now[: num_known - 1] == sizes_then[:-1]
    lines = changes.lines("documents")
    if keeps and num_known and (grown := sizes_now[num_known - 1] - sizes_then[-1]):
        last = num_known - 1
        keeps = grown > 0 and _text_digests(whole, [last], sizes_then[-1])[0] == digests_then[-1]
        if keeps:
            lines.append(f"{printable(ids_now[last])} only grew at its end, by {grown:,} characters")
    grown_by = sum(sizes_now) - sum(sizes_then) if keeps else 0
    return Difference(lines=tuple(lines), keeps_ranges=keeps, grown_by=grown_by)


def _documents(stored: Mapping[str, Any]) -> tuple[list[str], list[int], list[int]]:
    packed = base64.b64decode(stored["documents"], validate=True)
    listed = json.loads(zlib.decompressobj().decompress(packed, _MAX_JSON_BYTES))
    ids, sizes = list(listed["ids"]), list(listed["characters"])
    digests = np.frombuffer(base64.b64decode(stored["contents"], validate=True), dtype="<u8").tolist()
    if not len(ids) == len(sizes) == len(digests) or sum(sizes) != stored["size"]:
        raise ValueError(f"{len(ids)} documents, {len(sizes)} lengths and {len(digests)} digests")
    return ids, sizes, digests


def _row_digests(whole: Split, stop: int) -> tuple[Digests, Digests]:
    """Return digests of the times and of the values of each block of the first ``stop`` rows, ``(blocks,)`` both."""
    times, values = [], []
    for start in range(0, stop, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, stop))
        times.append(_digest("\n".join(map(str, whole.ids[rows])).encode("utf-8", "surrogateescape")))
        values.append(_digest(np.ascontiguousarray(whole.inputs[rows]).tobytes()))
    return np.array(times, dtype=np.uint64), np.array(values, dtype=np.uint64)


def _text_digests(whole: Split, places: Sequence[int] | npt.NDArray[np.int64], stop: int | None = None) -> Digests:
    """Return a digest of each text, or of its first ``stop`` characters, ``(texts,)``."""
    texts = (whole.inputs[int(place)][:stop] for place in places)
    return np.array([_digest(str(text).encode("utf-8", "surrogatepass")) for text in texts], dtype=np.uint64)


def _digest(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=_DIGEST_BYTES).digest(), "little")


def _packed(digests: Digests) -> str:
    return base64.b64encode(digests.astype("<u8").tobytes()).decode()


def _unpacked(text: str, num_rows: int) -> Digests:
    digests = np.frombuffer(base64.b64decode(text, validate=True), dtype="<u8")
    if len(digests) != -(-num_rows // _BLOCK):
        raise ValueError(f"{len(digests)} digests of {num_rows} rows")
    return digests


def _ids(part: Split) -> list[str]:
    return [str(name) for name in part.ids[np.arange(len(part))]]


def _id(part: Split, place: int) -> str:
    return str(part.ids[place])


def _shown(part: Split, place: int) -> str:
    return printable(_id(part, place)) if place < len(part) else "their end"
