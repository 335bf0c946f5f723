"""The command that was given, to be given again with another budget or as another verb."""

from __future__ import annotations

import shlex

import click
from click.core import ParameterSource

_OWN = frozenset({"path", "budget", "out", "replay", "as_json"})
"""What belongs to one call and not to the next."""


def again(verb: str) -> str:
    """Return ``gnomon VERB PATH`` with the options that the user gave, all but the budget and the run's own folder."""
    context = click.get_current_context()
    words = ["gnomon", verb, str(context.params.get("path") or "")]
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in _OWN or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        for one in value if isinstance(value, tuple) else (value,):
            words += [parameter.opts[0], str(one)]
    return shlex.join(words)
