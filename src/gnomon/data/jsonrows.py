"""Objects in JSON text, each with the line on which it begins: one object a line, or all in one array."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

Found = tuple[int, dict[str, Any] | None, str]
"""Line, object, and why there is none."""


def objects(text: str, *, whole: bool = True) -> Iterator[Found]:
    """Yield the objects of a text; where there is none, why. Not ``whole``, the end of an array may be cut off."""
    if text.lstrip().startswith("["):
        yield from _array(text, whole=whole)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, *_decoded(line)


def _decoded(line: str) -> tuple[dict[str, Any] | None, str]:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, RecursionError) as error:
        return None, f"is no JSON object: {error}"
    return _as_object(value)


def _as_object(value: Any) -> tuple[dict[str, Any] | None, str]:
    return (value, "") if isinstance(value, dict) else (None, f"is no JSON object: it is a {type(value).__name__}")


def _array(text: str, *, whole: bool) -> Iterator[Found]:
    """Yield the members of an array one by one; after one that is damaged the rest cannot be found."""
    decoder = json.JSONDecoder(parse_constant=_no_number)
    at, counted, line = _next(text, text.index("[") + 1), 0, 1
    while at < len(text) and text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if whole:
                yield line, None, f"is no JSON: {error}; what follows is lost"
            return
        yield line, *_as_object(value)
        at = _next(text, at)
        if at < len(text) and text[at] == ",":
            at = _next(text, at + 1)
    if whole and at >= len(text):
        yield line, None, "ends before its array does"


def _next(text: str, at: int) -> int:
    """Return the next place that holds no space."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
