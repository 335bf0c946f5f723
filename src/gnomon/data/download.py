"""Downloads that survive cut, slow and wrong answers; a file counts only once all of its SHA-256 fits."""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from gnomon.core import files
from gnomon.core.clock import Clock, MonotonicClock
from gnomon.core.errors import DataError, ResourceError, StoppedError
from gnomon.core.events import Emit, Said, Worked

_CHUNK = 1 << 18
_EMIT_EVERY_S = 0.1
_LOOK_EVERY_S = 0.05
_PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which it is worth asking again."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server."""

    answer_s: float = 20.0
    """Seconds without any byte after which a connection is given up."""
    window_s: float = 60.0
    """Seconds over which at least ``min_bytes`` must arrive; a server that trickles is given up."""
    min_bytes: int = 16_384
    """See ``window_s``."""
    attempts: int = 5
    """Attempts in a row that bring nothing new before giving up; two where the server cannot even be reached."""
    pause_s: float = 1.0
    """Pause before the second attempt; doubled each time, at most 30 s."""


class _RetryError(Exception):
    """A failure that another attempt may mend. Its text says what happened."""

    def __init__(self, what: str, *, pause_s: float = 0.0, reached: bool = True) -> None:
        super().__init__(what)
        self.pause_s = pause_s
        self.reached = reached


class _Answer(Protocol):
    """The parts of an HTTP response that are used here."""

    status: int
    headers: Message

    def read1(self, amount: int, /) -> bytes: ...


@dataclass(kw_only=True)
class _Transfer:
    """One download under way."""

    url: str
    part: Path
    total: int | None
    emit: Emit
    should_stop: Callable[[], bool]
    patience: Patience
    clock: Clock
    name: str

    @property
    def note(self) -> Path:
        """Where the validator of the half-done file lies: the server's name for this version of its content."""
        return self.part.with_name(self.part.name + ".version")

    def done(self) -> int:
        """Return how many bytes have arrived."""
        return self.part.stat().st_size if self.part.exists() else 0

    def forget(self) -> None:
        """Remove the half-done file."""
        files.remove_tree(self.part)
        files.remove_tree(self.note)

    def check_stop(self) -> None:
        """Raise ``StoppedError`` where a signal asked to stop."""
        if self.should_stop():
            raise StoppedError(
                f"the download of {self.name} was stopped after {files.readable_bytes(self.done())}",
                fix="give the same command again: it goes on from there",
            )


def fetch(
    url: str,
    destination: Path,
    *,
    sha256: str,
    emit: Emit,
    should_stop: Callable[[], bool],
    num_bytes: int | None = None,
    patience: Patience | None = None,
    clock: Clock | None = None,
) -> Path:
    """Download ``url`` to ``destination`` and return it, once all of its SHA-256 equals ``sha256`` (64 hex digits).

    What arrives is kept in ``destination.part``; a download that was cut goes on from there, now or in a later
    call, if the server still has the same version. A process that finds another one at it waits.
    Raises ``DataError`` where the server gives something else than the file, ``ResourceError`` where it cannot be
    reached or the disk refuses, ``StoppedError`` where ``should_stop()`` turned true.
    """
    transfer = _Transfer(
        url=url,
        part=destination.with_name(destination.name + ".part"),
        total=num_bytes,
        emit=emit,
        should_stop=should_stop,
        patience=patience or Patience(),
        clock=clock or MonotonicClock(),
        name=destination.name,
    )
    files.make_folder(destination.parent, exist_ok=True)
    with _alone(transfer):
        if not (destination.is_file() and digest(destination) == sha256):
            _fetch(transfer, destination, sha256)
    return destination


def digest(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(transfer: _Transfer, destination: Path, sha256: str) -> None:
    resumed = transfer.done() > 0
    if transfer.total is not None:
        files.require_space(destination, transfer.total - transfer.done(), f"the download of {transfer.name}")
    _transfer(transfer)
    found = digest(transfer.part)
    if found != sha256 and resumed:
        # Two halves of different versions, or a damaged first half: the whole file gets one chance.
        transfer.emit(Said(text=f"{transfer.name}: the parts do not fit together; starting again", level="warning"))
        transfer.forget()
        _transfer(transfer)
        found = digest(transfer.part)
    if found != sha256:
        transfer.forget()
        raise DataError(
            f"{transfer.url} has another content than expected: SHA-256 is {found}, not {sha256}; it was removed",
            fix="try again later; if it stays so, the file was changed or the connection is not to be trusted",
        )
    files.put_in_place(transfer.part, destination)
    files.remove_tree(transfer.note)


def _transfer(transfer: _Transfer) -> None:
    """Ask until the whole file lies in ``part``; attempts that bring nothing new are limited."""
    failures = 0
    while True:
        before = transfer.done()
        try:
            _attempt(transfer)
            return
        except _RetryError as error:
            failures = 0 if transfer.done() > before else failures + 1
            if failures >= (transfer.patience.attempts if error.reached else 2):
                raise ResourceError(
                    f"{transfer.url} cannot be downloaded: {error}",
                    fix="look at the network connection, then give the same command again: it goes on from there",
                ) from error
            pause_s = min(30.0, transfer.patience.pause_s * 2 ** max(0, failures - 1))
            _pause(transfer, max(pause_s, min(error.pause_s, 60.0)))


def _attempt(transfer: _Transfer) -> None:
    """Ask once, from where the last attempt ended, and write what comes. Raises ``_RetryError`` where that was cut."""
    transfer.check_stop()
    offset = transfer.done()
    if transfer.total is not None and offset == transfer.total:
        return
    try:
        with _ask(transfer, offset) as answer:
            if answer.status == 416:
                _not_satisfiable(transfer, answer, offset)
                return
            start = _start(transfer, answer, offset)
            end = _end(transfer, answer, start)
            _receive(transfer, answer, start, end)
    except urllib.error.URLError as error:
        is_slow = isinstance(error.reason, TimeoutError)
        raise _RetryError(_reason(error), reached=is_slow) from error
    except (http.client.HTTPException, OSError) as error:
        raise _RetryError(_reason(error)) from error


@contextmanager
def _ask(transfer: _Transfer, offset: int) -> Iterator[_Answer]:
    headers = {"User-Agent": "gnomon", "Accept-Encoding": "identity"}
    version = transfer.note.read_text() if offset and transfer.note.exists() else ""
    if offset and version:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    request = urllib.request.Request(transfer.url, headers=headers)
    try:
        response = _opener().open(request, timeout=transfer.patience.answer_s)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            with error:
                raise _refused(transfer, error) from error
        response = error
    with response:
        yield response


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows HTTP and HTTPS only: no ``file:``, no ``ftp:``, whatever a redirect says."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _refused(transfer: _Transfer, error: urllib.error.HTTPError) -> Exception:
    told = f"the server answers {error.code} {error.reason}"
    if error.code in _PASSING:
        wait = error.headers.get("Retry-After", "")
        return _RetryError(told, pause_s=float(wait) if wait.isdecimal() else 0.0)
    return ResourceError(
        f"{transfer.url}: {told}", fix="the file may have moved: download it by hand, or try again later"
    )


def _start(transfer: _Transfer, answer: _Answer, offset: int) -> int:
    """Return at which byte the answer's body begins, and remember the version that it belongs to."""
    if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise _web_page(transfer)
    version = answer.headers.get("ETag", "")
    if not version or version.startswith("W/"):  # a weak validator does not promise equal bytes
        version = answer.headers.get("Last-Modified", "")
    if answer.status == 206:
        said = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
        if said and int(said[1]) == offset:
            return offset
        transfer.forget()
        raise _RetryError("the server gave another part of the file than asked for")
    transfer.forget()
    if version:
        files.write_text(transfer.note, version, sync=False)
    return 0


def _end(transfer: _Transfer, answer: _Answer, start: int) -> int | None:
    """Return the size of the whole file, as the answer gives it. Raises ``DataError`` where it cannot be the file."""
    length = answer.headers.get("Content-Length", "")
    if not length.isdecimal():
        return transfer.total
    end = start + int(length)
    if transfer.total is not None and end != transfer.total:
        transfer.forget()
        raise DataError(
            f"{transfer.url} is a file of {end:,} bytes, not of {transfer.total:,}",
            fix="try again later; if it stays so, the file was changed",
        )
    return end


def _receive(transfer: _Transfer, answer: _Answer, start: int, end: int | None) -> None:
    """Write the body behind the first ``start`` bytes of ``part``; it must end at ``end``, where that is known."""
    done, mark, told_at_s = start, start, -1.0
    window_at_s = transfer.clock.now_s()
    with files.continued(transfer.part, at=start, num_bytes=end or 0) as file:
        while chunk := answer.read1(_CHUNK if end is None else min(_CHUNK, end - done)):
            if done == 0 and chunk.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
                raise _web_page(transfer)
            file.write(chunk)
            done += len(chunk)
            transfer.check_stop()
            now_s = transfer.clock.now_s()
            if now_s - told_at_s >= _EMIT_EVERY_S or done == end:
                transfer.emit(Worked(what=f"downloading {transfer.name}", done=done, total=end or 0, unit="bytes"))
                told_at_s = now_s
            if now_s - window_at_s >= transfer.patience.window_s:
                if done - mark < transfer.patience.min_bytes:
                    raise _RetryError("the server sends almost nothing")
                window_at_s, mark = now_s, done
    if end is not None and done < end:
        raise _RetryError(f"the connection ended after {done:,} of {end:,} bytes")


def _not_satisfiable(transfer: _Transfer, answer: _Answer, offset: int) -> None:
    """Deal with 416: all bytes are here already, or what is here is no part of the file."""
    said = re.fullmatch(r"bytes \*/(\d+)", answer.headers.get("Content-Range", "").strip())
    if not (said and int(said[1]) == offset):
        transfer.forget()
        raise _RetryError("what had arrived does not belong to the server's file")


def _web_page(transfer: _Transfer) -> DataError:
    transfer.forget()
    host = urlsplit(transfer.url).hostname
    return DataError(
        f"{transfer.url}: {host} answers with a web page instead of the file",
        fix="a login page of the network may stand between: open the address in a browser, then try again",
    )


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "the server does not answer"
    return str(cause) or type(cause).__name__


def _pause(transfer: _Transfer, pause_s: float) -> None:
    until_s = transfer.clock.now_s() + pause_s
    while (left_s := until_s - transfer.clock.now_s()) > 0:
        transfer.check_stop()
        time.sleep(min(_LOOK_EVERY_S, left_s))


@contextmanager
def _alone(transfer: _Transfer) -> Iterator[None]:
    """Wait until no other process downloads into the same folder. The lock dies with its process."""
    descriptor = os.open(transfer.part.parent, os.O_RDONLY)
    try:
        told = False
        while not _locked(descriptor):
            if not told:
                transfer.emit(Said(text=f"another process downloads {transfer.name}: waiting for it"))
                told = True
            transfer.check_stop()
            time.sleep(_LOOK_EVERY_S)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
