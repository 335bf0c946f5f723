"""Text that is larger than memory: looked through once when it is opened, then read piece by piece when asked for."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import Worked
from gnomon.data import textfile
from gnomon.data.documents import Shelf
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import File
from gnomon.data.reading import Reading
from gnomon.data.textfile import Decoded

LONG_BYTES = 1 << 28
"""Bytes of text from which on it is not held in memory."""
PIECE_BYTES = 1 << 23
"""Bytes of a large file that are read at once."""

_DETECTED_ON = 1 << 20


@dataclass(frozen=True)
class Place:
    """Where a text lies and what it was found to be; ``digest`` has 16 bytes and is that of its UTF-8 form."""

    start: int
    stop: int
    num_characters: int
    digest: bytes


class Filed:
    """Texts that stay in their files, as a column: an int gives one of them, a slice or an int array a list of some."""

    def __init__(self, places: Sequence[Place], read: Callable[[int], str], *, one_text: bool) -> None:
        self._places = places
        self._read = read
        self.one_text = one_text
        """True where the texts are pieces of one, with nothing between them."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Characters of each text, shape ``(num_texts,)``, found without reading any."""
        return np.array([place.num_characters for place in self._places], np.int64)

    @property
    def hashes(self) -> npt.NDArray[np.void]:
        """Digests of the texts, shape ``(num_texts,)`` dtype ``V16``."""
        return np.frombuffer(b"".join(place.digest for place in self._places), dtype="V16")

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int | np.integer):
            return self._read(range(len(self))[int(key)])
        places = range(len(self))[key] if isinstance(key, slice) else np.asarray(key)
        return [self[int(place)] for place in places]


def is_long(num_bytes: int) -> bool:
    """Return whether so many bytes of text are left in their files."""
    return num_bytes > LONG_BYTES


def pieces(path: Path, encoding: str, reading: Reading) -> tuple[Filed, Decoded]:
    """Return one large file as pieces, cut behind line ends where there are any, and how it was decoded, without text.

    Raises ``DataError`` with line and byte where it cannot be decoded, ``StoppedError`` where a signal asked to stop.
    """
    found = _how(path, encoding)
    places, num_crlf = [], 0
    total = path.stat().st_size
    for start, stop, text, crlf in _through(path, found.encoding):
        places.append(Place(start, stop, len(text), _digest(text)))
        num_crlf += crlf
        _tell(reading, stop, total)

    def read(number: int) -> str:
        place = places[number]
        text = _decoded(_bytes_at(path, place.start, place.stop), found.encoding, path, first=place.start == 0)
        return _unchanged(text, place, path)

    return Filed(places, read, one_text=True), replace(found, num_crlf=num_crlf)


def files(shelf: Shelf, chosen: Sequence[File], read: Callable[[File], str], told: Sequence[Place]) -> Filed:
    """Return files as texts of their own; ``read`` gives the text of one, ``told`` what was found in each."""

    def text(number: int) -> str:
        file = chosen[number]
        try:
            return _unchanged(read(file), told[number], shelf.root / file.id)
        except UnreadableError as error:
            raise DataError(str(error), fix="leave the data as it is while it is used", path=shelf.root) from error

    return Filed(told, text, one_text=False)


def place_of(text: str) -> Place:
    """Return what is kept of a text that fills its file."""
    return Place(0, 0, len(text), _digest(text))


def _how(path: Path, encoding: str) -> Decoded:
    """Return by which encoding to read a file, found in its first part; ``text`` is empty."""
    data = _bytes_at(path, 0, _DETECTED_ON)
    likely = textfile.known(encoding) if encoding != "auto" else textfile.marked(data) or "utf-8"
    whole = data[: _boundary(data, likely, last=len(data) < _DETECTED_ON)]
    found = textfile.decode(whole, encoding, path)
    return replace(found, text="", encoding=_exact(found.encoding, data))


def _exact(encoding: str, data: bytes) -> str:
    """Return an encoding that says its byte order, for pieces other than the first have no mark."""
    name = codecs.lookup(encoding).name
    if name == "utf-16":
        return "utf-16-be" if data.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    if name == "utf-32":
        return "utf-32-be" if data.startswith(codecs.BOM_UTF32_BE) else "utf-32-le"
    return name


def _through(path: Path, encoding: str) -> Iterator[tuple[int, int, str, int]]:
    """Yield for each piece where it starts and stops, its text, and how many CRLF line ends it has."""
    start, line, size = 0, 1, path.stat().st_size
    while start < size:
        data = _bytes_at(path, start, min(size, start + PIECE_BYTES))
        data = data[: _boundary(data, encoding, last=start + len(data) >= size)]
        if not data:
            raise textfile.undecodable(_bytes_at(path, start, start + 1), encoding, 0, path)
        try:
            raw = data.decode(encoding)
        except UnicodeDecodeError as error:
            raise _undecodable(path, encoding, start + error.start, line + data.count(b"\n", 0, error.start)) from error
        if "\0" in raw:
            at = line + raw.count("\n", 0, raw.index("\0"))
            raise DataError(
                "holds a NUL character: it is no text, or of another encoding",
                fix=f"give a text file, or say its encoding: {textfile.FLAG}",
                path=path,
                line=at,
            )
        yield start, start + len(data), _plain(raw, first=start == 0), raw.count("\r\n")
        start, line = start + len(data), line + raw.count("\n")


def _boundary(data: bytes, encoding: str, *, last: bool) -> int:
    """Return how many bytes to decode together: up to the last line end, else whole characters."""
    if last:
        return len(data)
    if not encoding.startswith(("utf-16", "utf-32")) and (end := data.rfind(b"\n") + 1):
        return end
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError:
        return len(data)  # the error is told where it is decoded
    end = len(data) - len(decoder.getstate()[0])
    return end - len("\r".encode(encoding)) if text.endswith("\r") else end


def _decoded(data: bytes, encoding: str, path: Path, *, first: bool) -> str:
    try:
        return _plain(data.decode(encoding), first=first)
    except UnicodeDecodeError as error:
        raise _changed(path) from error


def _plain(text: str, *, first: bool) -> str:
    text = text.replace("\r\n", "\n")
    return text.removeprefix("\ufeff") if first else text


def _unchanged(text: str, place: Place, path: Path) -> str:
    if len(text) != place.num_characters:
        raise _changed(path)
    return text


def _changed(path: Path) -> DataError:
    return DataError("changed while it was used", fix="leave the data as it is, and give the command again", path=path)


def _undecodable(path: Path, encoding: str, at: int, line: int) -> DataError:
    error = textfile.undecodable(_bytes_at(path, at, at + 1), encoding, 0, path)
    what = error.what.replace("byte 0 is", f"byte {at:,} is")
    return DataError(what, fix=error.fix, path=path, line=line)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _bytes_at(path: Path, start: int, stop: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", fix="check the disk", path=path) from error


def _tell(reading: Reading, done: int, total: int) -> None:
    if reading.should_stop():
        raise StoppedError("stopped while texts were being read", fix="give the same command again")
    reading.emit(Worked(what="reading text", done=done, total=total, unit="bytes"))
