"""Data sets that have a name: one file of ``named/`` each, with addresses, sizes and true SHA-256 sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gnomon.core.errors import DataError, GnomonError, ResourceError
from gnomon.core.events import Emit, Said
from gnomon.data import download

FOLDER = Path(__file__).with_name("named")


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a data set, as it is downloaded; ``urls`` are tried in turn."""

    name: str
    num_bytes: int
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A data set that has a name. ``built_in`` ones come with a library and have no files."""

    title: str
    origin: str
    files: tuple[File, ...] = ()
    built_in: bool = False


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

    A copy in ``data_dir/name`` is used as it is, in whatever form; else ``cache_dir/downloads/name`` is used, and
    filled first where files are missing. A built-in set is answered with its bare name as a path.
    Raises as `download.fetch` does; where no address works, the error says where to put a copy by hand.
    """
    if name not in names():
        return None
    if data_dir is not None and _holds_something(data_dir / name):
        return data_dir / name
    named = describe(name)
    if named.built_in:
        return Path(name)
    folder = cache_dir / "downloads" / name
    for file in named.files:
        if not _is_there(folder / file.name, file):
            _fetch(file, name, folder, emit, should_stop, patience)
    return folder


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
