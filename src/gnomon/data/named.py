"""Data sets that have a name: one file of ``named/`` each, with addresses, sizes and true SHA-256 sums."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gnomon.core.errors import DataError, GnomonError, ResourceError, printable
from gnomon.core.events import Emit, Said
from gnomon.data import download

FOLDER = Path(__file__).with_name("named")

_ENDINGS = (*(".txt", ".csv", ".tsv", ".jsonl", ".parquet", ".conllu", ".gz", ".zip", ".tar", ".tgz", ".tokens"),)


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a data set, as it is downloaded; ``urls`` are tried in turn."""

    name: str
    num_bytes: int
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A data set that has a name. ``built_in`` ones come with a library; others without files are not downloaded."""

    title: str
    origin: str
    files: tuple[File, ...] = ()
    built_in: bool = False
    split: str = "auto"
    """The customary split, as after ``--split``, of a set that has no splits of its own."""
    label_from: str = "auto"
    """How its files are named, as after ``--label-from``."""
    home: str = ""
    """Where a set that is not downloaded can be had."""
    copies: tuple[str, ...] = ()
    """Names of files under which a copy is known too."""
    target: str = "auto"
    """The customary target, as after ``--target``."""


def names() -> tuple[str, ...]:
    """Return all known names, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def describe(name: str) -> Named:
    """Return what is known of the data set called ``name``, which must be one of `names`."""
    return msgspec.toml.decode((FOLDER / f"{name}.toml").read_bytes(), type=Named)


def resolve(
    name: str,
    data_dir: Path | None,
    cache_dir: Path,
    emit: Emit,
    should_stop: Callable[[], bool],
    *,
    patience: download.Patience | None = None,
) -> Path | None:
    """Return where the data set called ``name`` lies, downloading it if need be; None where no set has that name.

    A copy in ``data_dir`` is used as it is, in whatever form (`copy_in`); else ``cache_dir/downloads/name`` is used,
    and filled first where files are missing. A built-in set is answered with its bare name as a path.
    Raises as `download.fetch` does; where no address works or there is none, the error says where to put a copy.
    """
    if name not in names():
        return None
    named = describe(name)
    if named.built_in:
        return Path(name)
    if data_dir is not None and (copy := copy_in(data_dir, name) or _file_in(data_dir, named.copies)):
        if copy != data_dir / name:
            emit(Said(text=f"{name} is read from {printable(str(copy))}", level="guess"))
        return copy
    if not named.files:
        raise DataError(
            f"{name} is not downloaded: no sum to check it by is published",
            fix=f"get it from {named.home}, put it into DIR/{name}/ and say --data-dir DIR (or set GNOMON_DATA to DIR)",
        )
    folder = cache_dir / "downloads" / name
    for file in named.files:
        if not _is_there(folder / file.name, file):
            _fetch(file, name, folder, emit, should_stop, patience)
    return folder


def copy_in(data_dir: Path, name: str) -> Path | None:
    """Return a copy of a data set in a folder of data sets, or in one of the folders there, or None.

    It is a folder with something in it, or a file, called ``name``, whatever its ending; case and the difference
    between ``-``, ``_`` and blanks do not count. What lies nearer wins, and a folder before a file.
    """
    near = _entries(data_dir)
    inner = [entry for folder in near if folder.is_dir() for entry in _entries(folder)]
    for entries in (near, inner):
        fitting = [entry for entry in entries if _called(entry, name)]
        for is_right in (_holds_something, Path.is_file):
            if found := next(filter(is_right, fitting), None):
                return found
    return None


def _file_in(data_dir: Path, copies: tuple[str, ...]) -> Path | None:
    """Return the first file of one of these names in a folder of data sets, or in one of the folders there."""
    folders = [data_dir, *(entry for entry in _entries(data_dir) if entry.is_dir())]
    return next((folder / name for name in copies for folder in folders if (folder / name).is_file()), None)


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries if not entry.name.startswith("."))
    except OSError:
        return []


def _called(path: Path, name: str) -> bool:
    plain = _plain(path.name)
    return plain == _plain(name) or (plain.startswith(f"{_plain(name)}.") and plain.endswith(_ENDINGS))


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(" ", "-")


def _fetch(
    file: File,
    name: str,
    folder: Path,
    emit: Emit,
    should_stop: Callable[[], bool],
    patience: download.Patience | None,
) -> None:
    failures: list[GnomonError] = []
    for url in file.urls:
        if failures:
            emit(Said(text=f"{failures[-1].what}; trying {url}", level="warning"))
        try:
            download.fetch(
                url,
                folder / file.name,
                sha256=file.sha256,
                num_bytes=file.num_bytes,
                emit=emit,
                should_stop=should_stop,
                patience=patience,
            )
            return
        except (DataError, ResourceError) as error:
            if isinstance(error, ResourceError) and error.path is not None:
                raise  # the disk, not the server
            failures.append(error)
    kind = DataError if all(isinstance(error, DataError) for error in failures) else ResourceError
    raise kind(
        failures[0].what,
        fix=f"{failures[0].fix}\nor get {file.name} by other means, put it into DIR/{name}/ and say --data-dir DIR "
        "(or set GNOMON_DATA to DIR)",
    )


def _is_there(path: Path, file: File) -> bool:
    """Tell whether ``path`` is the whole file; its sum was checked before it got this name."""
    return path.is_file() and path.stat().st_size == file.num_bytes


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and any(True for _ in folder.iterdir())
