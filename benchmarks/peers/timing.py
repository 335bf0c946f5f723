"""What both peers share: the data, and how many steps fit into the wall time that they are given."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

_SPARE_S = 1.0


def age_s() -> float:
    """Return the seconds since this process was started."""
    started = float(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - started


def cifar10(path: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return train and test pictures (uint8, NHWC) and labels from the arrays that cifar10.py unpacked."""
    folder = Path(path)
    return tuple(np.load(folder / f"{name}.npy") for name in ("train_x", "train_y", "test_x", "test_y"))  # type: ignore


def steps_that_fit(step, wall_s: float, num_timed: int = 3) -> int:
    """Time a few steps and return how many fit into what is left of the wall time."""
    step()
    started_s = time.perf_counter()
    for _ in range(num_timed):
        step()
    step_s = (time.perf_counter() - started_s) / num_timed
    return max(1, int((wall_s - age_s() - _SPARE_S) / step_s))
