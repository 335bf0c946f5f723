"""Texts of any language cut to what fits on a page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_JOINER = "\u200d"
_CUT = "…"
_LOOK_BACK = 24
"""How many characters a cut may move back to stand between two words."""


def snippet(text: str, limit: int = 200) -> str:
    """Return at most ``limit`` characters on one line, cut between words where it can be, never inside a character.

    Runs of white space become one space, and what cannot be seen (controls) is left out.
    """
    line = " ".join(_visible(text[: 4 * limit + 100], keep="").split())
    return line if len(line) <= limit and len(text) <= 4 * limit + 100 else _cut(line, limit)


def passage(text: str, limit: int) -> str:
    """Return the beginning of a text with its lines kept, at most ``limit`` characters of it."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    seen = _visible(whole[: limit + 100], keep="\n\t").strip("\n")
    return seen if len(whole) <= limit else _cut(seen, limit)


def as_text(sample: str | Sequence[str]) -> str:
    """Return a sample of text as one string; words are joined by spaces."""
    return sample if isinstance(sample, str) else " ".join(sample)


def _visible(text: str, *, keep: str) -> str:
    return "".join(c if c in keep or unicodedata.category(c) != "Cc" else " " for c in text)


def _cut(text: str, limit: int) -> str:
    end = min(limit, len(text))
    while 0 < end < len(text) and (unicodedata.combining(text[end]) or _JOINER in text[end - 1 : end + 1]):
        end -= 1
    space = re.search(r"\s\S*$", text[max(0, end - _LOOK_BACK) : end])
    if space and end < len(text):
        end = max(0, end - _LOOK_BACK) + space.start()
    return text[:end].rstrip() + _CUT
