"""``gnomon generate``."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import click

from gnomon.cli.shell import options
from gnomon.cli.shell.display import watching
from gnomon.cli.shell.group import Verb
from gnomon.cli.shell.rows import fact
from gnomon.core import files

PLACE = (55, "Use")

EXAMPLES = """
gnomon generate runs/RUN --prompt "ROMEO:" --length 400
gnomon generate runs/RUN --temperature 0 --stop "."
gnomon generate runs/RUN --top-p 0.9 --seed 7 -o story.txt
"""

_LINE = frozenset("\n\t")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class TextFlag(options.Flag):
    """What is written."""

    section = "Text"


@click.command("generate", cls=Verb, epilog=EXAMPLES, short_help="let a language model write")
@options.run
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
    "--temperature",
    cls=TextFlag,
    type=click.FloatRange(0, 100),
    default=0.8,
    show_default=True,
    metavar="T",
    help="0 always takes the likeliest token, 1 draws as the model expects, more is wilder.",
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
@click.option("--seed", cls=TextFlag, type=int, default=0, show_default=True, metavar="N", help="Same seed: same text.")
@click.option("--stop", cls=TextFlag, multiple=True, metavar="TEXT", help="End before this text. May be repeated.")
@click.option("-o", "--out", cls=options.Flag, metavar="FILE", help="Write prompt and text to a file.")
@options.json
def command(
    run: str,
    prompt: str,
    length: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int,
    stop: tuple[str, ...],
    out: str | None,
    as_json: bool,
) -> None:
    """Let a language model go on from a prompt, a token at a time.

    The text appears after its prompt as it is being written. On a terminal, what would command it is shown escaped.
    """
    with watching(as_json=as_json) as watch:
        from gnomon import api

        pieces = api.generate(
            run,
            prompt,
            length=length,
            temperature=temperature,
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
