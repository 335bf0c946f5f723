"""The 1,797 handwritten digits of 8 x 8 pixels that scikit-learn ships: works offline, trains in seconds."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.core.config import DataConfig
from gnomon.core.spec import Dataset, Match
from gnomon.data import pictures
from gnomon.data.content import Content, Listed, Part, Source
from gnomon.data.reading import Reading

NAME = "digits"
_WHITEST = 16


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


def sniff(path: Path) -> Match | None:
    """Claim the bare name ``digits`` where no file or folder of that name exists."""
    if path == Path(NAME) and not path.exists():
        return Match(confidence=1.0, why="it is the name of a data set that is built in")
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Return the digits as one split, grey values 0 to 16 stretched to 0 to 255."""
    if config.target != "auto":
        raise pictures.unknown_target(config.target, ("auto",), path)
    version = importlib.metadata.version("scikit-learn")
    source = Source(reader="digits", path=Path(NAME), name=NAME, key=("scikit-learn", version), read=_content)
    return pictures.dataset(source, config, reading)


def _content() -> Content:
    # Imported here: it takes half a second, and only the first reading needs it.
    from sklearn.datasets import load_digits

    found = load_digits()
    values = np.rint(found.images * (255 / _WHITEST)).astype(np.uint8)
    part = Part(
        split="all",
        ids=[f"digits#{i}" for i in range(len(values))],
        targets=found.target.astype(np.int64),
        payloads=Listed(values[:, :, :, None]),
    )
    return Content(parts=[part], classes=tuple(str(digit) for digit in range(10)))
