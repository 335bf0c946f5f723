"""Spoken digits (FSDD): Gnomon and MFCC with a linear model and a support vector machine, on the same splits, in turns.

Two questions: recordings drawn at random (a tenth of them is the test), and each speaker left out in turn, so that
nobody in the test was heard before. Gnomon's wall time is the whole of it, timed from outside; the peers need seconds.
It needs the recordings in the folder that GNOMON_DATA names.

python benchmarks/sound.py run --budget 2m --seeds 0,1,2
python benchmarks/sound.py run --budget 2m --speakers all
python benchmarks/sound.py table
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

import numpy as np
from records import keep, read

from gnomon.core import intervals

HERE = Path(__file__).parent
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
SHARES = "0.85,0.05,0.1"
PEERS = ("linear", "svm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("--budget", default="2m")
    run.add_argument("--seeds", default="0")
    run.add_argument("--speakers", default="", help="names of speakers to leave out, or all; none draws at random")
    run.add_argument("--set", action="append", default=[])
    run.add_argument("--note", default="")
    verbs.add_parser("table")
    args = parser.parse_args()
    if args.verb == "table":
        print(table())
        return
    speakers = SPEAKERS if args.speakers == "all" else tuple(filter(None, args.speakers.split(","))) or ("",)
    for seed in map(int, args.seeds.split(",")):
        for speaker in speakers:
            for record in measured(speaker, args.budget, seed, args.set):
                keep("sound", record | {"note": args.note})


def measured(speaker: str, budget: str, seed: int, settings: list[str]) -> list[dict[str, Any]]:
    """Train Gnomon and the peers on one split and return what each reached on its test part."""
    about = {"work": f"without {speaker}" if speaker else "random", "budget": budget, "seed": seed}
    about |= {"load_before": round(os.getloadavg()[0], 2), "settings": settings}
    with tempfile.TemporaryDirectory() as folder:
        words = ["--set", f"data.held_out={speaker}"] if speaker else ["--split", SHARES]
        words += [word for setting in settings for word in ("--set", setting)]
        command = [sys.executable, "-m", "gnomon", "train", "fsdd", "--budget", budget, "--seed", str(seed), *words]
        started_s = time.monotonic()
        found = called([*command, "--out", f"{folder}/run", "--json"])
        wall_s = time.monotonic() - started_s
        score = found["scores"]["test"]["accuracy"]
        records = [about | {"who": "gnomon", **score, "wall_s": round(wall_s, 2), "steps": found["steps"]}]
        unpack(Path(folder, "data.npz"), speaker, seed)
        peers = called([sys.executable, str(HERE / "peers/mfcc_svm.py"), "--data", f"{folder}/data.npz"])
    for who in PEERS:
        low, high = intervals.wilson(round(peers[who] * score["n"]), score["n"])
        value = {"value": peers[who], "low": low, "high": high, "n": score["n"]}
        records.append(about | {"who": f"mfcc {who}", **value, "wall_s": peers["trained_s"], "steps": 1})
    return records


def called(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:5])} failed with {done.returncode}:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def unpack(path: Path, speaker: str, seed: int) -> None:
    """Write the recordings of the very splits that Gnomon had, for the peers: ``part`` is 0, 1 or 2."""
    from gnomon.core.config import DataConfig
    from gnomon.core.events import silent
    from gnomon.data import opening

    wanted = {"held_out": speaker} if speaker else {"split": SHARES}
    data_dir = Path(os.environ["GNOMON_DATA"]) if "GNOMON_DATA" in os.environ else None
    found = opening.load_dataset(DataConfig(path="fsdd", **wanted), seed=seed, data_dir=data_dir, emit=silent)
    parts = [found.splits[name] for name in ("train", "valid", "test")]
    arrays = [array for part in parts for array in part.inputs[np.arange(len(part))]]
    np.savez(
        path,
        samples=np.concatenate(arrays),
        ends=np.cumsum([len(array) for array in arrays]),
        targets=np.concatenate([part.targets for part in parts]),
        part=np.repeat(np.arange(3), [len(part) for part in parts]),
        rate_hz=found.spec.input.rate_hz,
    )


def table() -> str:
    """Return accuracies as a table: one line a work, the median over seeds, the mean over speakers at the end."""
    records = read("sound", "work", "budget", "who")
    who = ("gnomon", *(f"mfcc {name}" for name in PEERS))
    lines = ["| work | n | " + " | ".join(who) + " |", "|---|---" + "|---" * len(who) + "|"]
    works = list(dict.fromkeys(record["work"] for record in records))
    medians: dict[str, list[float]] = {}
    for work in works:
        mine = [record for record in records if record["work"] == work]
        cells = []
        for name in who:
            values = [record for record in mine if record["who"] == name]
            median = statistics.median(record["value"] for record in values)
            medians.setdefault(name, []).extend([median] if work != "random" else [])
            low, high = (statistics.median(record[end] for record in values) for end in ("low", "high"))
            cells.append(f"{median:.1%} ({low:.1%} to {high:.1%})")
        lines.append(f"| {work} | {mine[0]['n']} | " + " | ".join(cells) + " |")
    if all(medians.get(name) for name in who):
        lines.append("| mean over speakers | | " + " | ".join(f"{np.mean(medians[name]):.1%}" for name in who) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
