"""What a reader is given besides the path and the settings: where to cache, whom to tell, when to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gnomon.core.events import Emit


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The surroundings of one reading."""

    cache_dir: Path
    """Folder of the decoded cache; created when needed."""
    emit: Emit
    """Is told of progress."""
    should_stop: Callable[[], bool]
    """True once a signal asked to stop; long loops look at it."""
