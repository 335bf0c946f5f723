"""Labels and groups in the names of files: ``{label}_{speaker}_{index}.wav`` says what each part of a name is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gnomon.core.errors import UsageError

LABEL = "label"
INDEX = "index"
"""The field that is digits and says nothing."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_FIX = 'write it like --label-from "{label}_{group}_{index}.wav", or with folders: "{group}/{label}-{index}.wav"'


@dataclass(frozen=True)
class Pattern:
    """How names are built: as the user wrote it, the fields in order, and what matches."""

    text: str
    fields: tuple[str, ...]
    expression: re.Pattern[str]
    depth: int
    """Folders above the file that the pattern speaks of."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Fields that may name a group: all but the label and the index."""
        return tuple(field for field in self.fields if field not in (LABEL, INDEX))

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """Return the fields in a path given by its parts, folders and name; None where it is not built so."""
        if len(parts) <= self.depth:
            return None
        found = self.expression.fullmatch("/".join(parts[-1 - self.depth :]))
        return None if found is None else found.groupdict()


def pattern(text: str) -> Pattern:
    """Return the pattern that a text describes.

    A field is a name in braces; ``{label}`` must be there, ``{index}`` stands for digits, any other for the name of a
    group such as a speaker. A field ends where the character after it comes; the label may hold that character. The
    ending of the file may be left out. Raises ``UsageError`` for anything else.
    """
    pieces = _FIELD.split(text)
    fields = tuple(pieces[1::2])
    if LABEL not in fields:
        raise UsageError(f"--label-from {text!r} does not say where the label is", fix=_FIX)
    if len(set(fields)) < len(fields) or not all(field.isidentifier() for field in fields):
        raise UsageError(f"--label-from {text!r}: each field needs a name of its own, of letters and digits", fix=_FIX)
    if "" in pieces[2:-1:2] or re.search(r"[{}]", "".join(pieces[::2])):
        raise UsageError(f"--label-from {text!r}: something must stand between two fields", fix=_FIX)
    made = [re.escape(pieces[0])]
    for field, literal in zip(fields, pieces[2::2], strict=True):
        made.append(f"(?P<{field}>{_content(field, literal)})" + re.escape(literal))
    has_ending = re.search(r"\.[A-Za-z0-9]+$", pieces[-1]) is not None
    expression = re.compile("".join(made) + ("" if has_ending else r"\.[A-Za-z0-9]+"), re.IGNORECASE)
    return Pattern(text=text, fields=fields, expression=expression, depth=text.count("/"))


def _content(field: str, after: str) -> str:
    if field == INDEX:
        return r"[0-9]+"
    if field == LABEL:
        return r"[^/]+"
    return f"[^/{re.escape(after[0])}]+" if after else "[^/.]+"
