"""JSON of any depth: what the parsers of the libraries refuse, because they recurse, is read here with a stack."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_END = object()


def loads(text: str) -> Any:
    """Return the value that a JSON text describes. Raises ``json.JSONDecodeError``, whatever the depth."""
    try:
        return json.loads(text)
    except RecursionError:
        return _Reader(text).value()


class _Reader:
    """Reads one value from a text. What is open lies on a stack: lists, and objects with the key that waits."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open: list[tuple[Any, str | None]] = []

    def value(self) -> Any:
        while True:
            found = self._next()
            while found is not _END:
                if not self._open:
                    return self._last(found)
                found = self._put(found)

    def _next(self) -> Any:
        """Return the next value that is whole, or ``_END`` where an object or list has been opened."""
        mark = self._mark()
        if mark == '"':
            value, self._at = scanstring(self._text, self._at + 1)
            return value
        if mark and mark in "[{":
            self._at += 1
            return self._begin([] if mark == "[" else {})
        matched = _PLAIN.match(self._text, self._at)
        if matched is None:
            raise self._error("Expecting value")
        self._at = matched.end()
        return json.loads(matched[0])

    def _begin(self, held: Any) -> Any:
        if self._mark() == ("]" if isinstance(held, list) else "}"):
            self._at += 1
            return held
        self._open.append((held, None if isinstance(held, list) else self._key()))
        return _END

    def _put(self, value: Any) -> Any:
        """Put a value where it belongs; return what that completed, or ``_END``."""
        held, key = self._open.pop()
        if key is None:
            held.append(value)
        else:
            held[key] = value
        mark = self._mark()
        if mark == ("]" if key is None else "}"):
            self._at += 1
            return held
        if mark != ",":
            raise self._error("Expecting ',' delimiter")
        self._at += 1
        self._open.append((held, None if key is None else self._key()))
        return _END

    def _key(self) -> str:
        if self._mark() != '"':
            raise self._error("Expecting property name enclosed in double quotes")
        key, self._at = scanstring(self._text, self._at + 1)
        if self._mark() != ":":
            raise self._error("Expecting ':' delimiter")
        self._at += 1
        return str(key)

    def _last(self, value: Any) -> Any:
        if self._mark():
            raise self._error("Extra data")
        return value

    def _mark(self) -> str:
        """Return the next character that is no blank, ``""`` at the end."""
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches anywhere
        return self._text[self._at : self._at + 1]

    def _error(self, what: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(what, self._text, self._at)
