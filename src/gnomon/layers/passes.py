"""How often a network should see the windows of a series."""

from __future__ import annotations

_MOST = 60.0
_LEAST_STEPS = 200
_FUTURES_A_PASS = 8.0


def enough_passes(num_windows: int, horizon: int, batch_size: int) -> float:
    """Return the passes over the windows after which a network learns their chances rather than their rules.

    Windows overlap: what can be learned from is the futures that do not, and the farther the horizon, the fewer.
    """
    futures = num_windows / max(1, horizon)
    least = _LEAST_STEPS * batch_size / max(1, num_windows)
    return round(min(_MOST, max(futures / _FUTURES_A_PASS, least)), 2)
