"""``gnomon train``."""

from __future__ import annotations

import click

from gnomon.cli.shell import options, summary
from gnomon.cli.shell.again import again
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.core.clock import process_age_s

PLACE = (20, "Train")

EXAMPLES = """
gnomon train digits --budget 30s
gnomon train photos/ --budget 5m
gnomon train cifar10 --budget 20m --family cnn --seed 1
gnomon train adult.csv --target income --budget 60s
gnomon train train.csv --test test.csv --target breed --budget 2000steps
gnomon train --replay runs/RUN
"""


@click.command("train", cls=Verb, epilog=EXAMPLES, short_help="train, measure and report within a budget")
@options.path
@options.target
@options.valid
@options.test
@options.split
@options.group
@options.time
@options.horizon
@options.label_from
@options.data_dir
@options.max_bad
@options.budget
@options.task
@options.family
@options.seed
@options.config
@options.settings
@click.option(
    "--replay",
    cls=options.PlanFlag,
    metavar="RUN",
    help="Repeat a run by its plan, without a clock; the model must be equal.",
)
@options.out
@options.json
def command(
    path: str | None,
    target: str,
    valid: str,
    test: str,
    split: str,
    group: str,
    time: str,
    horizon: int | None,
    label_from: str,
    data_dir: str | None,
    max_bad: float,
    budget: str,
    task: str,
    family: str,
    seed: int,
    config: str | None,
    settings: tuple[str, ...],
    replay: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Train the best model that the budget can buy, measure it, and write a report.

    PATH is a folder, a file, or the name of a known data set: digits, cifar10, mnist.
    """
    with watching(as_json=as_json) as watch:
        from gnomon import api

        api.train(
            path,
            target=target,
            valid=valid,
            test=test,
            split=split,
            group=group,
            time=time,
            horizon=horizon or "auto",
            label_from=label_from,
            data_dir=data_dir,
            max_bad=max_bad,
            budget=budget,
            task=task,
            family=family,
            seed=seed,
            config=config,
            settings=settings,
            replay=replay,
            out=out,
            already_s=process_age_s(),
            emit=watch.emit,
        )
        result = watch.display.result
        watch.answer(result, summary.rows(result, watch.display.plan, again=again("train") if path else ""))
