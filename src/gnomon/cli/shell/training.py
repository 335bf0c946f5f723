"""The line that stands on the screen while something is under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gnomon.cli.shell import words
from gnomon.cli.shell.rows import Piece
from gnomon.core.events import Stepped, Worked

_MIN_BAR = 10
_MAX_BAR = 40
_PERCENT = len(" 100 %")

# What is left out first where the terminal is narrow.
_LEFT_OUT_FIRST = ("step", "elapsed", "speed", "lr", "loss", "valid", "left")


def line(event: Stepped, width: int) -> tuple[Piece, ...]:
    """Return the training line, at most ``width`` columns: a bar, then as many figures as fit."""
    fields = _fields(event)
    room = width - 1 - _PERCENT
    if _MIN_BAR + _columns(fields) > room:
        fields = _fields(replace(event, unit=""))
    for name in _LEFT_OUT_FIRST:
        if _MIN_BAR + _columns(fields) <= room:
            break
        fields.pop(name, None)
    num_bar = max(0, min(_MAX_BAR, room - _columns(fields)))
    pieces = [*bar(event.progress, num_bar), (f" {words.percent(event.progress, 0):>5}", "bold")]
    for name, (text, style) in fields.items():
        pieces += [(f"  {_CAPTION.get(name, '')}", "dim"), (text, style), (_UNIT.get(name, ""), "dim")]
    return tuple(pieces)


def sentence(event: Stepped) -> str:
    """Return the same as one plain line, for logs."""
    parts = [f"{words.percent(event.progress, 0):>5}"]
    for name, (text, _) in _fields(event).items():
        parts.append(f"{_CAPTION.get(name, '')}{text}{_UNIT.get(name, '')}")
    return "  ".join(parts)


def work_line(event: Worked, width: int, rate: float | None) -> tuple[Piece, ...]:
    """Return the line for work that is not training; ``rate`` in units per second where it is known."""
    share = event.done / event.total if event.total > 0 else 0.0
    figures = f"  {_amount(event)}" + _pace(event, rate)
    num_bar = max(0, min(_MAX_BAR, width - 1 - words.width(event.what + figures) - 1 - _PERCENT))
    if num_bar < _MIN_BAR:
        return ((f"{event.what} ", ""), (words.percent(share, 0), "bold"))
    return (
        (f"{event.what} ", ""),
        *bar(share, num_bar),
        (f" {words.percent(share, 0):>5}", "bold"),
        (figures, "dim"),
    )


def work_sentence(event: Worked, rate: float | None) -> str:
    """Return the same as one plain line, for logs."""
    share = words.percent(event.done / event.total, 0) if event.total > 0 else ""
    return f"{share:>5}  {event.what}  {_amount(event)}{_pace(event, rate)}"


def bar(share: float, width: int) -> list[Piece]:
    """Return a bar of ``width`` columns, filled up to ``share`` in half columns."""
    halves = round(2 * width * min(max(share, 0.0), 1.0))
    full, half = divmod(halves, 2)
    style = "green" if share >= 1 else "cyan"
    return [("━" * full + "╸" * half, style), ("─" * (width - full - half), "bright_black")]


_CAPTION = {"step": "step ", "loss": "loss ", "valid": "valid ", "lr": "lr "}
_UNIT = {"speed": "/s", "elapsed": " elapsed", "left": " left"}


def _fields(event: Stepped) -> dict[str, Piece]:
    fields: dict[str, Piece] = {"step": (f"{words.count(event.step)}/{words.count(event.steps)}", "")}
    if event.loss is not None:
        fields["loss"] = (f"{event.loss:.3f}", "")
    if score := _score(event.valid):
        fields["valid"] = (score, "green")
    fields["lr"] = (f"{event.lr:.2g}", "")
    fields["speed"] = (f"{words.short(event.samples_per_s)} {event.unit}".rstrip(), "")
    fields["elapsed"] = (words.duration(event.elapsed_s), "")
    fields["left"] = (words.duration(event.left_s), "bold")
    return fields


def _score(valid: Mapping[str, float]) -> str:
    """Return the validation score that people look at: the first, but for a loss that stands before a share."""
    if not valid:
        return ""
    first = next(iter(valid))
    if first == "loss":
        first = next((name for name in valid if name in words.PROPORTIONS), first)
    return words.metric(first, valid[first])


def _columns(fields: Mapping[str, Piece]) -> int:
    return sum(
        2 + words.width(_CAPTION.get(name, "") + text + _UNIT.get(name, "")) for name, (text, _) in fields.items()
    )


def _amount(event: Worked) -> str:
    if event.unit == "bytes":
        return f"{words.size(event.done)} of {words.size(event.total)}" if event.total > 0 else words.size(event.done)
    of = f"/{words.count(event.total)}" if event.total > 0 else ""
    return f"{words.count(event.done)}{of} {event.unit}"


def _pace(event: Worked, rate: float | None) -> str:
    if not rate:
        return ""
    speed = f"{words.size(rate)}/s" if event.unit == "bytes" else f"{words.short(rate)}/s"
    left = f"  {words.duration((event.total - event.done) / rate)} left" if event.total > 0 else ""
    return f"  {speed}{left}"
