"""Language models in the report: passages of what they read, and what they wrote along the run."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnomon.outputs.charts import Axes, Line, curve
from gnomon.outputs.choosing import num_samples, spread
from gnomon.outputs.examples import Examples
from gnomon.outputs.record import Record
from gnomon.outputs.sections import details
from gnomon.outputs.snippets import as_text, passage
from gnomon.outputs.verdict import headline_split
from gnomon.outputs.wording import metric, number, shown

Context = dict[str, Any]

_PASSAGES = 3
_PASSAGE_CHARACTERS = 420
_WRITTEN_CHARACTERS = 900
_SPLITS = ("train", "valid", "test")


def glance(record: Record, examples: Examples) -> Context:
    """Return passages of the training text, and how many characters and documents each split holds."""
    num = num_samples(record.data, "train")
    if not num:
        return {}
    documents = examples.samples("train", spread(np.arange(num), _PASSAGES))
    shares = [0.02, 0.5, 0.9] if len(documents) == 1 else [0.1] * len(documents)
    texts = list(documents) * _PASSAGES if len(documents) == 1 else documents
    passages = [_from(as_text(text), share) for text, share in zip(texts, shares, strict=True)]
    return {
        "template": "glance_passages.html",
        "passages": [text for text in passages if text],
        "extents": [
            (split, record.data["splits"][split].get("size"), num)
            for split in _SPLITS
            if (num := num_samples(record.data, split))
        ],
    }


def written(record: Record) -> Context:
    """Return what the model wrote at the first, the middle and the last record of it, with its score by then."""
    if not record.written:
        return {}
    last = len(record.written) - 1
    picked = sorted({0, last // 2, last})
    return {"rows": [_written(record, record.written[place]) for place in picked], "num": last + 1}


def along(record: Record) -> Context:
    """Return the loss along the text that was measured, stretch by stretch, and the windows that are hardest."""
    found = details(record)
    losses = [(place, loss) for place, loss in enumerate(found.get("along", [])) if loss is not None]
    if len(losses) < 2:
        return {}
    end = len(found["along"]) - 1
    xs, ys = [100 * place / end for place, _ in losses], [loss for _, loss in losses]
    line = Line(label="loss", xs=xs, ys=ys)
    axes = Axes(x_low=0.0, x_high=100.0, x_form=lambda x: f"{x:.0f}\u202f%")
    mean = sum(ys) / len(ys)
    svg = curve([line], axes, title="Loss along the text", form=lambda y: shown("loss", y), height_px=170,
                tick_form=number, baseline=(mean, "mean"))  # fmt: skip
    return {"svg": svg, "split": headline_split(record), "hardest": max(ys), "easiest": min(ys), "mean": mean}


def _written(record: Record, line: dict[str, Any]) -> Context:
    name = str(record.evaluation.get("headline", "loss"))
    known = [valid for valid in record.valid if valid["step"] <= line["step"] and name in valid]
    score = f"{metric(name).in_words} {shown(name, known[-1][name])}" if known else ""
    return {
        "step": line["step"],
        "progress": line.get("progress"),
        "prompt": passage(str(line.get("prompt", "")), 200),
        "text": passage(str(line["text"]), _WRITTEN_CHARACTERS),
        "score": score,
    }


def _from(text: str, share: float) -> str:
    """Return a passage that begins with the line, else the word, that follows a place in the text."""
    start = int(share * max(0, len(text) - _PASSAGE_CHARACTERS))
    if start:
        near = text[start : start + 400]
        jump = near.find("\n") if "\n" in near else near.find(" ")
        start += jump + 1
    return passage(text[start : start + 2 * _PASSAGE_CHARACTERS], _PASSAGE_CHARACTERS)
