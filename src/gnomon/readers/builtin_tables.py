"""The tables that scikit-learn ships, by name: breast-cancer, wine and diabetes. They work offline, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gnomon.core.config import DataConfig
from gnomon.core.spec import Dataset, Match
from gnomon.data import tableset
from gnomon.data.reading import Reading
from gnomon.data.tableset import Found, Part

if TYPE_CHECKING:
    import pyarrow as pa

NAMES = ("breast-cancer", "wine", "diabetes")
TARGETS = {"breast-cancer": "diagnosis", "wine": "cultivar", "diabetes": "progression"}


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


def sniff(path: Path) -> Match | None:
    """Claim the bare name of a built-in table where no file or folder of that name exists."""
    if str(path) in NAMES and not path.exists():
        return Match(confidence=1.0, why="it is the name of a data set that is built in")
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Return the table as one split; the target has a name of its own."""
    tableset.stop_if_asked(reading)
    name = str(path)
    target = TARGETS[name] if config.target == "auto" else config.target
    part = Part(split="all", name=name, table=_table(name))
    found = Found(reader="builtin_tables", path=path, name=name, parts=[part], types={})
    return tableset.dataset(found, replace(config, target=target))


def _table(name: str) -> pa.Table:
    import pyarrow as pa

    # Imported here: it takes half a second, and only this reader needs it.
    from sklearn import datasets

    load = {"breast-cancer": "load_breast_cancer", "wine": "load_wine", "diabetes": "load_diabetes"}[name]
    found = getattr(datasets, load)(**({"scaled": False} if name == "diabetes" else {}))
    columns = {str(column): pa.array(found.data[:, k]) for k, column in enumerate(found.feature_names)}
    values = found.target if name == "diabetes" else np.asarray(found.target_names)[found.target]
    return pa.table({**columns, TARGETS[name]: pa.array(values.tolist())})
