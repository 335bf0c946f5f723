"""From what the user typed to a reader: a path, or the name of a known data set."""

from __future__ import annotations

import difflib
import inspect
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gnomon.core import plugins
from gnomon.core.errors import DataError, UsageError, printable
from gnomon.core.events import Emit, Said
from gnomon.core.spec import Match
from gnomon.data import listing, named


@dataclass(frozen=True, kw_only=True)
class Detected:
    """What was found behind the words of the user, and why ``reader`` reads it."""

    reader: str
    path: Path
    match: Match
    name: str
    others: tuple[str, ...] = ()
    """Readers that could read it too, the surer ones first."""


def detect(
    source: str,
    *,
    data_dir: Path | None,
    cache_dir: Path,
    emit: Emit,
    should_stop: Callable[[], bool] = lambda: False,
    reader: str = "auto",
    task: str = "auto",
) -> Detected:
    """Return which reader fits ``source``: a path that exists, else a known name, which may be downloaded.

    A ``reader`` that the user named is taken without asking whether it fits; one that says that it suits the ``task``
    that was asked for goes before the others. Raises ``UsageError`` where there is
    neither, ``DataError`` where no reader understands what lies there.
    """
    path = Path(source)
    if os.path.lexists(path):
        _say_if_a_name(source, emit)
        _require_readable(path)
        return _read_by(path, _name_of(path), reader, task)
    if _is_a_name(source):
        found = named.resolve(source, data_dir, cache_dir, emit, should_stop)
        if found is not None:
            return _read_by(found, source, reader, task)
        if data_dir is not None and (data_dir / source).exists():
            return _read_by(data_dir / source, _name_of(data_dir / source), reader, task)
    if matches := _matches(path, task):
        return _surest(path, source, matches)
    raise UsageError("there is no such file, folder or known data set", fix=_near(source), path=source)


def _read_by(path: Path, name: str, reader: str, task: str) -> Detected:
    if reader != "auto":
        plugins.load("reader", reader)
        return Detected(reader=reader, path=path, match=Match(confidence=1.0, why="as you said"), name=name)
    matches = _matches(path, task)
    if not matches:
        raise DataError("no reader understands what is here", fix=_expected(), path=path)
    return _surest(path, name, matches)


def _surest(path: Path, name: str, matches: list[tuple[Match, str]]) -> Detected:
    match, reader = matches[0]
    return Detected(reader=reader, path=path, match=match, name=name, others=tuple(other for _, other in matches[1:]))


def _matches(path: Path, task: str) -> list[tuple[Match, str]]:
    """Return the claims of all readers, those that suit the task and then the surest first."""
    claims = [(plugins.load("reader", name).sniff(path), name) for name in plugins.names("reader")]
    there = ((match, name) for match, name in claims if match)
    return sorted(there, key=lambda claim: (task not in claim[0].suits, -claim[0].confidence))


def _is_a_name(source: str) -> bool:
    return os.sep not in source and source not in ("", ".", "..")


def _say_if_a_name(source: str, emit: Emit) -> None:
    if _is_a_name(source) and source in named.names():
        text = f"{source} is read from the folder here, not as the known data set; write it in another folder for that"
        emit(Said(text=text, level="guess"))


def _name_of(path: Path) -> str:
    name = path.resolve().name or "data"
    return name.partition(".")[0] or name


def _require_readable(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()
            return
        if stat.S_ISREG(mode):
            path.open("rb").close()
            return
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror}", fix="check the path and its permissions", path=path
        ) from error
    raise DataError(f"is {listing.kind_of(mode)}", fix="give a file or a folder", path=path)


def _near(source: str) -> str:
    """Return advice with the nearest names that exist."""
    parent = Path(source).parent
    beside = []
    try:
        with os.scandir(parent) as entries:
            beside = [str(parent / entry.name) for entry in entries if not entry.name.startswith(".")]
    except OSError:
        pass
    near = difflib.get_close_matches(source, [*named.names(), *beside], n=1)
    hint = f"did you mean {printable(near[0])!r}? " if near else ""
    return f"{hint}give a path, or one of: {', '.join(named.names())}"


def _expected() -> str:
    """Return what the readers read: the first line of each one's own description."""
    lines = []
    for name in plugins.names("reader"):
        text = (inspect.getdoc(plugins.load("reader", name)) or name).splitlines()[0]
        lines.append(f"  {text[:100]}")
    return "\n".join(["give one of these:", *lines])
