"""``gnomon inspect``."""

from __future__ import annotations

import click

from gnomon.cli.shell import findings, options
from gnomon.cli.shell.again import again
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.cli.shell.rows import fact, heading

PLACE = (10, "Train")

EXAMPLES = """
gnomon inspect photos/
gnomon inspect cifar10 --budget 20m
gnomon inspect train.csv --target breed --json
"""


@click.command(
    "inspect", cls=Verb, epilog=EXAMPLES, short_help="look at data: what it holds, what is wrong, what train would do"
)
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
    as_json: bool,
) -> None:
    """Show what the data is, what is wrong with it, and what train would do and why. Nothing is trained.

    PATH is a folder, a file, or the name of a known data set: digits, cifar10, mnist.
    """
    with watching(as_json=as_json) as watch:
        from gnomon import api

        found = api.inspect(
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
            emit=watch.emit,
        )
        watch.answer(
            found,
            [*findings.rows(found), heading("Next"), fact("train", (f"{again('train')} --budget {budget}", "cyan"))],
        )
