"""How the threads of a computation wait for each other; decided before torch is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

_SPINS = "1000"


def wait_politely(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Let idle threads sleep soon instead of spinning; return False where it is too late or the user decided.

    GNU OpenMP lets a thread that waits for the others spin. Where another program needs the core, the one that is
    waited for cannot run meanwhile: on two busy cores a training step took four to seven times as long. The library
    reads the variable when it is loaded, so this must be called before the first import of torch.
    """
    if "torch" in sys.modules or "GOMP_SPINCOUNT" in environment or "OMP_WAIT_POLICY" in environment:
        return False
    environment["GOMP_SPINCOUNT"] = _SPINS
    return True
