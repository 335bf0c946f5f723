"""A large file of text as a stream of UTF-8, decoded block by block."""

from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path
from typing import Any, BinaryIO, cast

from gnomon.core.errors import DataError
from gnomon.data import textfile

_BLOCK_BYTES = 1 << 22
_GZIP = b"\x1f\x8b"


class Utf8Stream(io.RawIOBase):
    """The text of a file, gzip or not, as UTF-8 without a byte order mark.

    Reading raises ``DataError`` with the line where bytes are no text in ``encoding``, or where there is a NUL.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        super().__init__()
        self._path = path
        self._encoding = encoding
        self._file = path.open("rb")
        is_packed = self._file.read(2) == _GZIP
        self._file.seek(0)
        self._source = cast(BinaryIO, gzip.GzipFile(fileobj=self._file)) if is_packed else self._file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
        self._lines = 1
        self._left = b""
        self._is_over = False

    @property
    def num_read(self) -> int:
        """Bytes of the file that were read so far."""
        return self._file.tell()

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` with the next bytes and return how many there are; 0 at the end."""
        while not self._left and not self._is_over:
            self._left = self._next()
        taken = self._left[: len(buffer)]
        self._left = self._left[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._source.close()
            self._file.close()
        super().close()

    def _next(self) -> bytes:
        try:
            block = self._source.read(_BLOCK_BYTES)
            self._is_over = not block
            text = self._decoder.decode(block, final=self._is_over)
        except UnicodeDecodeError as error:
            line = self._lines + error.object.count(b"\n", 0, error.start)
            raise textfile.undecodable(error.object, self._encoding, error.start, self._path, line=line) from error
        except (OSError, EOFError) as error:
            raise DataError(f"cannot be read: {error}", fix="get the file anew", path=self._path) from error
        if "\0" in text:
            line = self._lines + text.count("\n", 0, text.index("\0"))
            raise DataError("holds a NUL character", fix="give a text file", path=self._path, line=line)
        self._lines += text.count("\n")
        return text.encode("utf-8", "replace")
