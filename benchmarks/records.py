"""The records of the benchmarks: a line of JSON for each measurement, with when, where and of which commit it is."""

from __future__ import annotations

import functools
import json
import os
import platform
import subprocess
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"

Record = dict[str, Any]


def keep(name: str, record: Record) -> None:
    """Append what was measured to ``results/NAME.jsonl`` and print it."""
    record = record | {
        "when": datetime.now().isoformat(timespec="seconds"),
        "machine": machine(),
        "torch": version("torch"),
        "commit": commit(),
    }
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.jsonl").open("a") as out:
        out.write(json.dumps(record) + "\n")
    print(json.dumps(record), flush=True)


def read(name: str, *alike: str) -> list[Record]:
    """Return the records of ``results/NAME.jsonl``, oldest first.

    Of those that agree in the fields ``alike``, where any are named, and in seed, settings and machine, only the newest
    is returned: what was measured again after a change replaces what was measured before.
    """
    path = RESULTS / f"{name}.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    if not alike:
        return records
    found: dict[str, Record] = {}
    for record in records:
        key = json.dumps([record.get(field) for field in (*alike, "seed", "settings", "machine")])
        found.pop(key, None)
        found[key] = record
    return list(found.values())


def name_of(record: Record) -> str:
    """Return who was measured, and with which settings, for a table; what makes runs comparable is left out."""
    own = [setting for setting in record.get("settings") or [] if not setting.startswith("density.")]
    return f"{record['who']} ({', '.join(own)})" if own else str(record["who"])


@functools.cache
def commit() -> str:
    """Return the commit of this checkout, with a ``+`` where Gnomon's files differ from it; empty outside of one."""
    told = _git("rev-parse", "--short", "HEAD")
    return told + "+" if told and _git("status", "--porcelain", "--untracked-files=no", "--", "src") else told


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(HERE.parent), *words], capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def machine() -> str:
    """Return the cores that may be used and the name of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    avx512 = any("avx512_bf16" in line for line in lines if line.startswith("flags"))
    return f"{len(os.sched_getaffinity(0))} cores {name}{', AVX-512 bf16' if avx512 else ''}"


def seconds(budget: str) -> float:
    """Return a budget of time in seconds."""
    from gnomon.training.budget import parse_budget

    parsed = parse_budget(budget).seconds
    if parsed is None:
        raise SystemExit("the budget must be a time, so that the peers can have the same")
    return parsed
