"""JSON as Gnomon writes it: readable UTF-8, strictly valid, and faithful to file names that are not."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import msgspec


def document(value: Any) -> bytes:
    """Return a JSON document: an object at the top gets one line a key, all below stays on that line."""
    if not isinstance(value, Mapping) or not value:
        return line(value)
    pairs = [f"{_text(str(key))}: {_text(part)}" for key, part in value.items()]
    return _encoded("{\n" + ",\n".join(pairs) + "\n}\n")


def line(value: Any) -> bytes:
    """Return one line of JSON with its newline."""
    return _encoded(_text(value) + "\n")


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except ValueError:  # a number that is not finite: JSON has no word for it
        return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, default=_plain)


def _encoded(text: str) -> bytes:
    # Bytes of a file name that are not UTF-8 live in Python strings as lone surrogates: \udcff is valid JSON.
    return text.encode("utf-8", "backslashreplace")


def _plain(value: Any) -> Any:
    """Return what JSON knows for a dataclass, a date, a path, a NumPy scalar or array."""
    return _finite(msgspec.to_builtins(value, enc_hook=_leaf))


def _leaf(value: Any) -> Any:
    if type(value).__module__ == "numpy":
        return value.tolist()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value
