"""How a plan reads before training begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gnomon.cli.shell import words
from gnomon.cli.shell.rows import Piece, Row, blank, fact, heading
from gnomon.outputs.sizes import sample_word, size_word, sizes


def rows(plan: Mapping[str, Any]) -> list[Row]:
    """Return the plan, as ``plan.jsonl`` holds it, in a few rows: network, sizes, steps, finish, and why."""
    shown = [blank(), heading("Plan"), _network(plan)]
    if told := _sizes(plan):
        shown.append(fact(size_word(plan), told))
    shown += [_steps(plan), *_finish(plan)]
    for number, reason in enumerate(plan.get("why", ())):
        shown.append(fact("because" if number == 0 else " ", (reason, "dim")))
    return [*shown, blank()]


def _network(plan: Mapping[str, Any]) -> Row:
    threads = f", {plan['threads']} threads" if plan.get("device") == "cpu" else ""
    networks = plan.get("networks", 1)
    parameters = f" · {words.short(plan['num_parameters'])} parameters"
    if networks > 1:
        parameters = f" · {networks} of them, one after another{parameters} each"
    return fact(
        "network",
        (plan["family"], "bold"),
        f"{parameters} · {plan['precision']} on {plan['device']}{threads}",
    )


def _sizes(plan: Mapping[str, Any]) -> str:
    phases = sizes(plan)
    parts = [phase.text for phase in phases[:1]]
    parts += [f"{phase.text} from {words.percent(phase.from_progress, 0)} on" for phase in phases[1:]]
    return ", ".join(parts)


def _steps(plan: Mapping[str, Any]) -> Row:
    each = f"{words.count(plan['steps'])} of {words.count(plan['batch_size'])} {sample_word(plan)} each"
    passes = plan.get("passes")
    return fact("steps", each, *([] if passes is None else [(f" · {_passes(passes)} over the data", "dim")]))


def _passes(passes: float) -> str:
    """Return how often the data is seen: few passes with a digit behind the point."""
    if passes < 0.1:
        return f"{words.percent(passes, 0 if passes >= 0.01 else 1)} of a pass"
    return "1 pass" if round(passes, 1) == 1 else f"{passes:,.{0 if passes >= 10 else 1}f} passes"


def _finish(plan: Mapping[str, Any]) -> list[Row]:
    expected_s = plan.get("expected_finish_s")
    budget = plan["budget"]["text"]
    if expected_s is None:
        return [fact("budget", f"{budget}, however long it takes")]
    kept: list[Piece] = [(f" · {words.duration(s)} kept for {name}", "dim") for name, s in plan["reserve_s"].items()]
    return [fact("finish", (f"after {words.duration(expected_s)}", "bold"), f" of {budget}", *kept)]
