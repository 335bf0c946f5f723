"""Tagged sentences in the report: some as they were read, and the worst with their wrong tags marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gnomon.core.errors import GnomonError
from gnomon.outputs.choosing import num_samples, spread
from gnomon.outputs.examples import Examples
from gnomon.outputs.mistakes import absent, class_name
from gnomon.outputs.record import Record
from gnomon.outputs.sections import details
from gnomon.outputs.snippets import snippet
from gnomon.outputs.subject import classes_of
from gnomon.outputs.textsections import lengths
from gnomon.outputs.verdict import headline_split

Context = dict[str, Any]

_SHOWN = 6
_MOST_WORDS = 48
_MOST_WRONG = 24
_CANDIDATES = 40


def glance(record: Record, examples: Examples) -> Context:
    """Return some training sentences with the tag of each word, and how long sentences are."""
    num, names = num_samples(record.data, "train"), classes_of(record)
    if not num:
        return {}
    picked = spread(np.arange(num), _CANDIDATES)
    sentences = list(zip(examples.samples("train", picked), examples.tags("train", picked), strict=True))
    fitting = [pair for pair in sentences if 4 <= len(pair[0]) <= 24] or sentences
    return {
        "template": "glance_tags.html",
        "sentences": [
            [_word(word, class_name(int(tag), names)) for word, tag in zip(words, tags, strict=True)][:_MOST_WORDS]
            for words, tags in fitting[:_SHOWN]
        ],
        "lengths": lengths(examples, num, unit="words"),
    }


def worst(record: Record, examples: Examples | None) -> Context:
    """Return the sentences that were told worst, each word with its tag and, where wrong, the one that it got."""
    found = list(details(record).get("worst", []))[:_MOST_WRONG]
    if not found:
        return {}
    split, gone = headline_split(record), absent(record)
    sentences: Sequence[list[Context]] = [_without_words(error) for error in found]
    if examples is not None:
        try:
            sentences = _with_words(found, examples, split, classes_of(record))
            gone = ""
        except GnomonError as error:
            gone = absent(record, error)
    return {
        "template": "errors_tags.html",
        "rows": [_row(error, words) for error, words in zip(found, sentences, strict=True)],
        "split": split,
        "absent": gone,
    }


def _with_words(
    found: Sequence[Mapping[str, Any]], examples: Examples, split: str, names: Sequence[str]
) -> list[list[Context]]:
    """Return the words of each sentence with their tags; wrong ones with the true tag beside."""
    indices = [int(error["index"]) for error in found]
    sentences = []
    for error, words, tags in zip(found, examples.samples(split, indices), examples.tags(split, indices), strict=True):
        wrong = {int(mistake["place"]): mistake for mistake in error["mistakes"]}
        sentences.append([
            _word(word, str(wrong[place]["predicted"]), str(wrong[place]["true"])) if place in wrong
            else _word(word, class_name(int(tag), names))
            for place, (word, tag) in enumerate(zip(words, tags, strict=True))
        ])  # fmt: skip
    return sentences


def _without_words(error: Mapping[str, Any]) -> list[Context]:
    return [_word("·", str(mistake["predicted"]), str(mistake["true"])) for mistake in error["mistakes"]]


def _row(error: Mapping[str, Any], words: Sequence[Context]) -> Context:
    """Return one sentence; of a long one the words around its first mistakes."""
    first = next((k for k, word in enumerate(words) if word["wanted"]), 0)
    start = max(0, min(first - 4, len(words) - _MOST_WORDS))
    return {
        "id": str(error.get("id", "")),
        "words": words[start : start + _MOST_WORDS],
        "before": start > 0,
        "after": start + _MOST_WORDS < len(words),
        "num_wrong": error["num_wrong"],
        "num_words": error["num_tokens"],
    }


def _word(word: str, tag: str, wanted: str = "") -> Context:
    return {"word": snippet(word, 40), "tag": tag, "wanted": wanted}
