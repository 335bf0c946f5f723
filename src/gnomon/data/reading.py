"""What a reader is given besides the path and the settings: where to cache, whom to tell, when to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gnomon.core import config as configs
from gnomon.core.config import Layer
from gnomon.core.events import Emit

C = TypeVar("C")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The surroundings of one reading."""

    cache_dir: Path
    """Folder of the decoded cache; created when needed."""
    emit: Emit
    """Is told of progress."""
    should_stop: Callable[[], bool]
    """True once a signal asked to stop; long loops look at it."""
    needs_labels: bool = True
    """False where the task that was asked for learns from samples without labels too."""
    layers: Sequence[Layer] = ()
    """What was configured, for a reader's own settings."""

    def value(self, name: str, default: str = "auto") -> str:
        """Return what was configured under a dotted name, such as ``run.task``, or ``default``."""
        return str(next((values[name] for _, values in reversed(self.layers) if name in values), default))

    def settings(self, cls: type[C]) -> C:
        """Return the reader's own settings, of the section ``reader``. Raises ``UsageError``."""
        built, _ = configs.build(cls, "reader", self.layers)
        return built
