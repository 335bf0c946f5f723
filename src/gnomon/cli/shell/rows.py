"""What is shown, before it is known where: rows of styled pieces, drawn by a terminal or written plainly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gnomon.cli.shell import words

Piece = tuple[str, str]
"""Some text and its style, in rich's words: ``bold``, ``dim``, ``cyan``; empty for none."""

_FLAG = re.compile(r"(--[a-z][a-z-]*)")


@dataclass(frozen=True)
class Row:
    """One line for people. ``label`` stands in a column of its own; a long ``value`` wraps beside it, not under it."""

    value: tuple[Piece, ...] = ()
    label: str = ""
    mark: Piece = ("", "")
    """A sign before the row, such as ``!`` for a warning."""
    crop: bool = False
    """Where the terminal is too narrow: cut the row instead of wrapping it."""


def heading(text: str, aside: str = "") -> Row:
    """Return a heading, with something less important beside it."""
    return Row(((text, "bold"), (f" · {aside}" if aside else "", "dim")))


def blank() -> Row:
    """Return an empty line."""
    return Row()


def fact(label: str, *pieces: Piece | str) -> Row:
    """Return a row ``label   value``."""
    return Row(tuple((piece, "") if isinstance(piece, str) else piece for piece in pieces), label=label)


def with_flags(text: str, style: str = "") -> tuple[Piece, ...]:
    """Return ``text`` with the names of flags in it made visible."""
    parts = _FLAG.split(text)
    return tuple((part, "cyan" if _FLAG.fullmatch(part) else style) for part in parts if part)


def columns(table: Sequence[Sequence[Piece]], *, right: frozenset[int] = frozenset()) -> list[Row]:
    """Return one row a record, its cells in aligned columns; columns named in ``right`` are aligned to the right."""
    if not table:
        return []
    widths = [max(words.width(record[i][0]) for record in table) for i in range(len(table[0]))]
    rows = []
    for record in table:
        cells = [_cell(piece, widths[i], i in right) for i, piece in enumerate(record)]
        cells[-1] = record[-1] if len(record) - 1 not in right else cells[-1]
        rows.append(Row(tuple(p for cell in cells for p in (cell, ("  ", "")))[:-1]))
    return rows


def plain(row: Row) -> str:
    """Return a row as plain text."""
    text = "".join(piece for piece, _ in row.value)
    mark = f"{row.mark[0]} " if row.mark[0] else ""
    label = f"  {row.label:<{LABEL_WIDTH}}" if row.label else ""
    return (label + mark + text).rstrip()


LABEL_WIDTH = 12


def _cell(piece: Piece, width: int, right: bool) -> Piece:
    text, style = piece
    space = " " * (width - words.width(text))
    return (space + text if right else text + space, style)
