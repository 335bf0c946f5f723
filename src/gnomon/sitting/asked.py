"""What the user asked for: layers of the configuration, budgets and folders. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gnomon.core import config as configs
from gnomon.core import run as runfolders
from gnomon.core.config import Auto, Layer
from gnomon.core.errors import UsageError
from gnomon.core.run import RunFolder
from gnomon.core.training import Allowance
from gnomon.training.budget import Budget, parse_budget

RUNS = Path("runs")
_PREPARING = 0.15
"""Share of what is left of a budget that may go into making numbers of the data, where it can do with less."""
_DEFAULTS = {
    "run.budget": "5m",
    "run.task": "auto",
    "run.family": "auto",
    "run.seed": 0,
    "data.target": "auto",
    "data.valid": "off",
    "data.test": "off",
    "data.split": "auto",
    "data.group": "off",
    "data.time": "off",
    "data.max_bad": 0.01,
    "data.label_from": "auto",
}


def layers_of(
    asked: Mapping[str, Any],
    read: Mapping[str, Any],
    config: str | None,
    settings: Sequence[str],
    *,
    horizon: int | Auto = "auto",
) -> list[Layer]:
    """Return the layers that the user wrote. A flag left at its default says nothing."""
    flags = {f"run.{name}": value for name, value in asked.items()}
    flags |= {f"data.{name}": value for name, value in read.items() if value is not None}
    flags |= {} if horizon == "auto" else {"series.horizon": horizon}
    for name in ("data.path", "data.valid", "data.test"):
        if flags.get(name) not in (None, "off") and Path(flags[name]).exists():
            flags[name] = str(Path(flags[name]).absolute())  # so that the run can be resumed from any folder
    given = {name: value for name, value in flags.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}
    layers: list[Layer] = []
    if config is not None:
        layers.append(("config", configs.read_toml(Path(config))))
    return [*layers, ("user", {**given, **configs.parse_sets(settings)})]


def value_of(layers: Sequence[Layer], name: str) -> str:
    """Return a setting as the user gave it, or its default, before anything is known of the data."""
    return str(next((values[name] for _, values in reversed(layers) if name in values), _DEFAULTS[name]))


def allowance_of(budget: Budget, num_train: int, *, used_s: float) -> Allowance:
    """Return what a family may plan with: about four fifths of a time are left for training."""
    samples = {"epochs": budget.value * num_train, "samples": budget.value, "steps": budget.value * 256}
    return Allowance(
        train_s=None if budget.seconds is None else max(0.0, 0.85 * (budget.seconds - used_s)),
        samples=samples.get(budget.kind),
        flop=budget.value if budget.kind == "flop" else None,
        num_train=num_train,
    )


def preparing_s(budget: Budget, *, used_s: float) -> float | None:
    """Return how many seconds may go into making numbers of the data; None where the budget is no time."""
    return None if budget.seconds is None else _PREPARING * max(0.0, budget.seconds - used_s)


def allotment(old: Budget, new: str | None, used_s: float, already_s: float) -> tuple[Budget, float]:
    """Return the budget to go on with, and how much of it is used already."""
    if new is None or old.kind != "time":
        if new is not None:
            raise UsageError(
                f"the run counts its budget in {old.kind}: no time can be granted", fix="resume without --budget"
            )
        return old, used_s + already_s
    granted = parse_budget(new)
    if granted.seconds is None:
        raise UsageError(f"{new!r} is not a time", fix="grant a time, such as --budget 5m")
    return Budget(text=granted.text, kind="time", value=used_s + granted.seconds), used_s + already_s


def new_folder(out: str | None, *names: str) -> RunFolder:
    """Return a new run folder: ``out`` where the user named one, else one below ``runs``."""
    if out is not None:
        return runfolders.create_at(Path(out))
    return runfolders.create(RUNS, name_parts=names, now=datetime.now())


def data_dir_of(named: str | None) -> Path | None:
    """Return the folder of data sets: the one that was named, else ``GNOMON_DATA``."""
    named = named or os.environ.get("GNOMON_DATA")
    return Path(named) if named else None


def where_it_lay(stored: Any) -> Path | None:
    """Return the folder in which a run found data of a known name, where it is still there."""
    source = stored.get("source") if isinstance(stored, dict) else None
    found = Path(source) if isinstance(source, str) else None
    return found.parent if found is not None and found.exists() else data_dir_of(None)
