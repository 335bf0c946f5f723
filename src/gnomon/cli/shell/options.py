"""The flags that several verbs share, each said once. ``section`` is the heading under which help shows it."""

from __future__ import annotations

import click


class Flag(click.Option):
    """A flag that knows under which heading help shows it."""

    section = "Output"

    def get_help_extra(self, ctx: click.Context) -> click.types.OptionHelpExtra:
        """Return what help adds in brackets; the range is said in words already."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


class DataFlag(Flag):
    """What the data is and how it is split."""

    section = "Data"


class PlanFlag(Flag):
    """What is trained and for how long."""

    section = "Plan"


path = click.argument("path", metavar="PATH", required=False)
run = click.argument("run", metavar="RUN")

budget = click.option(
    "--budget",
    cls=PlanFlag,
    default="5m",
    show_default=True,
    metavar="B",
    help="Wall time from pressing return to the report: 90s, 5m, 1h30m. Or 10epochs, 2000steps, 1e6samples, 1e15flop.",
)
task = click.option(
    "--task", cls=PlanFlag, default="auto", metavar="T", help="What is asked of the data, such as classify."
)
family = click.option(
    "--family", cls=PlanFlag, default="auto", metavar="F", help="The kind of network, such as cnn or mlp."
)
seed = click.option(
    "--seed", cls=PlanFlag, default=0, show_default=True, metavar="N", help="Same seed, same plan: same model."
)
settings = click.option(
    "--set",
    "settings",
    cls=PlanFlag,
    multiple=True,
    metavar="KEY=VALUE",
    help="Any other setting by its dotted name, such as train.batch_size=256. May be repeated.",
)
config = click.option("--config", cls=PlanFlag, metavar="FILE", help="Settings from a run.toml; --set goes over them.")

target = click.option(
    "--target", cls=DataFlag, default="auto", metavar="NAME", help="The column to predict, where the data is a table."
)
valid = click.option(
    "--valid", cls=DataFlag, default="off", metavar="PATH", help="Validation data that lies elsewhere."
)
test = click.option("--test", cls=DataFlag, default="off", metavar="PATH", help="Test data that lies elsewhere.")
split = click.option(
    "--split",
    cls=DataFlag,
    default="auto",
    metavar="SHARES",
    help="Shares of train, valid and test for data without splits of its own: 0.8,0.1,0.1.",
)
group = click.option(
    "--group",
    cls=DataFlag,
    default="off",
    metavar="NAME",
    help="What belongs together, all on one side of a split: a column of a table, or {group} in --label-from.",
)
time = click.option(
    "--time",
    cls=DataFlag,
    default="off",
    metavar="NAME",
    help="Column of a table that says when a row was: the latest rows are held out.",
)
horizon = click.option(
    "--horizon",
    cls=DataFlag,
    type=click.IntRange(min=1),
    metavar="STEPS",
    help="Steps of a series to forecast. Default: one season.",
)
label_from = click.option(
    "--label-from",
    cls=DataFlag,
    default="auto",
    metavar="PATTERN",
    help='How recordings are named, such as "{label}_{speaker}_{index}.wav". Default: folders are classes.',
)
data_dir = click.option(
    "--data-dir",
    cls=DataFlag,
    envvar="GNOMON_DATA",
    metavar="DIR",
    help="Where known data sets such as cifar10 lie already. Also: GNOMON_DATA.",
)
max_bad = click.option(
    "--max-bad",
    cls=DataFlag,
    type=click.FloatRange(0, 1),
    default=0.01,
    metavar="SHARE",
    help="Share of unreadable samples above which the data is refused. Default: 0.01.",
)

out = click.option("--out", cls=Flag, metavar="DIR", help="Folder for the run. Default: a new one under runs/.")
json = click.option(
    "--json", "as_json", cls=Flag, is_flag=True, help="Print one JSON object on stdout, all else on stderr."
)
