"""Standard output and error that never stop the work: readers may leave, terminals may know no Unicode."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from gnomon.core.errors import ResourceError

_PLAIN = str.maketrans(
    {"━": "=", "╸": "-", "─": "-", "·": "-", "–": "-", "—": "-", "×": "x", "…": "...", "→": "->", "±": "+-"}
    | {"✓": "+", "✗": "x", "●": "*", "│": "|", "≥": ">=", "≤": "<=", "’": "'", "\u00a0": " ", "\u202f": " "}
)


class Lasting(io.TextIOBase):
    """A text stream that goes silent when whoever reads it is gone (``| head``, a closed terminal)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._plain = not _can_show(stream, "━╸·–×…✓")
        self.failure: OSError | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream underneath."""
        return self._stream.encoding or "ascii"

    def write(self, text: str, /) -> int:
        """Write ``text``; what the terminal cannot show is replaced by what it can."""
        if not isinstance(text, str):
            raise TypeError("text is expected")
        if self.failure is None:
            try:
                self._stream.write(text.translate(_PLAIN) if self._plain else text)
            except OSError as error:
                self._silence(error)
        return len(text)

    def flush(self) -> None:
        """Hand what was written to the system."""
        if self.failure is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._silence(error)

    def isatty(self) -> bool:
        """Tell whether a person is looking."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor underneath."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """A stream for writing."""
        return True

    def _silence(self, error: OSError) -> None:
        # The interpreter flushes its buffer once more when it ends: let that go nowhere instead of failing.
        self.failure = error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


@contextmanager
def guarded() -> Iterator[None]:
    """Put ``Lasting`` streams in the place of ``sys.stdout`` and ``sys.stderr`` while the block runs.

    A stream that the caller closed (``gnomon runs >&-``) is None, and what is written to it goes nowhere.
    """
    before = sys.stdout, sys.stderr
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout, sys.stderr = (_lasting(stream or nowhere) for stream in before)
        try:
            yield
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            sys.stdout, sys.stderr = before


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on one line of standard output; what is not finite becomes ``null``.

    Raises ``ResourceError`` where it cannot be written, unless nobody is there any more to read it.
    """
    if isinstance(sys.stdout, Lasting) and sys.stdout.failure is not None:
        return
    sys.stdout.write(json.dumps(_finite(value), default=str) + "\n")
    sys.stdout.flush()
    failure = sys.stdout.failure if isinstance(sys.stdout, Lasting) else None
    if failure is not None and not isinstance(failure, BrokenPipeError):
        raise ResourceError(
            f"the result cannot be written to standard output: {failure.strerror}",
            fix="free space where the output goes, or send it elsewhere",
        )


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _lasting(stream: TextIO) -> Lasting:
    if isinstance(stream, Lasting):
        return stream
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return Lasting(stream)


def _can_show(stream: TextIO, characters: str) -> bool:
    try:
        characters.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
