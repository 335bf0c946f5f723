"""``gnomon doctor``."""

from __future__ import annotations

import click

from gnomon.cli.shell import options
from gnomon.cli.shell.checkup import rows
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb

PLACE = (80, "Look")

EXAMPLES = """
gnomon doctor
gnomon doctor --json
"""


@click.command("doctor", cls=Verb, epilog=EXAMPLES, short_help="check this machine, with a short self-test")
@options.json
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show the machine, its speed, the folders in use and the versions, and train a small model as a self-test."""
    with watching(as_json=as_json) as watch:
        from gnomon import api

        facts = api.doctor(emit=watch.emit)
        watch.answer(facts, rows(facts))
    ctx.exit(facts["exit_code"])
