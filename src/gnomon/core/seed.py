"""Randomness as a pure function of its key: nothing here holds state that a checkpoint could forget.

Source: SplitMix64 finaliser, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def key(*parts: int | str) -> int:
    """Return a 63-bit key that depends on every part and on their order."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def order(seed: int, epoch: int, num_samples: int) -> npt.NDArray[np.int64]:
    """Return the order of all samples in one epoch, shape ``(num_samples,)``: a pure function of its arguments."""
    generator = np.random.Generator(np.random.Philox(key=key("order", seed, epoch)))
    return generator.permutation(num_samples).astype(np.int64)


def uniform(seed_key: int, sample: npt.NDArray[np.int64], num_draws: int) -> npt.NDArray[np.float64]:
    """Return draws in [0, 1), shape ``(len(sample), num_draws)``; row i depends on ``seed_key`` and ``sample[i]`` only.

    The same sample gets the same draws whatever batch, worker or rank it meets.
    """
    with np.errstate(over="ignore"):
        state = _mix(sample.astype(np.uint64) + np.uint64(seed_key) * _GOLDEN)[:, None]
        counter = np.arange(1, num_draws + 1, dtype=np.uint64)[None, :] * _GOLDEN
        bits = _mix(state + counter)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
