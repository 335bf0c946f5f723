"""``gnomon resume``."""

from __future__ import annotations

import click

from gnomon.cli.shell import options, summary
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.core.clock import process_age_s

PLACE = (30, "Train")

EXAMPLES = """
gnomon resume runs/RUN                  go on with what is left of the budget
gnomon resume runs/RUN --budget 10m     go on with ten more minutes
"""


@click.command("resume", cls=Verb, epilog=EXAMPLES, short_help="go on with a run that was stopped or killed")
@options.run
@click.option(
    "--accept-changed-data",
    cls=options.DataFlag,
    is_flag=True,
    help="Go on although files were added, edited or removed since; it is recorded.",
)
@click.option(
    "--budget", cls=options.PlanFlag, metavar="B", help="A new allotment. Default: what is left of the old one."
)
@options.json
def command(run: str, accept_changed_data: bool, budget: str | None, as_json: bool) -> None:
    """Go on with a run that was stopped or killed; the model is the same as if it had never stopped."""
    with watching(as_json=as_json) as watch:
        from gnomon import api

        api.resume(
            run,
            budget=budget,
            accept_changed_data=accept_changed_data,
            already_s=process_age_s(),
            emit=watch.emit,
        )
        result = watch.display.result
        watch.answer(result, summary.rows(result, watch.display.plan, again=""))
