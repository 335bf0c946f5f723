"""Tagged words, one a line, with a blank line after each sentence: CoNLL-U and the columns of CoNLL-2003."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
CONLL2003 = ("token", "pos", "chunk", "ner")

_DOCSTART = "-DOCSTART-"
_FEWEST_LINES = 4
_MAX_SENTENCE = 200
"""Most words of a sentence, on average, of what is taken for sentences."""
_LONGEST_TAG = 12
_BRACKETED = re.compile(r"^\(.|.\)$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """The fields of some words: rows ``(words, fields)``, and the name or number of the sentence."""

    id: str
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Bad:
    """A sentence that cannot be used: the line at fault, and why."""

    line: int
    reason: str


def sentences(text: str, names: Sequence[str]) -> Iterator[Sentence | Bad]:
    """Yield the sentences of a text whose lines have the fields ``names``.

    Comments, the ranges of CoNLL-U's multiword tokens (``1-2``), its empty nodes (``8.1``) and ``-DOCSTART-`` lines
    are left out. A sentence with a line of another number of fields comes as `Bad`.
    """
    is_conllu = tuple(names) == CONLLU
    rows: list[list[str]] = []
    bad: Bad | None = None
    name, number = "", 0
    for place, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            if rows or bad:
                number += 1
                yield bad or Sentence(name or str(number), rows)
            rows, bad, name = [], None, ""
        elif is_conllu and line.startswith("#"):
            if line.startswith("# sent_id"):
                name = line.partition("=")[2].strip()
        else:
            fields = line.split("\t") if "\t" in line else line.split()
            if len(fields) != len(names):
                bad = bad or Bad(place, f"has {len(fields)} fields, not {len(names)}")
            elif fields[0] != _DOCSTART and not (is_conllu and not fields[0].isdecimal()):
                rows.append(fields)
    if rows or bad:
        yield bad or Sentence(name or str(number + 1), rows)


def columns(text: str) -> tuple[str, ...] | None:
    """Return the names of the fields of tagged words in some lines of a file, or None where it is something else."""
    lines = text.strip().split("\n")
    words = [line for line in lines if line.strip() and not line.startswith(("#", _DOCSTART))]
    num_blank = sum(not line.strip() for line in lines)
    rows = [line.split("\t") if "\t" in line else line.split() for line in words]
    if rows and all(map(_is_conllu, rows[:_FEWEST_LINES])):
        return CONLLU
    width = len(rows[0]) if rows else 0
    if len(rows) < _FEWEST_LINES or not num_blank or len(rows) > _MAX_SENTENCE * (num_blank + 1):
        return None
    if width < 2 or any(len(row) != width for row in rows) or not _are_tags([row[-1] for row in rows]):
        return None
    return CONLL2003 if width == len(CONLL2003) else ("token", *(f"column {i}" for i in range(2, width + 1)))


def _is_conllu(row: Sequence[str]) -> bool:
    return len(row) == len(CONLLU) and row[0].replace("-", "").replace(".", "").isdecimal()


def _are_tags(tags: Sequence[str]) -> bool:
    """Return whether words are tags: short, no numbers or brackets, and capitals or often the same ones."""
    if max(map(len, tags)) > _LONGEST_TAG or any(tag[0].isdigit() or _BRACKETED.search(tag) for tag in tags):
        return False
    return all(tag == tag.upper() for tag in tags) or len(set(tags)) <= max(2, len(tags) // 2)
