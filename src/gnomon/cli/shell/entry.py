"""From arguments to an exit code: every error becomes one block on the screen, or one JSON object."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from gnomon.cli.shell import streams
from gnomon.cli.shell.group import Verbs
from gnomon.core.errors import BUG_EXIT, INTERRUPTED_EXIT, GnomonError, ResourceError, UsageError

EXAMPLES = """
gnomon train digits --budget 30s      a first model, without any data of your own
gnomon inspect photos/                look before you train
gnomon train photos/ --budget 5m
gnomon predict runs/RUN new/*.jpg -o predictions.csv
"""


@click.command(
    cls=Verbs,
    epilog=EXAMPLES,
    invoke_without_command=True,
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="gnomon", message="gnomon %(version)s")
@click.pass_context
def gnomon(ctx: click.Context) -> None:
    """Give it data and a budget of time: Gnomon returns a finished, measured model when the time is up."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code that the process should end with."""
    words = sys.argv[1:] if argv is None else list(argv)
    as_json = "--json" in words
    with streams.guarded():
        try:
            code = gnomon.main(words, prog_name="gnomon", standalone_mode=False)
        except GnomonError as error:
            return _refuse(error, as_json)
        except click.UsageError as error:
            return _refuse(_as_usage_error(error), as_json)
        except (click.Abort, KeyboardInterrupt):
            return _interrupted(as_json)
        except MemoryError:
            return _refuse(_out_of_memory(), as_json)
        except Exception as error:  # noqa: BLE001 - the one place where our own bugs are caught, kept and named
            return _crashed(error, as_json)
    return code if isinstance(code, int) else 0


def _refuse(error: GnomonError, as_json: bool) -> int:
    for line in str(error).splitlines():
        head, colon, rest = line.partition(": ")
        styled = {"error": click.style("error", fg="red", bold=True), "fix": click.style("fix", fg="green", bold=True)}
        click.echo(styled.get(head, head) + colon + rest, err=True)
    if as_json:
        streams.print_json(error.as_dict())
    return error.exit_code


def _as_usage_error(error: click.UsageError) -> UsageError:
    """Say what click found wrong in the form that all errors have."""
    verb = error.ctx.command_path if error.ctx is not None else "gnomon"
    fix = f"see {verb} --help"
    if isinstance(error, click.NoSuchOption):
        near = error.possibilities
        hint = f"did you mean {near[0]}? " if near else ""
        return UsageError(f"{verb} has no option {error.option_name}", fix=hint + fix)
    if isinstance(error, click.MissingParameter) and error.param is not None and error.ctx is not None:
        example = (error.ctx.command.epilog or "").strip().splitlines()[0].partition("   ")[0]
        return UsageError(f"{verb} needs {error.param.make_metavar(error.ctx)}", fix=f"try {example}; {fix}")
    return UsageError(error.format_message().rstrip("."), fix=fix)


def _out_of_memory() -> ResourceError:
    return ResourceError(
        "the machine has not enough memory for this", fix="close other programs, or try a smaller --set data.size_px"
    )


def _interrupted(as_json: bool) -> int:
    click.echo("interrupted", err=True)
    if as_json:
        streams.print_json({"error": "interrupted", "fix": "start again", "exit_code": INTERRUPTED_EXIT})
    return INTERRUPTED_EXIT


def _crashed(error: Exception, as_json: bool) -> int:
    """Keep the traceback in a file and show only where it is."""
    from gnomon.cli.shell import crash

    path = crash.keep(error)
    what = f"this is a bug in Gnomon: {type(error).__name__}: {error}"
    where = f"please report it with {path}" if path else "the crash file could not be written; free some disk space"
    click.echo(f"{click.style('error', fg='red', bold=True)}: {what}\nfix: {where}", err=True)
    if as_json:
        found = {"error": what, "fix": where, "path": path, "line": None, "exit_code": BUG_EXIT}
        streams.print_json(found)
    return BUG_EXIT
