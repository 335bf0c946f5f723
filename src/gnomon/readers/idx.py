"""The IDX files of the MNIST family: ``train-images-idx3-ubyte`` with ``train-labels-idx1-ubyte``, gzipped or not.

Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError
from gnomon.core.spec import Dataset, Match
from gnomon.data import layout, pictures
from gnomon.data.content import Content, Listed, Part, Source
from gnomon.data.reading import Reading

MAX_BYTES = 8 << 30
"""Declared sizes above this are refused before memory is taken."""

_NAME = re.compile(r"(?P<stem>.*?)(images|labels)[-._]idx[134][-._]ubyte(\.gz)?$", re.IGNORECASE)
_UBYTE = 8
_INNER = (".", "raw", "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw")


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


@dataclass(frozen=True)
class Pair:
    """The two files of one split."""

    split: str
    images: Path
    labels: Path


def sniff(path: Path) -> Match | None:
    """Claim an images file, or a folder that holds images and labels files."""
    pairs = _pairs(path)
    if not pairs:
        return None
    return Match(confidence=0.95, why=f"it holds IDX files ({', '.join(pair.images.name for pair in pairs)})")


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read pictures ``(n, height, width)`` and their labels. Raises ``DataError`` where the files are damaged."""
    if config.target != "auto":
        raise pictures.unknown_target(config.target, ("auto",), path)
    pairs = _pairs(path)
    if not pairs:
        raise DataError("holds no IDX images with labels", fix="give the folder with all four files", path=path)
    used = [file for pair in pairs for file in (pair.images, pair.labels)]
    key = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in used]
    name = path.resolve().name.partition(".")[0]
    source = Source(reader="idx", path=path, name=name, key=key, read=lambda: _content(pairs))
    return pictures.dataset(source, config, reading)


def _pairs(path: Path) -> list[Pair]:
    if path.is_file():
        pairs = _pairs_among([path, *path.parent.iterdir()], only=path) if _NAME.match(path.name) else []
        return [replace(pair, split="all") for pair in pairs]
    for inner in _INNER:
        folder = path / inner
        if folder.is_dir() and (pairs := _pairs_among(sorted(folder.iterdir()), only=None)):
            return pairs
    return []


def _pairs_among(paths: Sequence[Path], only: Path | None) -> list[Pair]:
    """Return at most one pair a split; a file that is there both plain and gzipped is taken plain."""
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(paths, key=lambda path: path.suffix == ".gz"):
        if (match := _NAME.match(path.name)) and path.is_file():
            found.setdefault((match["stem"], match[2].lower()), path)
    pairs: dict[str, Pair] = {}
    for (stem, kind), images in sorted(found.items()):
        labels = found.get((stem, "labels"))
        if kind == "images" and labels and only in (None, images, labels):
            split = _split_of(stem)
            pairs.setdefault(split, Pair(split, images, labels))
    return [pairs[split] for split in ("train", "valid", "test", "all") if split in pairs]


def _split_of(stem: str) -> str:
    words = re.split(r"[-._]", stem.lower())
    if "t10k" in words:
        return "test"
    return next((layout.SPLIT_NAMES[word] for word in words if word in layout.SPLIT_NAMES), "all")


def _content(pairs: Sequence[Pair]) -> Content:
    loaded = []
    for pair in pairs:
        images, labels = load(pair.images), load(pair.labels)
        if images.ndim == 3:
            images = images[:, :, :, None]
        if images.ndim != 4 or images.shape[3] not in (1, 3) or labels.shape != images.shape[:1]:
            what = f"shapes {images.shape} and {labels.shape} of pictures and labels do not fit together"
            raise DataError(what, fix="download both files again", path=pair.images)
        loaded.append((pair, images, labels.astype(np.int64)))
    values = np.unique(np.concatenate([labels for _, _, labels in loaded]))
    parts = [
        Part(
            split=pair.split,
            ids=[f"{pair.images.name}#{i}" for i in range(len(images))],
            targets=np.searchsorted(values, labels).astype(np.int64),
            payloads=Listed(images),
        )
        for pair, images, labels in loaded
    ]
    return Content(parts=parts, classes=tuple(str(value) for value in values))


def load(path: Path) -> npt.NDArray[np.uint8]:
    """Return the array in an IDX file of unsigned bytes. Raises ``DataError`` where it is not whole."""
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
            return _parsed(file, path)  # type: ignore[arg-type]
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, str(error)) from error


def _parsed(file: BinaryIO, path: Path) -> npt.NDArray[np.uint8]:
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] != _UBYTE or not 1 <= head[3] <= 4:
        raise _damaged(path, "it does not begin as an IDX file of unsigned bytes does")
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise _damaged(path, "it ends inside its header")
    shape = struct.unpack(f">{head[3]}I", sizes)
    num_bytes = int(np.prod(shape, dtype=object))
    if num_bytes > MAX_BYTES:
        raise _damaged(path, f"it declares {num_bytes:,} bytes, the limit is {MAX_BYTES:,}")
    content = _read_up_to(file, num_bytes + 1)
    if len(content) != num_bytes:
        more = "more" if len(content) > num_bytes else f"{len(content):,}"
        raise _damaged(path, f"it declares {num_bytes:,} bytes and holds {more}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_up_to(file: BinaryIO, num_bytes: int) -> bytearray:
    """Return at most ``num_bytes``, taking memory only for what is there."""
    content = bytearray()
    while len(content) < num_bytes and (piece := file.read(min(1 << 24, num_bytes - len(content)))):
        content += piece
    return content


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"is not a whole IDX file: {why}", fix="download it again", path=path)
