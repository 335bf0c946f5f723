"""What is said when training is over."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from gnomon.cli.shell import scores, words
from gnomon.cli.shell.rows import Row, blank, fact, heading


def rows(result: Mapping[str, Any], plan: Mapping[str, Any], *, again: str) -> list[Row]:
    """Return the end of ``train`` and ``resume``: scores, time, memory, where things are, what to try next.

    ``again`` is the command as the user gave it, without its budget; empty where only the run knows.
    """
    baseline = result.get("baseline")
    return [
        _headline(result),
        *scores.beside_baselines(result["scores"], [baseline] if baseline else []),
        blank(),
        _time(result, plan),
        fact("memory", f"{words.size(result['peak_memory_bytes'])} at the peak"),
        fact("run", result["run"]),
        fact("report", (result["report"] or "none was written", "bold")),
        blank(),
        heading("Next"),
        *_next(result, again),
    ]


def _headline(result: Mapping[str, Any]) -> Row:
    budget_s, elapsed_s = result.get("budget_s"), result["elapsed_s"]
    if not budget_s:
        return heading(f"Finished in {words.duration(elapsed_s)}")
    used = f"{words.percent(elapsed_s / budget_s)} of the budget of {words.allotment(budget_s)}"
    return heading(f"Finished in {words.duration(elapsed_s)}", used)


def _time(result: Mapping[str, Any], plan: Mapping[str, Any]) -> Row:
    planned = plan.get("expected_finish_s")
    planned_s = f"{planned:.1f} s planned, " if planned is not None else ""
    return fact("time", f"{planned_s}{result['elapsed_s']:.1f} s taken, {words.count(result['steps'])} steps")


def _next(result: Mapping[str, Any], again: str) -> list[Row]:
    run = shlex.quote(str(result["run"]))
    use = fact("use it", (_use(run, result), "cyan"))
    if again and result.get("budget_s"):
        longer = words.allotment(4 * result["budget_s"])
        return [use, fact("more time", (f"{again} --budget {longer}", "cyan"))]
    return [use, fact("measure", (f"gnomon evaluate {run}", "cyan"))]


def _use(run: str, result: Mapping[str, Any]) -> str:
    """Return the command that uses a model; what it is for shows in how it was measured and whether it judges."""
    metrics, sample = _metrics(result["scores"]), result.get("sample", "")
    if "elbo" in metrics and ("auroc" in metrics or result.get("threshold") is not None):
        return f"gnomon predict {run} FILES... -o scores.csv"
    if "elbo" in metrics and sample == "row":
        return f"gnomon generate {run} --count 1000 -o synthetic.csv"
    if "nll_per_value" in metrics:
        return f"gnomon generate {run} --count 16 -o synthetic.csv"
    if "elbo" in metrics:
        return f"gnomon generate {run} --count 64 -o samples.png"
    if "perplexity" in metrics:
        return f'gnomon generate {run} --prompt "..." --length 400'
    if "mase" in metrics or "mse" in metrics:
        return f"gnomon predict {run} FILE -o forecast.csv"
    return f"gnomon predict {run} FILES... -o predictions.csv"


def _metrics(scores: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {name for measured in scores.values() for name in measured}
