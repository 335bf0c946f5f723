"""The decoded cache: pictures as one memory-mapped uint8 array in a folder, opened in milliseconds the next time.

    decoded/<key>/header.json    schema, sizes and digests of the other files, its own digest, what was found
                  pixels.u8      (num_samples, height, width, channels), splits one after the other
                  hashes.v16     16-byte digest of each sample's pixels
                  targets.i64    class indices
                  ids.txt        names of the samples, joined; ids.i64 holds where each begins
                  sums.u64       sum of each block of the pixels, to notice damage
                  NAME.i64       more numbers of each sample, where a kind of data has such

A folder appears complete or not at all. Sizes, digests and sums are checked when it is opened; a folder that fails is
built again. Two processes may build the same one: the later one takes the place of the earlier.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gnomon.core import files
from gnomon.core.errors import ResourceError

SCHEMA = 1
CHECKED_WHOLE_BYTES = 1 << 30
"""Pixels up to this size are checked completely; of larger ones ``CHECKED_BLOCKS`` blocks."""
CHECKED_BLOCKS = 256

ABANDONED_AFTER_S = 3600.0

_BLOCK_BYTES = 1 << 20
_DIGESTED = ("hashes.v16", "targets.i64", "ids.txt", "ids.i64", "sums.u64")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An opened cache folder. Arrays are memory-mapped and read-only; all have the same length."""

    header: Mapping[str, Any]
    pixels: npt.NDArray[np.uint8]
    hashes: npt.NDArray[np.void]
    targets: npt.NDArray[np.int64]
    ids: Names
    extras: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    """Other numbers of each sample, by name."""


class Names:
    """Names of samples, decoded when they are asked for: ``names[3]`` is one, ``names[array]`` or a slice a list."""

    def __init__(self, joined: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> None:
        self._joined = joined
        self._starts = starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: Any, /) -> Any:
        if isinstance(index, slice):
            return [self._name(i) for i in range(*index.indices(len(self)))]
        if np.ndim(index) == 0:
            i = int(index)
            if not -len(self) <= i < len(self):
                raise IndexError(f"there is no sample {i} among {len(self)}")
            return self._name(i % len(self))
        chosen = np.asarray(index)
        return [self._name(int(i)) for i in (np.flatnonzero(chosen) if chosen.dtype == bool else chosen % len(self))]

    def part(self, start: int, stop: int) -> Names:
        """Return the names from ``start`` up to ``stop``, without copying."""
        return Names(self._joined, self._starts[start : stop + 1])

    def _name(self, i: int) -> str:
        return self._joined[self._starts[i] : self._starts[i + 1]].tobytes().decode("utf-8", "surrogateescape")


class DamagedError(Exception):
    """A cache folder that cannot be trusted. Its text says why."""


class Writer:
    """Takes decoded samples in order and holds none of their pixels.

    ``facts``, filled in before the end, go into the header as they are; ``extras`` are int64 ``(num_samples,)``.
    """

    def __init__(self, folder: Path, pixels: BinaryIO) -> None:
        self.num_samples = 0
        self.shape: tuple[int, ...] = (0, 0, 0)
        self.facts: dict[str, Any] = {}
        self.extras: dict[str, npt.NDArray[np.int64]] = {}
        self._folder = folder
        self._pixels = pixels
        self._hashes: list[bytes] = []
        self._targets: list[npt.NDArray[np.int64]] = []
        self._ids: list[bytes] = []
        self._num_bytes = 0

    def add(
        self, pixels: Sequence[npt.NDArray[np.uint8]], hashes: bytes, targets: npt.NDArray[np.int64], ids: list[str]
    ) -> None:
        """Append n samples: arrays ``(height, width, channels)``, n digests of 16 bytes, n targets, n names."""
        for one in pixels:
            self._pixels.write(one.data)
            self._num_bytes += one.nbytes
            self.shape = one.shape
        self._hashes.append(hashes)
        self._targets.append(targets)
        self._ids += [name.encode("utf-8", "surrogateescape") for name in ids]
        self.num_samples += len(ids)

    def pad(self) -> None:
        """Fill the pixels up to whole 8-byte words, so that they can be summed as such."""
        self._pixels.write(bytes(-self._num_bytes % 8))

    def finish(self) -> None:
        """Write all but the pixels, the header last."""
        starts = np.zeros(len(self._ids) + 1, np.int64)
        np.cumsum([len(name) for name in self._ids], out=starts[1:])
        contents = {
            "hashes.v16": b"".join(self._hashes),
            "targets.i64": np.concatenate(self._targets).astype("<i8").tobytes(),
            "ids.txt": b"".join(self._ids),
            "ids.i64": starts.astype("<i8").tobytes(),
            "sums.u64": _sums(_words(self._folder)).tobytes(),
            **{f"{name}.i64": values.astype("<i8").tobytes() for name, values in self.extras.items()},
        }
        for name, content in contents.items():
            files.write_bytes(self._folder / name, content, sync=False)
        sizes = {name: len(content) for name, content in contents.items()}
        header = {
            "schema": SCHEMA,
            "shape": [self.num_samples, *self.shape],
            "sizes": {**sizes, "pixels.u8": self._num_bytes + -self._num_bytes % 8},
            "digests": {name: _digest(content) for name, content in contents.items()},
            "extras": list(self.extras),
            **self.facts,
        }
        document = {"digest": _digest(_canonical(header)), "header": header}
        files.write_json(self._folder / "header.json", document, sync=False)


def folder_for(cache_dir: Path, key: str) -> Path:
    """Return where the cache with this key lives."""
    return cache_dir / "decoded" / key


@contextmanager
def writing(folder: Path, num_bytes: int) -> Iterator[Writer]:
    """Give a ``Writer``; when the block ends well, ``folder`` exists, complete.

    ``num_bytes`` is the expected size of the pixels. Raises ``ResourceError`` that names ``GNOMON_CACHE``.
    """
    try:
        files.make_folder(folder.parent, exist_ok=True)
        _remove_abandoned(folder.parent)
        files.require_space(folder, num_bytes, "the decoded cache")
        with files.output_folder(folder) as staging:
            with files.output(staging / "pixels.u8", num_bytes=num_bytes, sync=False) as pixels:
                writer = Writer(staging, pixels)
                yield writer
                writer.pad()
            writer.finish()
    except ResourceError as error:
        fix = f"{error.fix}: set GNOMON_CACHE to a folder with room that you may write to"
        raise ResourceError(error.what, fix=fix, path=error.path) from error


def open_stored(folder: Path) -> Stored | None:
    """Open a cache folder, or return None where there is none. Raises ``DamagedError`` where it cannot be trusted."""
    if not folder.is_dir():
        return None
    try:
        header = _header(folder)
        _check(folder, header)
        shape = tuple(header["shape"])
        words = _words(folder)
        _check_sums(folder, words)
        pixels = words.view(np.uint8)[: int(np.prod(shape))].reshape(shape)
        starts = _mapped(folder / "ids.i64", "<i8")
        return Stored(
            header=header,
            pixels=pixels,
            hashes=_mapped(folder / "hashes.v16", "V16"),
            targets=_mapped(folder / "targets.i64", "<i8"),
            ids=Names(_mapped(folder / "ids.txt", "u1"), starts),
            extras={name: _mapped(folder / f"{name}.i64", "<i8") for name in header.get("extras", ())},
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error


def _remove_abandoned(parent: Path) -> None:
    """Remove what killed builders left: their process is gone, and nothing was written for a while.

    The pause is there for caches that several machines share: another machine's process cannot be seen from here.
    """
    for staging in parent.glob(".gnomon-*.tmp"):
        pid = staging.name.split("-")[1]
        try:
            newest = max(path.stat().st_mtime for path in (staging, *staging.iterdir()))
        except OSError:
            continue  # another process is removing it
        if pid.isdecimal() and not Path("/proc", pid).exists() and time.time() - newest > ABANDONED_AFTER_S:
            files.remove_tree(staging)


def _header(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "header.json").read_bytes())
    header: dict[str, Any] = document["header"]
    if _digest(_canonical(header)) != document["digest"]:
        raise DamagedError("the digest of header.json is wrong")
    if header["schema"] != SCHEMA:
        raise DamagedError(f"schema {header['schema']} instead of {SCHEMA}")
    return header


def _check(folder: Path, header: Mapping[str, Any]) -> None:
    for name, size in header["sizes"].items():
        if (actual := (folder / name).stat().st_size) != size:
            raise DamagedError(f"{name} has {actual} bytes instead of {size}")
    for name in (*_DIGESTED, *(f"{name}.i64" for name in header.get("extras", ()))):
        if _digest((folder / name).read_bytes()) != header["digests"][name]:
            raise DamagedError(f"the digest of {name} is wrong")


def _check_sums(folder: Path, words: npt.NDArray[np.uint64]) -> None:
    expected = np.fromfile(folder / "sums.u64", dtype="<u8")
    num_blocks = len(expected)
    chosen = range(num_blocks)
    if words.nbytes > CHECKED_WHOLE_BYTES:
        chosen = np.unique(np.linspace(0, num_blocks - 1, CHECKED_BLOCKS).astype(int)).tolist()
    size = _BLOCK_BYTES // 8
    for block in chosen:
        if words[block * size : (block + 1) * size].sum(dtype=np.uint64) != expected[block]:
            raise DamagedError(f"the sum of block {block} of pixels.u8 is wrong")


def _words(folder: Path) -> npt.NDArray[np.uint64]:
    return _mapped(folder / "pixels.u8", "<u8")


def _sums(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    size = _BLOCK_BYTES // 8
    return np.array([words[i : i + size].sum(dtype=np.uint64) for i in range(0, len(words), size)], "<u8")


def _mapped(path: Path, dtype: str) -> npt.NDArray[Any]:
    return np.asarray(np.memmap(path, dtype=dtype, mode="r"))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _canonical(header: Mapping[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True).encode()
