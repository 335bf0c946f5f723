"""Texts with a label in the report: some of each class, how long they are, telling words, and the worst mistakes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gnomon.core.errors import GnomonError
from gnomon.outputs.bars import histogram
from gnomon.outputs.choosing import MOST_CLASSES, by_class, num_samples, spread
from gnomon.outputs.examples import Examples
from gnomon.outputs.mistakes import absent, mistakes
from gnomon.outputs.record import Record
from gnomon.outputs.snippets import as_text, snippet
from gnomon.outputs.subject import classes_of
from gnomon.outputs.telling import chosen, telling_ngrams
from gnomon.outputs.verdict import headline_split
from gnomon.outputs.wording import count

Context = dict[str, Any]

_SHOWN_CHARACTERS = 200
_ERROR_CHARACTERS = 360
_MEASURED = 5_000
_BINS = 24
_GAP = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]) (?=[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")


def glance(record: Record, examples: Examples) -> Context:
    """Return training texts by class, and how long the texts are."""
    num, names = num_samples(record.data, "train"), classes_of(record)
    labels = examples.labels("train")
    per_class = 3 if len(names) <= 8 else 2
    rows = [("", spread(np.arange(num), 12))] if labels is None else by_class(labels, names, per_class)
    order = [index for _, picked in rows for index in picked]
    if not order:
        return {}
    texts = iter(examples.samples("train", order))
    return {
        "template": "glance_texts.html",
        "rows": [
            {"name": name, "texts": [snippet(as_text(next(texts)), _SHOWN_CHARACTERS) for _ in picked]}
            for name, picked in rows
        ],
        "num_shown": len(rows),
        "num_classes": len(names),
        "lengths": lengths(examples, num, unit="characters"),
    }


def lengths(examples: Examples, num: int, *, unit: str) -> Context:
    """Return how long training samples are: a histogram and a sentence; of 5,000 of them where there are more.

    The unit is ``characters`` for texts, ``words`` where the samples are cut into words.
    """
    picked = spread(np.arange(num), _MEASURED)
    sizes = np.sort(np.array([len(sample) for sample in examples.samples("train", picked)], dtype=np.int64))
    if len(sizes) < 2:
        return {}
    low, middle, high = (int(np.quantile(sizes, share)) for share in (0.05, 0.5, 0.95))
    end = max(int(np.quantile(sizes, 0.99)), int(sizes[0]) + 1)
    counts, edges = np.histogram(np.minimum(sizes, end), bins=min(_BINS, end - int(sizes[0])))
    of = "" if len(sizes) == num else f", measured on {count(len(sizes))} of them"
    return {
        "chart": histogram(counts.tolist(), edges.tolist(), unit=unit, title=f"Length of training texts in {unit}"),
        "sentence": f"The middle length is {count(middle)} {unit}; nine in ten have {count(low)} to {count(high)}, "
        f"the longest {count(int(sizes[-1]))}{of}.",
        "tail": int((sizes > end).sum()),
        "end": end,
    }


def telling(record: Record, examples: Examples) -> Context:
    """Return the n-grams that tell each class of training texts from the others."""
    names, labels = classes_of(record), examples.labels("train")
    if labels is None or not len(labels) or len(names) < 2:
        return {}
    some = examples.samples("train", spread(np.arange(len(labels)), 100))
    mean = sum(len(as_text(text)) for text in some) / len(some)
    picked = chosen(labels, len(names), mean_characters=mean)
    texts = [as_text(text) for text in examples.samples("train", picked)]
    found = telling_ngrams(texts, labels[picked].tolist(), len(names))
    order = sorted(range(len(names)), key=lambda k: -(found[k][0].z if found[k] else 0.0))
    shown = sorted(order[:MOST_CLASSES])
    most = max((grams[0].z for grams in found if grams), default=1.0)
    return {
        "rows": [
            {
                "name": names[k],
                "grams": [
                    {"text": _GAP.sub("", g.text), "weight": round(g.z / most, 3), "inside": g.inside,
                     "outside": g.outside} for g in found[k]
                ],
            }
            for k in shown
        ],
        "num_counted": len(picked),
        "num_all": len(labels),
        "num_classes": len(names),
    }  # fmt: skip


def worst(record: Record, examples: Examples | None) -> Context:
    """Return the most confident mistakes with their texts, most confident first."""
    rows = mistakes(record)
    if not rows:
        return {}
    texts, gone = _texts(record, examples, [row["index"] for row in rows])
    for row, text in zip(rows, texts, strict=True):
        row["text"] = text
    return {"template": "errors_texts.html", "rows": rows, "split": headline_split(record), "absent": gone}


def _texts(record: Record, examples: Examples | None, indices: Sequence[int]) -> tuple[list[str], str]:
    nothing = [""] * len(indices)
    if examples is None:
        return nothing, absent(record)
    try:
        found = examples.samples(headline_split(record), indices)
    except GnomonError as error:
        return nothing, absent(record, error)
    return [snippet(as_text(text), _ERROR_CHARACTERS) for text in found], ""
