"""How the answer of ``gnomon doctor`` reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gnomon.cli.shell import words
from gnomon.cli.shell.rows import Piece, Row, blank, fact, heading, with_flags


def rows(facts: Mapping[str, Any]) -> list[Row]:
    """Return the machine, its speeds, the folders, the versions, the self-test and what is wrong, if anything."""
    shown = [heading("Machine"), *_machine(facts["machine"])]
    shown += [blank(), heading("Speed")]
    shown += [fact(speed["what"], f"{words.short(speed['value'])} {speed['unit']}") for speed in facts["speeds"]]
    shown += [blank(), heading("Folders"), *(_folder(name, at) for name, at in facts["folders"].items())]
    versions = "  ".join(f"{name} {version}" for name, version in facts["versions"].items())
    shown += [blank(), heading("Versions"), fact("installed", versions), blank(), heading("Self-test")]
    shown.append(_self_test(facts["self_test"]))
    shown += [Row(with_flags(text, "yellow"), mark=("!", "bold yellow")) for text in facts["warnings"]]
    return shown


def _machine(machine: Mapping[str, Any]) -> list[Row]:
    memory = f"{words.size(machine['memory_bytes'])}, {words.size(machine['memory_free_bytes'])} of it free"
    gpu = machine["gpu"]
    return [
        fact("system", machine["platform"]),
        fact("processor", f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads in use"),
        fact("memory", memory),
        fact("GPU", f"{gpu['name']}, {words.size(gpu['memory_bytes'])}" if gpu else ("none", "dim")),
    ]


def _folder(name: str, at: Mapping[str, Any]) -> Row:
    if at["path"] is None:
        return fact(name, ("not set", "dim"))
    state: Piece = ("", "") if at["writable"] else (" · not writable", "yellow")
    return fact(name, at["path"], (f" · {words.size(at['free_bytes'])} free", "dim"), state)


def _self_test(test: Mapping[str, Any]) -> Row:
    sign: Piece = ("✓", "bold green") if test["passed"] else ("✗", "bold red")
    return Row(((test["text"], ""),), mark=sign)
