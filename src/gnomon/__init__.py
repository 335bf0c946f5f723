"""Gnomon: give it data and a compute budget, and it returns a finished, measured model when the time is up.

import gnomon

run = gnomon.train("photos/", budget="5m")
run.predict(["new.jpg"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gnomon.api import Run, draw, evaluate, inspect, load_run, predict, report, resume, runs, train
    from gnomon.core.errors import GnomonError

__all__ = [
    "GnomonError",
    "Run",
    "draw",
    "evaluate",
    "generate",
    "inspect",
    "load_run",
    "predict",
    "report",
    "resume",
    "runs",
    "synthesise",
    "train",
]


def __getattr__(name: str) -> Any:
    """Resolve the public names when they are first used, so that importing the package costs nothing."""
    if name == "GnomonError":
        from gnomon.core.errors import GnomonError

        return GnomonError
    if name in __all__:
        from gnomon import api

        return getattr(api, name)
    raise AttributeError(f"module 'gnomon' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
