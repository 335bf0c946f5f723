"""Configuration: frozen dataclasses, filled in layers, each value remembered with who chose it.

Order of the layers: default < recipe < detected < ``--config run.toml`` < ``--set section.key=value``.
A value may be the word ``"auto"``; whoever resolves it records the result with the layer ``plan`` or ``data``.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from gnomon.core.errors import UsageError

T = TypeVar("T")
Auto = Literal["auto"]
Off = Literal["off"]


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the data is and how it is read."""

    path: str
    """A folder, a file or a known name."""
    valid: str | Off = "off"
    """Path of a separate validation split."""
    test: str | Off = "off"
    """Path of a separate test split."""
    reader: str | Auto = "auto"
    """Which reader reads it, where another one than the surest is meant, such as ``text_file`` for class folders."""
    target: str | Auto = "auto"
    """Name of the column to predict."""
    split: str | Auto = "auto"
    """Shares of train, valid and test, such as ``0.8,0.1,0.1``, for data that has no splits of its own."""
    label_from: str | Auto = "auto"
    """How files are named, as in ``{label}_{group}_{index}.wav``; ``auto`` takes the class from the folder."""
    group: str | Off = "off"
    """What keeps samples together, all on one side of a split: a column of a table, or a part of files' names."""
    held_out: str | Off = "off"
    """The group that is the test split, where all others are to train."""
    time: str | Off = "off"
    """Name of the column that says when a row was: the latest rows are held out."""
    size_px: int | Auto = "auto"
    """Side of the square to which pictures are decoded; ``auto`` keeps small pictures as they are."""
    fit: Literal["crop", "squash", "pad"] = "crop"
    """How a picture becomes a square: cut the middle out, distort, or add a border."""
    max_bad: float = 0.01
    """Share of unreadable samples above which the data is refused."""
    allow_empty: bool = False
    """Keep going when a class has no readable sample."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One value of the configuration, and who chose it: default, recipe, data, plan, config or user."""

    value: Any
    who: str


Layer = tuple[str, Mapping[str, Any]]
"""Who chooses, and flat dotted keys such as ``train.batch_size`` with their values."""


def parse_sets(pairs: Sequence[str]) -> dict[str, Any]:
    """Return ``{"train.batch_size": 256}`` for ``["train.batch_size=256"]``; values are TOML, else plain words."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or "." not in name:
            raise UsageError(
                f"--set {pair!r} is not of the form section.key=value", fix="try --set train.batch_size=256"
            )
        found[name.strip()] = _toml_value(text.strip())
    return found


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's values under flat dotted keys; the table ``chosen_by`` is left out."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", fix="name an existing run.toml", path=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"is not valid TOML: {error}", fix="mend the file at the place named", path=path) from error
    return {
        f"{section}.{name}": value
        for section, table in tree.items()
        if isinstance(table, dict) and section != "chosen_by"
        for name, value in table.items()
    }


def build(cls: type[T], section: str, layers: Sequence[Layer]) -> tuple[T, dict[str, Setting]]:
    """Fill the dataclass ``cls`` from the keys ``section.*`` of all layers, later ones winning.

    Returns the instance, and each of its settings with who chose it under its dotted key.
    Raises ``UsageError`` with the dotted path, what is allowed and the nearest name.
    """
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    chosen: dict[str, Setting] = {}
    for who, values in layers:
        for dotted, value in values.items():
            head, _, name = dotted.partition(".")
            if head != section:
                continue
            if name not in fields:
                raise UsageError(f"there is no setting {dotted!r}", fix=_suggest(section, name, list(fields)))
            chosen[name] = Setting(value=_convert(value, hints[name], dotted), who=who)
    instance = cls(**{name: setting.value for name, setting in chosen.items()})
    settings = {
        f"{section}.{name}": chosen.get(name, Setting(value=getattr(instance, name), who="default")) for name in fields
    }
    return instance, settings


def require_within(name: str, value: float, low: float, high: float) -> None:
    """Raise ``UsageError`` where a setting is not between ``low`` and ``high``: no file may ask for the impossible."""
    if not low <= value <= high:
        raise UsageError(f"{name} = {value} is not possible", fix=f"choose a value from {low} to {high}")


def check_sections(layers: Sequence[Layer], sections: Sequence[str]) -> None:
    """Raise ``UsageError`` where a layer names a section that does not exist."""
    for _, values in layers:
        for dotted in values:
            section = dotted.partition(".")[0]
            if section not in sections:
                near = difflib.get_close_matches(section, sections, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise UsageError(
                    f"there is no section {section!r} (in {dotted!r})", fix=f"{hint}sections: {', '.join(sections)}"
                )


def as_toml(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Return the tree that ``run.toml`` holds: one table a section, and ``chosen_by`` for who chose each value."""
    tree: dict[str, Any] = {}
    for dotted, setting in settings.items():
        section, _, name = dotted.partition(".")
        tree.setdefault(section, {})[name] = msgspec.to_builtins(setting.value)
    tree["chosen_by"] = {dotted: setting.who for dotted, setting in settings.items()}
    return tree


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text


def _convert(value: Any, hint: Any, dotted: str) -> Any:
    try:
        return msgspec.convert(value, hint, strict=not isinstance(value, int))
    except msgspec.ValidationError as error:
        raise UsageError(f"{dotted} = {value!r}: {error}", fix=f"allowed: {_allowed(hint)}") from error


def _allowed(hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return " or ".join(repr(arg) for arg in typing.get_args(hint))
    if args := typing.get_args(hint):
        return ", ".join(_allowed(arg) for arg in args)
    return getattr(hint, "__name__", str(hint))


def _suggest(section: str, name: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f"did you mean {section}.{near[0]}? " if near else ""
    return f"{hint}{section} has: {', '.join(allowed)}"
