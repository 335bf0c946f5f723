"""Token ids of a corpus as a memory-mapped array in the cache: written piece by piece, opened in milliseconds.

    <cache>/decoded/<key>/header.json   schema, counts, digests of the blocks, its own digest
                          tokens.bin    ids, one after the other: uint16, or int32 where there are more than 65,536
                          starts.i64    where each document begins

The folder lies beside those of the decoded pictures and follows their rules (``cache.py``): it appears complete or not
at all, and one that fails its checks is built again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gnomon.core import files
from gnomon.core.errors import ResourceError
from gnomon.data import cache
from gnomon.data.cache import DamagedError

SCHEMA = 1
BLOCK_BYTES = 1 << 24
CHECKED_BLOCKS = 64
"""Of a longer array that many blocks, evenly spread, are checked."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A text as ids: ``tokens (num_tokens,)`` of an integer type, and where in it each document begins.

    ``num_bytes`` (UTF-8) and ``num_characters`` count the text itself, without what lies between two documents.
    """

    tokens: npt.NDArray[Any]
    starts: npt.NDArray[np.int64]
    num_bytes: int
    num_characters: int


class Writer:
    """Takes the ids of a corpus in order, into a file or, where there is none, into memory."""

    def __init__(self, file: BinaryIO | None, num_ids: int) -> None:
        self._file = file
        self._dtype = np.dtype("<u2" if num_ids <= 1 << 16 else "<i4")
        self._kept: list[npt.NDArray[Any]] = [np.zeros(0, self._dtype)]
        self._starts: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
        self._num_tokens = 0
        self._num_bytes = 0
        self._num_characters = 0

    def add(self, ids: npt.NDArray[Any], *, starts: npt.NDArray[np.int64], num_bytes: int, num_characters: int) -> None:
        """Append ids, which stand for so many bytes and characters; ``starts``: where among them documents begin."""
        converted = ids.astype(self._dtype)
        if self._file is None:
            self._kept.append(converted)
        else:
            self._file.write(converted.data)
        self._starts.append(starts + self._num_tokens)
        self._num_tokens += len(ids)
        self._num_bytes += num_bytes
        self._num_characters += num_characters

    def in_memory(self) -> Corpus:
        """Return what was written to no file."""
        return Corpus(
            tokens=np.concatenate(self._kept),
            starts=np.concatenate(self._starts),
            num_bytes=self._num_bytes,
            num_characters=self._num_characters,
        )

    def finish(self, folder: Path) -> None:
        """Write all but the tokens, the header last."""
        starts = np.concatenate(self._starts).astype("<i8").tobytes()
        files.write_bytes(folder / "starts.i64", starts, sync=False)
        header = {
            "schema": SCHEMA,
            "dtype": self._dtype.str,
            "num_tokens": self._num_tokens,
            "num_documents": len(starts) // 8,
            "num_bytes": self._num_bytes,
            "num_characters": self._num_characters,
            "starts": _digest(starts),
            "blocks": [_digest(block) for block in _blocks(folder / "tokens.bin")],
        }
        document = {"digest": _digest(_canonical(header)), "header": header}
        files.write_json(folder / "header.json", document, sync=False)


def key_of(parts: Iterable[bytes]) -> str:
    """Return the name of the folder for what these parts identify."""
    digest = hashlib.blake2b(f"tokens {SCHEMA}".encode(), digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


@contextmanager
def writing(folder: Path, num_ids: int) -> Iterator[Writer]:
    """Give a ``Writer``; when the block ends well, ``folder`` exists, complete.

    Raises ``ResourceError`` that names ``GNOMON_CACHE``.
    """
    try:
        files.make_folder(folder.parent, exist_ok=True)
        with files.output_folder(folder) as staging:
            with files.output(staging / "tokens.bin", sync=False) as file:
                writer = Writer(file, num_ids)
                yield writer
            writer.finish(staging)
    except ResourceError as error:
        fix = f"{error.fix}: set GNOMON_CACHE to a folder with room that you may write to"
        raise ResourceError(error.what, fix=fix, path=error.path) from error


def opened(folder: Path) -> Corpus | None:
    """Open a folder, or return None where there is none. Raises ``DamagedError`` where it cannot be trusted."""
    if not folder.is_dir():
        return None
    try:
        header = _header(folder)
        _check(folder, header)
        return Corpus(
            tokens=_mapped(folder / "tokens.bin", header["dtype"]),
            starts=np.frombuffer((folder / "starts.i64").read_bytes(), "<i8"),
            num_bytes=header["num_bytes"],
            num_characters=header["num_characters"],
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error


def remember(folder: Path, values: Mapping[str, Any]) -> None:
    """Keep JSON values, such as a tokenizer, in a folder of their own. Raises ``ResourceError``."""
    files.make_folder(folder.parent, exist_ok=True)
    with files.output_folder(folder) as staging:
        document = {"digest": _digest(_canonical(values)), "header": values}
        files.write_json(staging / "header.json", document, sync=False)


def remembered(folder: Path) -> Mapping[str, Any] | None:
    """Return what was kept there, or None. Raises ``DamagedError`` where it cannot be trusted."""
    if not folder.is_dir():
        return None
    try:
        return _header(folder)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error


def folder_for(cache_dir: Path, key: str) -> Path:
    """Return where the tokens with this key live."""
    return cache.folder_for(cache_dir, key)


def _header(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "header.json").read_bytes())
    header: dict[str, Any] = document["header"]
    if _digest(_canonical(header)) != document["digest"]:
        raise DamagedError("the digest of header.json is wrong")
    return header


def _check(folder: Path, header: Mapping[str, Any]) -> None:
    if header["schema"] != SCHEMA:
        raise DamagedError(f"schema {header['schema']} instead of {SCHEMA}")
    if _digest((folder / "starts.i64").read_bytes()) != header["starts"]:
        raise DamagedError("the digest of starts.i64 is wrong")
    path, expected = folder / "tokens.bin", header["blocks"]
    num_bytes = header["num_tokens"] * np.dtype(header["dtype"]).itemsize
    if path.stat().st_size != num_bytes:
        raise DamagedError(f"tokens.bin has {path.stat().st_size} bytes instead of {num_bytes}")
    chosen = np.unique(np.linspace(0, len(expected) - 1, min(CHECKED_BLOCKS, len(expected))).astype(int)).tolist()
    with path.open("rb") as file:
        for block in chosen:
            file.seek(block * BLOCK_BYTES)
            if _digest(file.read(BLOCK_BYTES)) != expected[block]:
                raise DamagedError(f"the digest of block {block} of tokens.bin is wrong")


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _mapped(path: Path, dtype: str) -> npt.NDArray[Any]:
    if not path.stat().st_size:
        return np.zeros(0, dtype)
    return np.asarray(np.memmap(path, dtype=dtype, mode="r"))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _canonical(header: Mapping[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True).encode()
