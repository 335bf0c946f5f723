"""``gnomon generate``."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from gnomon.cli.shell import options
from gnomon.cli.shell.display import Watch, watching
from gnomon.cli.shell.group import Verb
from gnomon.cli.shell.rows import fact
from gnomon.core import files
from gnomon.core.errors import UsageError

PLACE = (55, "Use")

EXAMPLES = """
gnomon generate runs/RUN --prompt "ROMEO:" --length 400
gnomon generate runs/RUN --top-p 0.9 --seed 7 -o story.txt
gnomon generate runs/RUN --count 64 -o samples.png
gnomon generate runs/RUN --class 3 --count 1000 -o threes/
gnomon generate runs/RUN --like face.jpg -o rebuilt.png
gnomon generate runs/RUN --between a.png b.png -o way.png
gnomon generate runs/RUN --count 1000 -o synthetic.csv
"""

_TEXT = {"prompt": "--prompt", "length": "--length", "top_k": "--top-k", "top_p": "--top-p", "stop": "--stop"}
_MADE = {"count": "--count", "label": "--class", "like": "--like"}
_WAY = {"between": "--between"}
_FOREIGN = {
    "text": (("pictures, series or tables", {**_MADE, **_WAY}),),
    "pictures": (("text", _TEXT),),
    "series": (("text", _TEXT),),
    "tables": (("text", _TEXT), ("pictures or series", _WAY)),
}
"""Flags that mean nothing, by what a model makes, each with what those models make for which it means something."""
_PLACES = {
    "pictures": "-o samples.png for a grid of all, -o samples/ for a file each",
    "series": "-o synthetic.csv, or .tsv, .jsonl, .parquet",
    "tables": "-o synthetic.csv, or .tsv, .jsonl, .parquet",
}
"""What is not written to the screen, and where it can be written to."""
_COUNTED = {"tables": "rows"}
_LINE = frozenset("\n\t")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class BothFlag(options.Flag):
    """What is said of all."""

    section = "All"


class TextFlag(options.Flag):
    """What is written."""

    section = "Text"


class PictureFlag(options.Flag):
    """What is drawn."""

    section = "Pictures, series and tables"


@click.command("generate", cls=Verb, epilog=EXAMPLES, short_help="let a model write, draw or make rows")
@options.run
@click.option(
    "--temperature",
    cls=BothFlag,
    type=click.FloatRange(0, 100),
    metavar="T",
    help="How wild: 0 is the likeliest alone, 1 what the model expects. Default: 0.8 for text, else 1.",
)
@click.option(
    "--seed",
    cls=BothFlag,
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Same seed: same text, same pictures, same series, same rows.",
)
@click.option(
    "--prompt",
    cls=TextFlag,
    default="",
    metavar="TEXT",
    help="What the text goes on from. Default: the beginning of a text.",
)
@click.option(
    "--length",
    cls=TextFlag,
    type=click.IntRange(min=1),
    default=400,
    show_default=True,
    metavar="N",
    help="How many tokens are written: characters, bytes or parts of words, as the model has them.",
)
@click.option(
    "--top-k",
    cls=TextFlag,
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw among the N likeliest tokens. Default: all.",
)
@click.option(
    "--top-p",
    cls=TextFlag,
    type=click.FloatRange(0, 1, min_open=True),
    metavar="P",
    help="Draw among the likeliest tokens that together have probability P. Default: all.",
)
@click.option("--stop", cls=TextFlag, multiple=True, metavar="TEXT", help="End before this text. May be repeated.")
@click.option(
    "--count",
    cls=PictureFlag,
    type=click.IntRange(min=1),
    metavar="N",
    help="How many are made. Default: 64 pictures, 16 stretches of a series, 1,000 rows; of a way, 10.",
)
@click.option(
    "--class",
    "label",
    cls=PictureFlag,
    metavar="NAME",
    help="Only this class, where the model was trained with labels. Default: each in turn; of rows, as often as seen.",
)
@click.option(
    "--like",
    cls=PictureFlag,
    multiple=True,
    metavar="FILE",
    help="Rebuild this picture, those of a folder, or this series (may be repeated), or the rows of this table.",
)
@click.option(
    "--between",
    cls=PictureFlag,
    nargs=2,
    metavar="A B",
    help="Draw the way from one picture to another, or from the end of one series to that of another.",
)
@click.option(
    "-o",
    "--out",
    cls=options.Flag,
    metavar="FILE",
    help="Write text to a file; pictures to a .png, or one each into a folder; series and rows to a .csv or .parquet.",
)
@options.json
@click.pass_context
def command(
    ctx: click.Context,
    run: str,
    temperature: float | None,
    seed: int,
    prompt: str,
    length: int,
    top_k: int | None,
    top_p: float | None,
    stop: tuple[str, ...],
    count: int | None,
    label: str | None,
    like: tuple[str, ...],
    between: tuple[str, str] | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Let a language model go on from a prompt, a model of pictures or series draw, a model of a table make rows.

    A text appears after its prompt as it is being written. On a terminal, what would command it is shown escaped.
    All else needs a place: -o samples.png, a folder, or -o synthetic.csv.
    """
    with watching(as_json=as_json) as watch:
        from gnomon import api

        makes = api.makes(run)
        _require_fitting(ctx, makes)
        if makes in _PLACES:
            wished = {"count": count, "label": label, "like": like, "between": between, "temperature": temperature}
            settings = _settings(wished, _given(ctx))
            make = _synthesise if makes == "tables" else _draw
            num = make(watch, run, settings, seed=seed, out=_place(out, makes))
            where = out if num == 1 else f"{out} ({num:,} {_COUNTED.get(makes, makes)})"
            watch.answer({**watch.display.result, "out": out}, [fact("written", where)])
            return
        pieces = api.generate(
            run,
            prompt,
            length=length,
            temperature=0.8 if temperature is None else temperature,
            top_k=top_k or "off",
            top_p=top_p or "off",
            seed=seed,
            stop=stop,
            emit=watch.emit,
        )
        if out is None and not as_json:
            _show(prompt, pieces)
            return
        text = "".join(pieces)
        if out is not None:
            files.write_text(Path(out), prompt + text)
        watch.answer({**watch.display.result, "out": out}, [fact("written", out)] if out else [])


def _settings(wished: Mapping[str, Any], given: frozenset[str]) -> dict[str, Any]:
    """Return what was said of what is to be made. Raises ``UsageError`` for flags that do not go together."""
    idle = {"like": ("count", "between", "temperature", "seed"), "between": ("temperature", "seed")}
    for name, others in idle.items():
        if name in given and (wrong := [f"--{other}" for other in others if other in given]):
            raise UsageError(f"--{name} does not go with {', '.join(wrong)}", fix=f"leave {' and '.join(wrong)} out")
    return {name: value for name, value in wished.items() if name in given}


def _draw(watch: Watch, run: str, settings: Mapping[str, Any], *, seed: int, out: str) -> int:
    """Return how many pictures, or stretches of a series, were drawn."""
    from gnomon import api

    return len(api.draw(run, out=out, seed=seed, emit=watch.emit, **settings))


def _synthesise(watch: Watch, run: str, settings: Mapping[str, Any], *, seed: int, out: str) -> int:
    """Return how many rows of a table were made."""
    from gnomon import api

    if len(settings.get("like", ("",))) != 1:
        raise UsageError("--like takes one table", fix="name one file")
    like = {"like": settings["like"][0]} if "like" in settings else {}
    return int(api.synthesise(run, out=out, seed=seed, emit=watch.emit, **{**settings, **like}).num_rows)


def _place(out: str | None, makes: str) -> str:
    if out is None:
        raise UsageError(f"{makes} need a place to be written to", fix=_PLACES[makes])
    return out


def _given(ctx: click.Context) -> frozenset[str]:
    """Return the names of the parameters that stand on the command line."""
    source = click.core.ParameterSource.COMMANDLINE
    return frozenset(name for name in ctx.params if ctx.get_parameter_source(name) == source)


def _require_fitting(ctx: click.Context, makes: str) -> None:
    """Refuse flags that mean nothing for what a model makes."""
    given = _given(ctx)
    for other, flags in _FOREIGN.get(makes, ()):
        if wrong := [flag for name, flag in flags.items() if name in given]:
            verb = "are" if len(wrong) > 1 else "is"
            raise UsageError(
                f"{', '.join(wrong)} {verb} for models that make {other}: this one makes {makes}",
                fix=f"leave {' and '.join(wrong)} out",
            )


def _show(prompt: str, pieces: Iterable[str]) -> None:
    """Write the prompt and the pieces to standard output, each at once where a person looks on."""
    looked_at = sys.stdout.isatty()
    before = prompt
    for piece in pieces:
        text = before + piece
        before = ""
        sys.stdout.write(_harmless(text) if looked_at else text)
        if looked_at:
            sys.stdout.flush()
    sys.stdout.write((_harmless(before) if looked_at else before) + "\n")
    sys.stdout.flush()


def _harmless(text: str) -> str:
    """Return ``text`` without what commands a terminal; writing of all languages stays as it is."""
    return "".join(c if c in _LINE or not _commands(c) else c.encode("unicode_escape").decode() for c in text)


def _commands(character: str) -> bool:
    return character in _BIDI or unicodedata.category(character) in ("Cc", "Cs")
