"""CIFAR-10 and CIFAR-100 in their binary version: a folder of ``.bin`` files, or the ``.tar.gz`` as it is downloaded.

A record is one label byte (CIFAR-100: coarse, then fine) and 3072 pixel bytes: 32 x 32 red, then green, then blue.
An archive is read in memory: nothing is unpacked to the disk, so no name or link in it can lead anywhere.

Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009, and its data set page.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError
from gnomon.core.spec import Dataset, Guess, Match
from gnomon.data import pictures
from gnomon.data.content import Content, Listed, Part, Source
from gnomon.data.reading import Reading

MAX_MEMBER_BYTES = 256 << 20
MAX_MEMBERS = 1000

_PIXELS = 3 * 32 * 32
_INNER = ("", "cifar-10-batches-bin", "cifar-100-binary")
_ARCHIVES = ("cifar-10-binary.tar.gz", "cifar-100-binary.tar.gz")
_PICKLED = ("data_batch_1", "batches.meta", "meta")


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


@dataclass(frozen=True)
class Variant:
    """One of the two sets: which files hold which split, and which label byte means what."""

    splits: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, tuple[int, str]]
    """Name of the target: place of its byte in a record, and the file with its class names."""

    @property
    def num_labels(self) -> int:
        """Label bytes of a record."""
        return len(self.targets)

    @property
    def names(self) -> set[str]:
        """All files that are read."""
        return {name for names in self.splits.values() for name in names} | {name for _, name in self.targets.values()}


VARIANTS = (
    Variant(
        {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)},
        {"label": (0, "batches.meta.txt")},
    ),
    Variant(
        {"train": ("train.bin",), "test": ("test.bin",)},
        {"fine": (1, "fine_label_names.txt"), "coarse": (0, "coarse_label_names.txt")},
    ),
)


def sniff(path: Path) -> Match | None:
    """Claim an archive by its first record's name, a folder by its files; also the pickled version, to refuse it."""
    where = _locate(path)
    if where is not None and where.is_file():
        return Match(confidence=0.95, why=f"it is the archive {where.name}")
    if where is not None:
        return Match(confidence=0.95, why="it holds CIFAR's binary files")
    if _pickled(path):
        return Match(confidence=0.5, why="it holds CIFAR's pickled files")
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read both splits. CIFAR-100 has the targets ``fine`` (the default) and ``coarse``.

    Raises ``DataError`` where files are missing or damaged, and for the pickled version, which is never loaded.
    """
    where = _locate(path)
    if where is None:
        if _pickled(path):
            what = "is the pickled version of CIFAR, which is not loaded: a pickle can run code"
            raise DataError(what, fix="use the binary version, cifar-10-binary.tar.gz", path=path)
        raise DataError("holds no CIFAR binary files", fix="give cifar-10-binary.tar.gz or its folder", path=path)
    files = [where] if where.is_file() else sorted(where.iterdir())
    key = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    source = Source(
        reader="cifar_binary",
        path=path,
        name=path.resolve().name.partition(".")[0],
        key=key,
        read=lambda: _content(where, config.target),
    )
    return pictures.dataset(source, config, reading)


def _locate(path: Path) -> Path | None:
    """Return the folder with the ``.bin`` files or the archive, at ``path`` or inside it."""
    if path.is_file():
        return (
            path if path.name in _ARCHIVES or (path.name.endswith((".tar.gz", ".tgz")) and _names_cifar(path)) else None
        )
    for inner in _INNER:
        folder = path / inner
        if any((folder / variant.splits["train"][0]).is_file() and _meta_in(folder, variant) for variant in VARIANTS):
            return folder
    return next((path / name for name in _ARCHIVES if (path / name).is_file()), None)


def _meta_in(folder: Path, variant: Variant) -> bool:
    return any((folder / name).is_file() for _, name in variant.targets.values())


def _names_cifar(path: Path) -> bool:
    """Return whether the first entries of an archive are CIFAR's."""
    try:
        with tarfile.open(path, "r|gz") as archive:
            first = [member.name for member, _ in zip(archive, range(4), strict=False)]
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return False
    known = set().union(*(variant.names for variant in VARIANTS))
    return any(Path(name).name in known for name in first)


def _pickled(path: Path) -> bool:
    folders = [path / inner for inner in ("", "cifar-10-batches-py", "cifar-100-python")]
    return any(sum((folder / name).is_file() for name in (*_PICKLED, "train", "test")) >= 2 for folder in folders)


def _content(where: Path, target: str) -> Content:
    held = _from_archive(where) if where.is_file() else _from_folder(where)
    variant = next((one for one in VARIANTS if one.splits["train"][0] in held), None)
    if variant is None:
        raise DataError("holds no CIFAR binary files", fix="download the archive again", path=where)
    chosen = next(iter(variant.targets)) if target == "auto" else target
    if chosen not in variant.targets:
        raise pictures.unknown_target(target, tuple(variant.targets), where)
    place, names_file = variant.targets[chosen]
    if names_file not in held:
        raise DataError(f"lacks {names_file}", fix="download the archive again", path=where)
    classes = tuple(held[names_file].decode("utf-8", "replace").split())
    parts = [
        _part(split, {name: held.get(name, b"") for name in names}, variant.num_labels, place, len(classes), where)
        for split, names in variant.splits.items()
    ]
    guesses: tuple[Guess, ...] = ()
    if len(variant.targets) > 1 and target == "auto":
        guesses = (Guess(what=f"the target is {chosen}", why="it is the finer of two", flag="--target coarse"),)
    return Content(parts=parts, classes=classes, guesses=guesses)


def _part(
    split: str, contents: Mapping[str, bytes], num_labels: int, place: int, num_classes: int, where: Path
) -> Part:
    for name, content in contents.items():
        if not content or len(content) % (num_labels + _PIXELS):
            what = f"{name} is missing or cut short ({len(content):,} bytes)"
            raise DataError(what, fix="download the archive again", path=where)
    records = np.frombuffer(b"".join(contents.values()), np.uint8).reshape(-1, num_labels + _PIXELS)
    targets = records[:, place].astype(np.int64)
    if targets.max() >= num_classes:
        what = f"has the label {targets.max()} in {split}, but {num_classes} class names"
        raise DataError(what, fix="download the archive again", path=where)
    ids = [f"{name}#{i}" for name, content in contents.items() for i in range(len(content) // records.shape[1])]
    images = records[:, num_labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Part(split=split, ids=ids, targets=targets, payloads=Listed(images))


def _from_folder(folder: Path) -> dict[str, bytes]:
    wanted = set().union(*(variant.names for variant in VARIANTS))
    files = [file for file in folder.iterdir() if file.name in wanted and file.is_file()]
    for file in files:
        if file.stat().st_size > MAX_MEMBER_BYTES:
            raise DataError("is too large for a CIFAR file", fix="download it again", path=file)
    return {file.name: file.read_bytes() for file in files}


def _from_archive(path: Path) -> dict[str, bytes]:
    """Return the wanted members' contents by bare name: regular files only, of bounded number and size."""
    wanted = set().union(*(variant.names for variant in VARIANTS))
    held: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r|gz") as archive:
            for number, member in enumerate(archive):
                if number >= MAX_MEMBERS or member.size > MAX_MEMBER_BYTES:
                    raise DataError("is too large for a CIFAR archive", fix="download it again", path=path)
                name = Path(member.name).name
                if member.isreg() and name in wanted and (file := archive.extractfile(member)):
                    held[name] = file.read(MAX_MEMBER_BYTES)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"is not a whole archive: {error}", fix="download it again", path=path) from error
    return held
