"""The folder is the registry: plug-ins are found by listing files, and imported one at a time by name."""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import importlib.util
from pathlib import Path
from types import ModuleType

from gnomon.core.errors import UsageError

GROUPS = {"family": "gnomon.families", "reader": "gnomon.readers", "task": "gnomon.tasks", "recipe": "gnomon.recipes"}


def names(kind: str) -> tuple[str, ...]:
    """Return the names of all plug-ins of a kind, sorted, without importing any of them."""
    return tuple(sorted({*_files(kind), *_entry_points(kind)}))


def load(kind: str, name: str) -> ModuleType:
    """Import one plug-in by name.

    Raises ``UsageError`` with the nearest match and the full list where there is none of that name.
    """
    if name in _files(kind):
        return importlib.import_module(f"{GROUPS[kind]}.{name}")
    installed = _entry_points(kind)
    if name in installed:
        module = installed[name].load()
        if not isinstance(module, ModuleType):
            raise UsageError(f"the installed {kind} {name!r} is not a module", fix="point its entry point at a module")
        return module
    raise UsageError(f"there is no {kind} called {name!r}", fix=_suggest(name, names(kind)))


def _files(kind: str) -> list[str]:
    spec = importlib.util.find_spec(GROUPS[kind])
    if spec is None or not spec.submodule_search_locations:
        return []
    found = [p for folder in spec.submodule_search_locations for p in Path(folder).glob("*.py")]
    return [p.stem for p in found if not p.stem.startswith("_")]


def _entry_points(kind: str) -> dict[str, importlib.metadata.EntryPoint]:
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUPS[kind])}


def _suggest(name: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}there are: {', '.join(allowed) or 'none'}"
