"""Cold start to the first training step on CIFAR-10 with a warm data cache, timed from outside.

python benchmarks/start.py --runs 5
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

from records import keep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--data", default="cifar10")
    args = parser.parse_args()
    seconds = [_until_first_step(args.data) for _ in range(args.runs)]
    record = {
        "first_step_done_s": [round(s, 2) for s in seconds],
        "median_s": round(statistics.median(seconds), 2),
        "data": args.data,
    }
    keep("start", record)


def _until_first_step(data: str) -> float:
    """Return the seconds from starting the program to the end of the first training step, by the line it prints."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gnomon", "train", data, "--budget", "60s", "--out", f"{folder}/run"]
        started_s = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            assert running.stdout is not None
            for line in running.stdout:
                if " step " in line:
                    elapsed_s = time.monotonic() - started_s
                    running.terminate()
                    running.stdout.read()
                    return elapsed_s
    raise SystemExit("no step was made")


if __name__ == "__main__":
    main()
