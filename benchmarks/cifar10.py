"""Test accuracy on CIFAR-10 at equal wall time: Gnomon and what people would write instead, in turns in one run.

Gnomon's wall time is the whole of it, timed from outside; the peers' ends before they evaluate, in their favour.

python benchmarks/cifar10.py run --budget 60s --seeds 0,1,2 --who gnomon,resnet18,keras
python benchmarks/cifar10.py table
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from records import keep, name_of, read, seconds

HERE = Path(__file__).parent
PEERS = {"resnet18": "resnet18.py", "keras": "keras_cnn.py"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("--budget", default="60s")
    run.add_argument("--seeds", default="0,1,2")
    run.add_argument("--who", default="gnomon,resnet18,keras")
    run.add_argument("--set", action="append", default=[])
    run.add_argument("--note", default="")
    verbs.add_parser("table")
    args = parser.parse_args()
    if args.verb == "table":
        print(table())
        return
    for seed in args.seeds.split(","):
        for who in args.who.split(","):
            keep("cifar10", one(who, args.budget, int(seed), args.set) | {"note": args.note})


def one(who: str, budget: str, seed: int, settings: list[str]) -> dict[str, Any]:
    """Run one training in a process of its own and return what it reached, timed from outside."""
    wall_s = seconds(budget)
    with tempfile.TemporaryDirectory() as folder:
        if who == "gnomon":
            command = [sys.executable, "-m", "gnomon", "train", "cifar10", "--budget", budget, "--seed", str(seed)]
            command += ["--out", f"{folder}/run", "--json", *(word for s in settings for word in ("--set", s))]
        else:
            peer = HERE / "peers" / PEERS[who]
            command = [
                sys.executable,
                str(peer),
                "--data",
                str(unpacked()),
                "--wall-s",
                str(wall_s),
                "--seed",
                str(seed),
            ]
        load = os.getloadavg()[0]
        started_s = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "torch"})
        elapsed_s = time.monotonic() - started_s
    if done.returncode:
        raise SystemExit(f"{who} failed with {done.returncode}:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    accuracy = found["scores"]["test"]["accuracy"]["value"] if who == "gnomon" else found["accuracy"]
    return {
        "who": who,
        "budget": budget,
        "seed": seed,
        "accuracy": accuracy,
        "wall_s": round(elapsed_s if who == "gnomon" else found["trained_s"], 2),
        "steps": found["steps"],
        "peak_gib": round(found["peak_memory_bytes"] / 2**30, 2) if who == "gnomon" else None,
        "settings": settings,
        "load_before": round(load, 2),
    }


def unpacked() -> Path:
    """Return a folder with the data as plain arrays, which is the fastest start that a peer can have."""
    folder = Path(tempfile.gettempdir()) / "gnomon-benchmark-cifar10"
    if not (folder / "test_y.npy").exists():
        import numpy as np

        from gnomon.core.config import DataConfig
        from gnomon.core.events import silent
        from gnomon.data.opening import load_dataset

        named = os.environ.get("GNOMON_DATA")
        shares = DataConfig(path="cifar10")
        dataset = load_dataset(shares, seed=0, data_dir=Path(named) if named else None, emit=silent)
        folder.mkdir(exist_ok=True)
        parts = {"train": ("train", "valid"), "test": ("test",)}
        for name, splits in parts.items():
            chosen = [dataset.splits[s] for s in splits]
            pixels = np.concatenate([np.asarray(s.inputs[np.arange(len(s))]) for s in chosen])
            np.save(folder / f"{name}_x.npy", pixels)
            np.save(folder / f"{name}_y.npy", np.concatenate([s.targets for s in chosen]))
    return folder


def table() -> str:
    """Return the medians over seeds as a Markdown table."""
    records = read("cifar10", "budget", "who")
    lines = [
        "| budget | who | seeds | test accuracy, median (all) | wall time, median (largest) | machine |",
        "|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["budget"], name_of(record), record["machine"]), []).append(record)
    for (budget, who, where), found in sorted(groups.items(), key=lambda item: (seconds(item[0][0]), item[0][1])):
        accuracies = sorted(100 * record["accuracy"] for record in found)
        walls = [record["wall_s"] for record in found]
        each = ", ".join(f"{a:.2f}" for a in accuracies)
        lines.append(
            f"| {budget} | {who} | {len(found)} | {statistics.median(accuracies):.2f} % ({each}) "
            f"| {statistics.median(walls):.1f} s ({max(walls):.1f} s) | {where} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
