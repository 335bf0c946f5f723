"""``gnomon evaluate``."""

from __future__ import annotations

import click

from gnomon.cli.shell import options, scores
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.cli.shell.rows import blank

PLACE = (40, "Use")

EXAMPLES = """
gnomon evaluate runs/RUN                the test data of the run
gnomon evaluate runs/RUN other/         other data with the same classes
gnomon evaluate runs/RUN --judge auto   how real the pictures look that it draws
"""


@click.command("evaluate", cls=Verb, epilog=EXAMPLES, short_help="measure a finished model")
@options.run
@click.argument("data", metavar="[DATA]", required=False)
@click.option(
    "--split",
    cls=options.DataFlag,
    type=click.Choice(["train", "valid", "test"]),
    default="test",
    show_default=True,
    help="Which part of the data is measured.",
)
@click.option(
    "--judge",
    cls=options.DataFlag,
    default="off",
    metavar="RUN",
    help="Also compare drawn pictures with real ones, in the eyes of this classifier; auto trains one for a minute.",
)
@options.json
def command(run: str, data: str | None, split: str, judge: str, as_json: bool) -> None:
    """Measure a finished model on its own test data or on DATA: every score with its 95 % interval."""
    with watching(as_json=as_json) as watch:
        from gnomon import api

        measured = api.evaluate(run, data, split=split, judge=judge, emit=watch.emit)
        baseline = measured["baseline"]
        beside = scores.beside_baselines(measured["scores"], [baseline] if baseline else [])
        watch.answer(measured, [*beside, blank(), *scores.table(measured["scores"])])
