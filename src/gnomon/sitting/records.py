"""What a run folder tells about a run, and what is told there."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch

from gnomon.core import files
from gnomon.core.errors import ArtefactError, ReproducibilityError
from gnomon.core.jsontext import line
from gnomon.core.run import RunFolder, read_lines
from gnomon.outputs import evaluate
from gnomon.training.budget import Budget, parse_budget
from gnomon.training.machine import Machine
from gnomon.training.plan import PlanLog

_PLANNED = {
    *("task", "family", "seed", "budget", "budget_s", "steps", "phases", "step_s", "eval_at", "look_s", "views"),
    *("precision", "memory_format", "threads", "used_before_s", "reserve_s", "stops_early", "unit", "baselines_s"),
    *("networks", "valid_too"),
}
"""What going on with a run, repeating it and measuring it need to know of its plan."""


def environment(machine: Machine) -> dict[str, Any]:
    """Return versions and hardware, as ``env.json`` holds them."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "gnomon": version("gnomon"),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("torch", "numpy", "pillow", "pyarrow", "safetensors")},
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "processor": machine.name,
        "cores": machine.threads,
        "threads": torch.get_num_threads(),
        "memory_gib": round(machine.memory_bytes / 2**30, 1),
        "gpu": None if gpu is None else {"name": gpu},
        "precision_speed": {name: round(rate / 1e9, 1) for name, rate in machine.measured.items()},
        "argv": sys.argv,
    }


def forget_after(run: RunFolder, step: int) -> None:
    """Drop the records that a run wrote after the step from which it is resumed: they will be written again."""
    if not run.metrics.exists():
        return
    # An event tells of the batch before it counts as a step: one of this very step is still to come. Not so a sample.
    kept = [r for r in read_lines(run.metrics) if r.get("step", 0) < step + (r.get("event", "sample") == "sample")]
    files.write_bytes(run.metrics, b"".join(line(record) for record in kept))


def log_of(folder: RunFolder) -> PlanLog:
    """Return the plan of a run and its events. Raises ``ArtefactError`` where the plan lacks anything."""
    log = PlanLog.read(folder)
    if lacking := _PLANNED - log.plan.keys():
        raise ArtefactError(
            f"the plan lacks {', '.join(sorted(lacking))}", fix="restore the file from a copy", path=folder.plan, line=1
        )
    return log


def last_budget(log: PlanLog) -> Budget:
    """Return the budget of a run: the last allotment that it was granted, else that of its plan."""
    first = parse_budget(log.plan["budget"]["text"])
    granted = [event["budget_s"] for event in log.events if event["event"] == "resume" and event.get("budget_s")]
    return Budget(text=first.text, kind="time", value=float(granted[-1])) if granted else first


def result(run: RunFolder, log: PlanLog, found: Mapping[str, Any], *, elapsed_s: float) -> dict[str, Any]:
    """Return what ``train --json`` prints."""
    finish: dict[str, Any] = next((e for e in reversed(log.events) if e["event"] == "finish"), {})
    limits = [told["threshold"]["score"] for told in found.get("details", {}).values() if "threshold" in told]
    return {
        "run": str(run.path),
        "task": log.plan["task"],
        "family": log.plan["family"],
        "budget_s": log.plan["budget_s"],
        "elapsed_s": round(elapsed_s, 3),
        "steps": finish.get("step", 0),
        "scores": found["scores"],
        "baseline": evaluate.best_baseline(found),
        "threshold": limits[-1] if limits else None,
        "weights_sha256": finish.get("weights_sha256", ""),
        "peak_memory_bytes": finish.get("peak_memory_bytes", 0),
        "report": str(run.report),
        **({"sample": "row"} if _are_rows(found) else {}),
    }


def _are_rows(found: Mapping[str, Any]) -> bool:
    """Return whether the rows of a table were learned themselves, by what the evaluation tells."""
    return any("columns" in told.get("likelihood", {}) for told in found.get("details", {}).values())


def require_equal(run: RunFolder, replayed: RunFolder, wanted: str, got: str) -> None:
    """Raise ``ReproducibilityError`` where a replay gave other weights than the run."""
    if wanted != got:
        raise ReproducibilityError(
            f"the replay in {replayed.path} gave other weights ({got[:12]}…) than the run ({wanted[:12]}…)",
            fix="replay on the same machine with the versions in env.json",
            path=run.path,
        )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
