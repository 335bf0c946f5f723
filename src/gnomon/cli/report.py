"""``gnomon report``."""

from __future__ import annotations

import click

from gnomon.cli.shell import options
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.cli.shell.rows import fact

PLACE = (60, "Use")

EXAMPLES = """
gnomon report runs/RUN
"""


@click.command("report", cls=Verb, epilog=EXAMPLES, short_help="write a run's report again")
@options.run
@options.json
def command(run: str, as_json: bool) -> None:
    """Write the report of a run again: one HTML file that opens offline."""
    with watching(as_json=as_json) as watch:
        from gnomon import api

        path = str(api.report(run, emit=watch.emit))
        watch.answer({"report": path}, [fact("report", (path, "bold"))])
