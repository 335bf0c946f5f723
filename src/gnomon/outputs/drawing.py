"""Lets a generative model draw: new pictures, pictures like given ones, and the way from one to another."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gnomon.assemble import Model
from gnomon.core import seed as seeds
from gnomon.core.errors import DataError, StoppedError, UsageError, printable
from gnomon.core.events import Emit, Worked, silent
from gnomon.core.spec import Density, Image, Spec
from gnomon.layers.vae_network import Generative
from gnomon.outputs.ask_pictures import AskPictures

Pictures = npt.NDArray[np.uint8]

COUNT = 64
"""New pictures, where no other number is wished."""
STEPS = 10
"""Pictures of the way between two, where no other number is wished."""
MOST = 100_000
UNKNOWN = -1
"""The class of a picture whose class is not known."""
_AT_ONCE = 64
"""Pictures that are drawn together: always so many, so that the first ones do not depend on how many are wanted."""
_SHOWN = 8
_MOSTLY = 0.25
"""In so many strange pictures, at least, something must stand out in one place for all of these to be shown."""
_MARK, _DIMMED = (255, 140, 40), 0.6
"""Colour of what stands out, and how bright the rest is."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Pictures uint8 ``(n, height, width, channels)``, and what each is called."""

    pictures: Pictures
    names: tuple[str, ...]
    above: Pictures | None = None
    """The pictures from which each was made, where it was."""


def require_generative(spec: Spec) -> None:
    """Raise ``UsageError`` where a model of this spec draws no pictures."""
    if not (isinstance(spec.input, Image) and isinstance(spec.target, Density)):
        raise UsageError(
            f"this model draws nothing: it gives a {type(spec.target).__name__} for a {type(spec.input).__name__}",
            fix="use it with gnomon predict; a model that draws comes from: gnomon train PICTURES --task generate",
        )


def network_of(model: Model) -> Generative:
    """Return the network of a model that draws. Raises ``UsageError`` where it is none."""
    require_generative(model.spec)
    if not isinstance(model.network, Generative):
        raise UsageError("this model's network draws nothing", fix="train one of the family vae: --family vae")
    return model.network


def require_wish(count: int, temperature: float, *, most: int, what: str) -> None:
    """Raise ``UsageError`` where so many of ``what`` cannot be drawn, or not at this temperature."""
    if not 1 <= count <= most:
        raise UsageError(f"{count} {what} cannot be drawn", fix=f"choose a --count of 1 to {most:,}")
    if not temperature >= 0:
        raise UsageError(f"a temperature of {temperature:g} is none", fix="choose a --temperature of 0 or more")


def class_index(model: Model, label: str | None) -> int:
    """Return the index of a class by its name, `UNKNOWN` for None.

    Raises ``UsageError`` with the near name where there is none, or where the model was trained without classes.
    """
    target = model.spec.target
    if label is None or not isinstance(target, Density):
        return UNKNOWN
    if not (target.classes and target.conditional):
        raise UsageError(
            "this model knows no classes: it was trained without labels", fix="leave --class out, or train with labels"
        )
    if label not in target.classes:
        near = difflib.get_close_matches(label, target.classes, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        some = ", ".join(map(printable, target.classes[:_SHOWN])) + (", …" if len(target.classes) > _SHOWN else "")
        raise UsageError(f"there is no class {label!r}", fix=f"{hint}there are: {some}")
    return target.classes.index(label)


@torch.no_grad()
def samples(
    model: Model,
    *,
    count: int,
    seed: int = 0,
    temperature: float = 1.0,
    label: str | None = None,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Drawn:
    """Return ``count`` new pictures: of one class, else of each class in turn where the model knows classes.

    The same seed gives the same pictures, and the first ones whatever ``count`` is. ``temperature`` scales the
    deviation of the latents: 0 draws the most typical picture only. Raises ``UsageError`` and ``StoppedError``.
    """
    network = network_of(model)
    require_wish(count, temperature, most=MOST, what="pictures")
    given = classes_given(model, count, class_index(model, label))
    generator = torch.Generator().manual_seed(seeds.key("draw", seed))
    parts = []
    with model.precision.autocast():
        for start in range(0, count, _AT_ONCE):
            _stop_if_asked(should_stop)
            some = np.resize(given[start : start + _AT_ONCE], _AT_ONCE)
            drawn = network.sample(
                _AT_ONCE, generator=generator, given=_to_device(some, model), temperature=temperature
            )
            parts.append(drawn.cpu().numpy())
            emit(Worked(what="drawing", done=min(count, start + _AT_ONCE), total=count, unit="pictures"))
    pictures = np.concatenate(parts)[:count]
    return Drawn(pictures=pictures, names=tuple(_named("sample", given, model)))


def alike(model: Model, paths: Sequence[str], *, label: str | None = None) -> Drawn:
    """Return what the model makes of each picture that ``paths`` name, files or folders; with a class, as that class.

    Raises ``DataError`` for a picture that cannot be read.
    """
    files, pictures = _read(model, paths)
    known = np.full(len(pictures), class_index(model, label), dtype=np.int64)
    made = reconstructions(model, pictures, known)
    names = tuple(f"{place:04d}-{_plain(path.stem)}" for place, path in enumerate(files))
    return Drawn(pictures=made, names=names, above=pictures)


def between(model: Model, first: str, last: str, *, count: int, label: str | None = None) -> Drawn:
    """Return ``count`` pictures on the way from one file to another, both ends as the model rebuilds them.

    Raises ``UsageError`` for fewer than 2 and ``DataError`` for a picture that cannot be read.
    """
    if not 2 <= count <= MOST:
        raise UsageError(f"there is no way of {count} pictures", fix="choose a --count of 2 or more")
    _, pictures = _read(model, [first, last])
    if len(pictures) != 2:
        raise UsageError("--between goes from one picture to one other", fix="name two files")
    known = np.full(1, class_index(model, label), dtype=np.int64)
    path = ways(model, pictures[:1], pictures[1:], known, count=count)[0]
    return Drawn(pictures=path, names=tuple(f"step-{place:04d}" for place in range(count)))


@torch.no_grad()
def reconstructions(model: Model, pictures: Pictures, known: npt.NDArray[np.int64]) -> Pictures:
    """Return what the model makes of pictures ``(n, height, width, channels)`` of the classes ``known (n,)``."""
    network, parts = network_of(model), []
    with model.precision.autocast():
        for start in range(0, len(pictures), _AT_ONCE):
            some, given = pictures[start : start + _AT_ONCE], known[start : start + _AT_ONCE]
            parts.append(network.reconstruct(_tensor(some, model), _to_device(given, model)).cpu().numpy())
    return np.concatenate(parts)


@torch.no_grad()
def standing_out(model: Model, pictures: Pictures) -> Pictures | None:
    """Return pictures ``(n, height, width, channels)`` dimmed but where they stand out from usual ones.

    None where the model does not look for that, or finds nothing in most of them.
    """
    found = network_of(model).places(_tensor(pictures, model))
    if found is None or not len(pictures):
        return None
    strength = found.cpu().numpy()
    most = strength.max(axis=(1, 2))
    if np.mean(most > 1) < _MOSTLY:
        return None
    limit = np.maximum(1, most / 2)[:, None, None]  # where one place stands out far, those that follow from it do not
    share = np.clip(2.5 * (strength / limit - 1) + 0.5, 0, 1)[..., None]
    grey = np.repeat(pictures.mean(axis=3, keepdims=True), pictures.shape[3], axis=3)
    mark = np.array(_MARK if pictures.shape[3] == 3 else [255] * pictures.shape[3])
    return np.asarray(np.rint((1 - share) * _DIMMED * grey + share * mark), dtype=np.uint8)


@torch.no_grad()
def codes(model: Model, pictures: Pictures, known: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the posterior means of pictures as vectors ``(n, dims)``, all latents, in units of their prior."""
    network, parts = network_of(model), []
    with model.precision.autocast():
        for start in range(0, len(pictures), _AT_ONCE):
            some, given = pictures[start : start + _AT_ONCE], known[start : start + _AT_ONCE]
            parts.append(network.encode(_tensor(some, model), _to_device(given, model)).float().cpu().numpy())
    return np.concatenate(parts)


@torch.no_grad()
def decoded(model: Model, vectors: npt.NDArray[np.float32], known: npt.NDArray[np.int64]) -> Pictures:
    """Return the pictures of codes ``(n, dims)`` as the classes ``known (n,)``."""
    network, parts = network_of(model), []
    with model.precision.autocast():
        for start in range(0, len(vectors), _AT_ONCE):
            some = torch.from_numpy(np.ascontiguousarray(vectors[start : start + _AT_ONCE], np.float32))
            given = _to_device(known[start : start + _AT_ONCE], model)
            parts.append(network.decode(some.to(model.precision.device), given).cpu().numpy())
    return np.concatenate(parts)


def ways(model: Model, starts: Pictures, ends: Pictures, known: npt.NDArray[np.int64], *, count: int) -> Pictures:
    """Return the ways from pictures ``(n, …)`` to others, ``(n, count, height, width, channels)``.

    All are taken for members of the classes ``known (n,)``. On the way, codes turn from one direction to the other.
    """
    one, two = codes(model, starts, known), codes(model, ends, known)
    shares = np.linspace(0.0, 1.0, count)
    vectors = np.concatenate([turned(a, b, shares) for a, b in zip(one, two, strict=True)])
    made = decoded(model, vectors, np.repeat(known, count))
    return made.reshape(len(starts), count, *made.shape[1:])


def turned(
    one: npt.NDArray[np.float32], two: npt.NDArray[np.float32], shares: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    """Return vectors ``(len(shares), dims)`` from ``one (dims,)`` to ``two``: the direction turns evenly, so that the
    length does not shrink on the way as it does on the straight line. The straight line, where one of them is 0 or
    they are opposite.

    Source: Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985; White, "Sampling generative networks",
    2016.
    """
    start, end, t = (np.asarray(values, np.float64) for values in (one, two, shares))
    lengths = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    t = t[:, None]
    straight = (1 - t) * start + t * end
    if min(lengths) < 1e-9:
        return straight.astype(np.float32)
    cosine = float(np.clip(start @ end / (lengths[0] * lengths[1]), -1.0, 1.0))
    angle = float(np.arccos(cosine))
    if np.sin(angle) < 1e-4:
        return straight.astype(np.float32)
    direction = (np.sin((1 - t) * angle) * start / lengths[0] + np.sin(t * angle) * end / lengths[1]) / np.sin(angle)
    return (((1 - t) * lengths[0] + t * lengths[1]) * direction).astype(np.float32)


def classes_given(model: Model, count: int, wanted: int) -> npt.NDArray[np.int64]:
    """Return the class that each of ``count`` samples is drawn as: the wanted one, else each in turn, or none."""
    target = model.spec.target
    if wanted == UNKNOWN and isinstance(target, Density) and target.conditional and target.classes:
        return np.arange(count, dtype=np.int64) % len(target.classes)
    return np.full(count, wanted, dtype=np.int64)


def _named(what: str, given: npt.NDArray[np.int64], model: Model) -> Iterator[str]:
    target = model.spec.target
    classes = target.classes if isinstance(target, Density) else ()
    for place, label in enumerate(given.tolist()):
        yield f"{what}-{place:04d}" + (f"-{_plain(classes[label])}" if label >= 0 else "")


def _read(model: Model, paths: Sequence[str]) -> tuple[list[Path], Pictures]:
    asking = AskPictures(model)
    files, found = asking.paths(paths), []
    for path, question in zip(files, asking.questions(files), strict=True):
        if question.sample is None:
            raise DataError(str(question.row["error"]), fix="name pictures that a viewer can open", path=path)
        found.append(question.sample)
    return files, np.stack(found)


def _plain(text: str) -> str:
    """Return a text that may stand in a file's name on every system."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in text)[:60] or "_"


def _tensor(pictures: Pictures, model: Model) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).to(model.precision.device)


def _to_device(known: npt.NDArray[np.int64], model: Model) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(known, np.int64)).to(model.precision.device)


def _stop_if_asked(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise StoppedError("stopped while drawing", fix="generate again, with a smaller --count")
