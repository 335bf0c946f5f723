"""The verbs, found by listing the folder, and how their help reads."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from types import ModuleType

import click

from gnomon.cli.shell.options import Flag
from gnomon.core.errors import BUG_EXIT, INTERRUPTED_EXIT, GnomonError, UsageError

PACKAGE = "gnomon.cli"


class Verbs(click.Group):
    """All verbs. A verb is a file in this package with ``command`` and ``PLACE = (order, heading)``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order in which help shows them."""
        return sorted(_names(), key=lambda name: _verb(name).PLACE[0])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb, and no other."""
        return _verb(cmd_name).command if cmd_name in _names() else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb that was typed, or answer with the nearest one."""
        if args[0] not in _names() and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _names(), n=1)
            hint = f"did you mean 'gnomon {near[0]}'? " if near else ""
            raise UsageError(f"there is no verb {args[0]!r}", fix=f"{hint}verbs: {', '.join(self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what ``gnomon --help`` shows."""
        _paragraph(formatter, self.help or "")
        formatter.write(f"\n{_heading('Usage')}\n  gnomon VERB [...]      gnomon VERB --help\n")
        headings: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            module = _verb(name)
            row = (_signature(module.command), module.command.short_help or "")
            headings.setdefault(module.PLACE[1], []).append(row)
        columns = max(len(row[0]) for rows in headings.values() for row in rows)
        for heading, rows in headings.items():
            _table(formatter, heading, [(left.ljust(columns), right) for left, right in rows])
        _table(formatter, "Options", _records(ctx, self.get_params(ctx)))
        _block(formatter, "Examples", self.epilog or "")
        _table(formatter, "Exit codes", [(str(code), text) for code, text in exit_codes()])


class Verb(click.Command):
    """One verb: what it does, its flags under headings, examples, exit codes."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what ``gnomon VERB --help`` shows."""
        _paragraph(formatter, self.help or "")
        formatter.write(f"\n{_heading('Usage')}\n  gnomon {_signature(self)} [options]\n")
        sections: dict[str, list[click.Parameter]] = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option):
                heading = parameter.section if isinstance(parameter, Flag) else Flag.section
                sections.setdefault(heading, []).append(parameter)
        for heading, parameters in sections.items():
            _table(formatter, heading, _records(ctx, parameters))
        _block(formatter, "Examples", self.epilog or "")
        codes = "  ".join(f"{code}\u00a0{_nickname(cls)}" for code, cls in sorted(_classes().items()))
        formatter.write(f"\n{_heading('Exit codes')}\n")
        formatter.write_text(f"  0\u00a0done  {codes}  {BUG_EXIT}\u00a0bug  {INTERRUPTED_EXIT}\u00a0interrupted")


def exit_codes() -> list[tuple[int, str]]:
    """Return every exit code and what it says, as the error classes state it."""
    stated = [(code, _first_line(cls)) for code, cls in _classes().items()]
    ours = [(0, "done"), (BUG_EXIT, "a bug of ours; the crash file holds the traceback")]
    return sorted([*stated, *ours, (INTERRUPTED_EXIT, "ended at once by a second Ctrl-C")])


def _names() -> list[str]:
    package = importlib.import_module(PACKAGE)
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__) if not found.ispkg)


def _verb(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")


def _classes() -> dict[int, type[GnomonError]]:
    return {cls.exit_code: cls for cls in GnomonError.__subclasses__()}


def _nickname(cls: type[GnomonError]) -> str:
    return cls.__name__.removesuffix("Error").lower()


def _first_line(cls: type[GnomonError]) -> str:
    line = (cls.__doc__ or "").splitlines()[0].rstrip(".").replace("``", "")
    return line[0].lower() + line[1:]


def _signature(command: click.Command) -> str:
    words = [p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)]
    return " ".join([command.name or "", *words])


def _records(ctx: click.Context, parameters: Iterable[click.Parameter]) -> list[tuple[str, str]]:
    records = (parameter.get_help_record(ctx) for parameter in parameters)
    return [record for record in records if record is not None]


def _heading(text: str) -> str:
    return click.style(text, bold=True)


def _paragraph(formatter: click.HelpFormatter, text: str) -> None:
    formatter.write_text(inspect.cleandoc(text))


def _table(formatter: click.HelpFormatter, heading: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    formatter.write(f"\n{_heading(heading)}\n")
    formatter.indent()
    formatter.write_dl(rows)
    formatter.dedent()


def _block(formatter: click.HelpFormatter, heading: str, text: str) -> None:
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines:
        formatter.write(f"\n{_heading(heading)}\n" + "".join(f"  {line}\n" for line in lines))
