"""The most confident mistakes of a classifier, as rows that wait for what each sample looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gnomon.core.errors import GnomonError
from gnomon.outputs.record import Record
from gnomon.outputs.sections import details
from gnomon.outputs.subject import kinds_of, things
from gnomon.outputs.wording import several

MOST = 48


def mistakes(record: Record) -> list[dict[str, Any]]:
    """Return the worst mistakes that the evaluation names, the most confident first, with class names."""
    classes = [str(name) for name in details(record).get("classes", [])]
    return [
        {
            "index": int(error["index"]),
            "id": str(error.get("id", "")),
            "confidence": float(error["confidence"]),
            "probability_of_true": error.get("probability_of_true"),
            "true": class_name(error["true"], classes),
            "predicted": class_name(error["predicted"], classes),
        }
        for error in list(details(record).get("worst", []))[:MOST]
    ]


def class_name(value: Any, classes: Sequence[str]) -> str:
    """Return the name of a class that is given by its name or its index."""
    return classes[value] if isinstance(value, int) and 0 <= value < len(classes) else str(value)


def absent(record: Record, error: GnomonError | None = None) -> str:
    """Return the sentence that stands where samples cannot be shown."""
    what = "pictures" if kinds_of(record)[0] in ("", "Image") else several(things(record))
    return f"The data is no longer where it was, so no {what} are shown." + (f" ({error.what})" if error else "")
