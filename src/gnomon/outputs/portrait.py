"""What a generative model is like, in pictures: drawn once after training, kept in the run folder for the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.assemble import Model
from gnomon.core.run import RunFolder
from gnomon.core.spec import Dataset, Density, Image, Spec, Split
from gnomon.layers.vae_network import Latents
from gnomon.outputs import contactsheet, drawing
from gnomon.outputs.choosing import spread
from gnomon.outputs.panels import STEPS, STRANGEST, Panel, write_panels
from gnomon.outputs.projection import active_dimensions, principal_plane

Ints = npt.NDArray[np.int64]

SAMPLES = (8, 8)
"""Rows and columns of new pictures where there are no classes; with classes, a row for each."""
_PER_CLASS = 8
_MOST_CLASSES = 12
REBUILT = 10
WAYS = (5, 9)
TRAVERSED = 8
MAPPED = 500
NUM_PICTURES = SAMPLES[0] * SAMPLES[1] + 4 * REBUILT + WAYS[0] * WAYS[1] + TRAVERSED * len(STEPS) + MAPPED + STRANGEST
"""About how many pictures are drawn or looked at, for planning."""


def fits(spec: Spec) -> bool:
    """Return whether models of this spec have a portrait: those that draw pictures."""
    return isinstance(spec.input, Image) and isinstance(spec.target, Density)


def write(
    model: Model,
    dataset: Dataset,
    run: RunFolder,
    *,
    details: Mapping[str, Any],
    seed: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Draw the portrait of a model and write it into the run folder: a PNG for each panel, and ``portrait.json``.

    ``details`` is what the evaluation says of the last split that was measured; its ``strangest`` samples are shown.
    """
    name = next((name for name in ("test", "valid", "train") if len(dataset.splits.get(name, ()))), "train")
    split = dataset.splits[name]
    panels: dict[str, Panel] = {"samples": _samples(model, seed, should_stop)}
    panels["rebuilt"] = _rebuilt(model, split)
    if len(split) > 1:
        panels["ways"] = _ways(model, split)
    rows = np.array(spread(np.arange(len(split)), MAPPED), dtype=np.int64)
    vectors = drawing.codes(model, split.inputs[rows], _unknown(len(rows)))  # so that latents tell the class themselves
    if traversals := _traversals(model, vectors):
        panels["traversals"] = traversals
    if strange := _strangest(model, split, details.get("strangest", ())):
        panels["strangest"] = strange
    facts = {"split": name, "map": _map(model, vectors, _known(split, rows)), "groups": _groups(model, vectors)}
    write_panels(run, panels, facts)


def _samples(model: Model, seed: int, should_stop: Callable[[], bool]) -> Panel:
    """Return new pictures, a row for each class where the model knows classes."""
    target = model.spec.target
    if not (isinstance(target, Density) and target.conditional and target.classes):
        rows, columns = SAMPLES
        drawn = drawing.samples(model, count=rows * columns, seed=seed, should_stop=should_stop)
        return Panel(pictures=drawn.pictures, columns=columns, rows=("",) * rows)
    num = len(target.classes)
    drawn = drawing.samples(model, count=num * _PER_CLASS, seed=seed, should_stop=should_stop)
    by_class = drawn.pictures.reshape(_PER_CLASS, num, *drawn.pictures.shape[1:])
    shown = spread(np.arange(num), _MOST_CLASSES)
    pictures = np.concatenate([by_class[:, label] for label in shown])
    return Panel(pictures=pictures, columns=_PER_CLASS, rows=tuple(target.classes[label] for label in shown))


def _rebuilt(model: Model, split: Split) -> Panel:
    rows = np.array(spread(np.arange(len(split)), 2 * REBUILT), dtype=np.int64)
    pictures = np.asarray(split.inputs[rows])
    made = drawing.reconstructions(model, pictures, _known(split, rows))
    columns = min(REBUILT, len(rows))
    pairs = contactsheet.paired(pictures, made, columns=columns)
    return Panel(pictures=pairs, columns=columns, rows=("given", "rebuilt") * (len(pairs) // (2 * columns)))


def _ways(model: Model, split: Split) -> Panel:
    """Return the ways between samples that lie far apart in the split: of the same class where the model is told it."""
    wanted, columns = WAYS
    if _is_told(model):
        pairs = _pairs(split, wanted)
        starts, ends = pairs[:, 0], pairs[:, 1]
        known = _known(split, starts)
    else:
        chosen = np.array(_mixed(split, 2 * min(wanted, len(split) // 2)), dtype=np.int64)
        starts, ends = np.split(chosen, 2)
        known = _unknown(len(starts))
    made = drawing.ways(model, split.inputs[starts], split.inputs[ends], known, count=columns)
    return Panel(pictures=made.reshape(-1, *made.shape[2:]), columns=columns, rows=("",) * len(starts))


def _is_told(model: Model) -> bool:
    target = model.spec.target
    return isinstance(target, Density) and target.conditional


def _pairs(split: Split, count: int) -> Ints:
    """Return the first and the last sample of some classes, ``(count, 2)``; of the split where no class has two."""
    targets = np.asarray(split.targets)
    rows = [np.flatnonzero(targets == label) for label in np.unique(targets)]
    rows = [own for own in rows if len(own) > 1] or [np.array([0, len(split) - 1])]
    return np.array([[rows[k][0], rows[k][-1]] for k in spread(np.arange(len(rows)), count)], dtype=np.int64)


def _mixed(split: Split, count: int) -> list[int]:
    """Return samples of the split, each class in turn where classes are known."""
    targets = np.asarray(split.targets)
    by_class = [np.flatnonzero(targets == label).tolist() for label in np.unique(targets[targets >= 0])]
    order: list[int] = []
    while any(by_class) and len(order) < count:
        order += [rows.pop(0) for rows in by_class if rows]
    return order[:count] if len(order) >= count else spread(np.arange(len(split)), count)


def _traversals(model: Model, vectors: npt.NDArray[np.float32]) -> Panel | None:
    """Return what each of the liveliest dimensions of the topmost latents does, all others held at their mean.

    A model that is told the class draws the first one.
    """
    top, own = _topmost(model, vectors)
    chosen = active_dimensions(own, most=TRAVERSED)
    if not chosen:
        return None
    codes = np.zeros((len(chosen), len(STEPS), vectors.shape[1]), np.float32)
    for row, dimension in enumerate(chosen):
        codes[row, :, top.start + dimension] = STEPS
    flat = codes.reshape(-1, vectors.shape[1])
    known = np.zeros(len(flat), dtype=np.int64) if _is_told(model) else _unknown(len(flat))
    made = drawing.decoded(model, flat, known)
    about = tuple({"dimension": d, "variance": float(own[:, d].var())} for d in chosen)
    return Panel(pictures=made, columns=len(STEPS), rows=tuple(f"latent {d}" for d in chosen), about=about)


def _strangest(model: Model, split: Split, told: Sequence[Mapping[str, Any]]) -> Panel | None:
    """Return the strangest samples, each with what the model makes of it beside, and where it stands out."""
    some = [one for one in told if 0 <= int(one["index"]) < len(split)][:STRANGEST]
    if not some:
        return None
    rows = np.array([one["index"] for one in some], dtype=np.int64)
    pictures = np.asarray(split.inputs[rows])
    shown = [pictures, drawing.reconstructions(model, pictures, _known(split, rows))]
    if (places := drawing.standing_out(model, pictures)) is not None:
        shown.append(places)
    beside = np.stack(shown, axis=1).reshape(-1, *pictures.shape[1:])
    return Panel(pictures=beside, columns=len(shown), rows=("",) * len(some), about=tuple(dict(one) for one in some))


def _groups(model: Model, vectors: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
    """Return the groups of latents from the top, with how many of each are active over the samples that were mapped."""
    groups = drawing.network_of(model).groups
    found = [(group, vectors[:, group.start : group.start + group.dims]) for group in groups]
    return [
        {"name": group.name, "dims": int(group.dims), "active": len(active_dimensions(own, most=group.dims))}
        for group, own in found
    ]


def _map(model: Model, vectors: npt.NDArray[np.float32], known: Ints) -> dict[str, Any]:
    """Return the posterior means of the topmost latents on the plane in which they spread most, with the classes."""
    top, own = _topmost(model, vectors)
    plane = principal_plane(own)
    target = model.spec.target
    return {
        "points": [[round(float(x), 4), round(float(y), 4)] for x, y in plane.points],
        "explained": list(plane.explained),
        "labels": known.tolist(),
        "classes": list(target.classes) if isinstance(target, Density) else [],
        "group": top.name,
        "dims": int(top.dims),
    }


def _topmost(model: Model, vectors: npt.NDArray[np.float32]) -> tuple[Latents, npt.NDArray[np.float32]]:
    """Return the first group from the top in which a latent is active, else the first, and its part of the codes."""
    groups = drawing.network_of(model).groups
    parts = [(group, vectors[:, group.start : group.start + group.dims]) for group in groups]
    return next((part for part in parts if active_dimensions(part[1], most=1)), parts[0])


def _known(split: Split, rows: Ints) -> Ints:
    return np.asarray(split.targets[rows], dtype=np.int64)


def _unknown(count: int) -> Ints:
    return np.full(count, drawing.UNKNOWN, dtype=np.int64)
