"""Look at this machine as Gnomon sees it, and train a small model to see that all parts work together."""

from __future__ import annotations

import importlib.metadata
import io
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from gnomon.core import files
from gnomon.core.errors import GnomonError
from gnomon.core.events import Emit, Said, Worked, silent

VERSIONS_OF = ("gnomon", "torch", "numpy", "pillow", "pyarrow", "safetensors", "scikit-learn", "simplejpeg")
SELF_TEST_BUDGET = "5s"

_LOW_DISK_BYTES = 2 << 30
_LOW_MEMORY_BYTES = 1 << 30
_NUM_DIGITS = 10
_MUST_BE_RIGHT = 5  # a slow, busy machine trains little in five seconds; by chance it would be one


class Train(Protocol):
    """``gnomon.api.train``, as far as the self-test needs it."""

    def __call__(self, path: str, /, *, budget: str, out: str, emit: Emit) -> object:
        """Train and return the run."""
        ...


class Predict(Protocol):
    """``gnomon.api.predict``, as far as the self-test needs it."""

    def __call__(self, run: str, inputs: Sequence[str], /) -> Sequence[Mapping[str, Any]]:
        """Return one row for each input."""
        ...


def examine(
    *, train: Train, predict: Predict, cache_dir: Path, data_dir: Path | None, runs_dir: Path, emit: Emit
) -> dict[str, Any]:
    """Return what ``gnomon doctor`` shows.

    Keys: ``machine``, ``speeds`` (``what``, ``value``, ``unit``), ``folders`` (path, free bytes, writable),
    ``versions``, ``self_test`` (``passed``, ``text``, ``seconds``), ``warnings``, and ``exit_code``: 0, or that of the
    error which ended the self-test.
    """
    emit(Worked(what="looking at the machine", done=0, total=0, unit="parts"))
    machine = describe_machine()
    folders = {name: _folder(path) for name, path in (("runs", runs_dir), ("cache", cache_dir), ("data", data_dir))}
    speeds = measure_speeds(cache_dir if folders["cache"]["writable"] else None)
    emit(Said(text=f"training on handwritten digits for {SELF_TEST_BUDGET}, as a self-test"))
    test = self_test(train, predict)
    return {
        "schema": 1,
        "machine": machine,
        "speeds": speeds,
        "folders": folders,
        "versions": versions(),
        "self_test": test,
        "warnings": warnings(machine, folders),
        "exit_code": test["exit_code"],
    }


def describe_machine() -> dict[str, Any]:
    """Return the system, processor, cores, threads, memory (bytes) and GPU."""
    import torch

    from gnomon.training import machine

    gpu = None
    if torch.cuda.is_available():
        facts = torch.cuda.get_device_properties(0)
        gpu = {"name": facts.name, "memory_bytes": facts.total_memory, "count": torch.cuda.device_count()}
    total = machine.memory_bytes(torch.device("cpu"))
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "processor": machine.processor(),
        "cores": machine.cores(),
        "threads": torch.get_num_threads(),
        "memory_bytes": total,
        "memory_free_bytes": _free_memory_bytes(total),
        "gpu": gpu,
    }


def measure_speeds(cache_dir: Path | None) -> list[dict[str, Any]]:
    """Measure training steps, picture decoding and, where there is a folder to write to, the disk; about 3 s."""
    from gnomon.core.training import TrainConfig
    from gnomon.training import machine

    device = machine.choose_device(TrainConfig())
    with tempfile.TemporaryDirectory(prefix="gnomon-") as elsewhere:
        known = machine.know(device, cache=cache_dir or Path(elsewhere), may_measure=True)
    layout = "channels last" if known.channels_last else "channels first"
    speeds = [_speed("training", known.flop_per_s, f"FLOP/s, {known.precision}, {layout}, {known.threads} threads")]
    speeds.append(_speed("decoding", _decode_rate(), "JPEG pictures of 500 × 375 px a second, on one core"))
    if cache_dir is not None:
        speeds.append(_speed("disk", _write_rate(cache_dir), "bytes/s written and synced in the cache folder"))
    return speeds


def self_test(train: Train, predict: Predict) -> dict[str, Any]:
    """Train on digits for a few seconds in a temporary folder, then predict pictures; an error of ours goes through."""
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gnomon-") as folder:
        try:
            train("digits", budget=SELF_TEST_BUDGET, out=str(Path(folder) / "run"), emit=silent)
            pictures, labels = _write_digits(Path(folder))
            rows = predict(str(Path(folder) / "run"), pictures)
        except GnomonError as error:
            took_s = time.monotonic() - started_s
            return {"passed": False, "text": str(error), "seconds": took_s, "exit_code": error.exit_code}
    took_s = time.monotonic() - started_s
    num_right = sum(row["label"] == label for row, label in zip(rows, labels, strict=True))
    passed = num_right >= _MUST_BE_RIGHT
    text = f"trained in {took_s:.1f} s, then read {num_right} of {len(labels)} digits right"
    return {"passed": passed, "text": text, "seconds": took_s, "exit_code": 0 if passed else 4}


def versions() -> dict[str, str]:
    """Return the versions of what Gnomon stands on; what is not installed is left out."""
    found = {}
    for name in VERSIONS_OF:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def warnings(machine: Mapping[str, Any], folders: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what is likely to get in the way."""
    found = [
        f"{name}: {at['path']} cannot be written; {_REMEDY[name]}"
        for name, at in folders.items()
        if name in _REMEDY and not at["writable"]
    ]
    found += [
        f"{name}: {files.readable_bytes(at['free_bytes'])} are free on the disk of {at['path']}; {_REMEDY[name]}"
        for name, at in folders.items()
        if name in _REMEDY and at["free_bytes"] < _LOW_DISK_BYTES
    ]
    if machine["memory_free_bytes"] < _LOW_MEMORY_BYTES:
        free = files.readable_bytes(machine["memory_free_bytes"])
        found.append(f"memory: {free} are free; close other programs, or choose a smaller --set data.size_px")
    return found


_REMEDY = {"runs": "choose another folder with --out", "cache": "choose another folder with GNOMON_CACHE"}


def _folder(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {"path": None, "free_bytes": 0, "writable": False}
    there = next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())
    free_bytes = shutil.disk_usage(there).free
    return {"path": str(path), "free_bytes": free_bytes, "writable": os.access(there, os.W_OK | os.X_OK)}


def _free_memory_bytes(total: int) -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kib = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return total
    return kib * 1024


def _speed(what: str, value: float, unit: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit}


def _decode_rate() -> float:
    """Return how many photo-sized JPEGs one core decodes in a second."""
    import numpy as np
    from PIL import Image

    ramp = np.add.outer(np.arange(375), np.arange(500))[..., None] * np.array([1, 2, 3])
    photo = io.BytesIO()
    Image.fromarray((ramp % 256).astype(np.uint8)).save(photo, "JPEG", quality=90)
    return _rate(lambda: Image.open(io.BytesIO(photo.getvalue())).load(), at_least_s=0.2)


def _write_rate(folder: Path) -> float:
    """Return how many bytes a second arrive on the disk."""
    block = bytes(8 << 20)
    with tempfile.TemporaryDirectory(prefix="gnomon-", dir=_existing(folder)) as here:
        target = Path(here) / "block"
        return len(block) * _rate(lambda: files.write_bytes(target, block), at_least_s=0.2)


def _existing(folder: Path) -> Path:
    files.make_folder(folder, exist_ok=True)
    return folder


def _rate(action: Callable[[], object], *, at_least_s: float) -> float:
    action()
    started_s, count = time.perf_counter(), 0
    while (spent_s := time.perf_counter() - started_s) < at_least_s:
        action()
        count += 1
    return count / spent_s


def _write_digits(folder: Path) -> tuple[list[str], list[str]]:
    """Write one picture of each digit; return the paths and what they show."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    paths = []
    for digit in range(_NUM_DIGITS):
        grey = np.round(digits.images[np.flatnonzero(digits.target == digit)[0]] * (255 / 16)).astype(np.uint8)
        paths.append(str(folder / f"{digit}.png"))
        picture = io.BytesIO()
        Image.fromarray(grey).save(picture, "PNG")
        files.write_bytes(Path(paths[-1]), picture.getvalue())
    return paths, [str(digit) for digit in range(_NUM_DIGITS)]
