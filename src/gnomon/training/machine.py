"""What this machine is good at, found by measuring once and remembered: number format, memory format, threads."""

from __future__ import annotations

import hashlib
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from gnomon.core import files
from gnomon.core.training import Speed, TrainConfig

_SCHEMA = 3
_PROBE_BATCH = 64
_ROUNDS = 5
_HOPELESS = 3.0
_CLEARLY = 1.5
_BUSY = 0.6
"""Load per core from which on a measurement is used and not remembered."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """How to compute on one device of this machine, and how fast that is."""

    device: str
    name: str
    threads: int
    precision: str
    channels_last: bool
    flop_per_s: float
    memory_bytes: int
    measured: dict[str, float]
    """Operations a second of every variant tried; empty where there was no time to measure."""

    def speed(self) -> Speed:
        """Return what families need to know."""
        return Speed(flop_per_s=self.flop_per_s, device=self.device, memory_bytes=self.memory_bytes)


def cores() -> int:
    """Return how many processors this process may use: those that it is bound to, at most ``OMP_NUM_THREADS``."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(bound, int(asked))) if asked.isdecimal() else bound


def choose_device(config: TrainConfig) -> torch.device:
    """Return the device to train on: as the user said, else a GPU where there is one."""
    if config.device != "auto":
        return torch.device(config.device)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def know(device: torch.device, *, cache: Path, may_measure: bool) -> Machine:
    """Return what is known of this machine; measure it (about two seconds) where nothing is and ``may_measure``.

    What is measured is remembered in ``cache`` under a name that changes with the processor and the torch version,
    unless the machine was busy with other things.
    """
    name = processor() if device.type == "cpu" else torch.cuda.get_device_name(device)
    key = hashlib.sha256(f"{_SCHEMA}{name}{device.type}{cores()}{torch.__version__}".encode()).hexdigest()[:16]
    remembered = cache / "machines" / f"{key}.json"
    known = _recall(remembered)
    if known is not None:
        return known
    if not may_measure:
        return _unmeasured(device, name)
    machine = _measure(device, name)
    if not busy():
        files.make_folder(remembered.parent, exist_ok=True)
        files.write_json(remembered, asdict(machine))
    return machine


def busy() -> bool:
    """Return whether other programs used so much of the processors lately that a measurement tells little."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > _BUSY * cores()


def processor() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model\t")]
    return f"{names[0]} (model {model[0]})" if names and model else platform.machine()


def memory_bytes(device: torch.device) -> int:
    """Return the memory of the device, in bytes."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _recall(path: Path) -> Machine | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Machine)
    except (OSError, msgspec.DecodeError):
        return None


def _unmeasured(device: torch.device, name: str) -> Machine:
    gpu = device.type == "cuda"
    return Machine(
        device=device.type,
        name=name,
        threads=cores(),
        precision="bf16" if gpu and torch.cuda.is_bf16_supported(including_emulation=False) else "fp32",
        channels_last=True,
        flop_per_s=2e13 if gpu else 5e10 * cores(),
        memory_bytes=memory_bytes(device),
        measured={},
    )


def _measure(device: torch.device, name: str) -> Machine:
    """Time every variant in turns, several rounds, and keep the fastest of each: neighbours only ever slow down."""
    plain = _unmeasured(device, name)
    variants = _variants(plain)
    seconds = dict.fromkeys(variants, math.inf)
    steps: dict[str, tuple[Callable[[], None], float]] = {}
    for label, choice in variants.items():
        steps[label] = _probe(device, choice)
        _timed_with(steps[label][0], device, choice)
    for _ in range(_ROUNDS):
        for label, choice in variants.items():
            if seconds[label] < math.inf and seconds[label] > _HOPELESS * min(seconds.values()):
                continue
            seconds[label] = min(seconds[label], _timed_with(steps[label][0], device, choice))
    measured = {label: steps[label][1] / seconds[label] for label in variants}
    best = _choice(measured)
    return Machine(
        device=device.type,
        name=name,
        flop_per_s=measured[best],
        memory_bytes=plain.memory_bytes,
        measured=measured,
        **variants[best],
    )


def _variants(plain: Machine) -> dict[str, dict[str, Any]]:
    """Return what to try, the expected ones first."""
    rich = {"precision": "fp32", "channels_last": True, "threads": plain.threads}
    variants = {"fp32": rich, "fp32, plain memory format": {**rich, "channels_last": False}}
    if plain.device == "cpu" or plain.precision == "bf16":
        variants["bf16"] = {**rich, "precision": "bf16"}
    if plain.device == "cpu" and plain.threads > 1:
        half = max(1, plain.threads // 2)
        for precision in ("fp32", "bf16"):
            variants[f"{precision}, {half} threads"] = {**rich, "precision": precision, "threads": half}
    return variants


def _choice(measured: dict[str, float]) -> str:
    """Return the fastest variant; one of fewer threads must win clearly, as a busy neighbour makes it look good."""
    return max(measured, key=lambda label: measured[label] / (_CLEARLY if "threads" in label else 1.0))


def _timed_with(step: Callable[[], None], device: torch.device, choice: dict[str, Any]) -> float:
    """Return the seconds of one step with the threads of a variant."""
    threads = torch.get_num_threads()
    torch.set_num_threads(choice["threads"])
    try:
        return _timed(step, device)
    finally:
        torch.set_num_threads(threads)


def _probe(device: torch.device, choice: dict[str, Any]) -> tuple[Callable[[], None], float]:
    """Return a training step to time, and its multiplications and additions in the convolutions."""
    side, widths = 24, (24, 64, 128)
    layers: list[nn.Module] = []
    flop = 0.0
    for channels, out in pairwise(widths):
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(out), nn.GELU()]
        flop += 3 * 2 * 9 * channels * out * side**2 * _PROBE_BATCH
        side //= 2
    memory = torch.channels_last if choice["channels_last"] else torch.contiguous_format
    net = nn.Sequential(*layers).to(device)
    net.to(memory_format=memory)  # type: ignore[call-overload]
    pixels = torch.ones(_PROBE_BATCH, widths[0], 24, 24, device=device).to(memory_format=memory)
    pixels.requires_grad_()

    def step() -> None:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=choice["precision"] == "bf16"):
            loss = net(pixels).float().square().mean()
        loss.backward()

    return step, flop


def _timed(step: Callable[[], None], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start
