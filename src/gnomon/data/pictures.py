"""From what an image reader found to a data set: through the decoded cache, with the rules for what is refused."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import __version__ as pillow_version

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError, printable
from gnomon.core.events import Said
from gnomon.core.spec import Dataset, Density, Guess, Image, Label, Skipped, Spec, Split
from gnomon.data import cache, filling
from gnomon.data.content import Source
from gnomon.data.reading import Reading

SIDE_LIMITS_PX = (4, 1024)
SHOWN_BAD = 10


def dataset(source: Source, config: DataConfig, reading: Reading) -> Dataset:
    """Return a source's pictures as memory-mapped arrays, decoding them only if that was not done before.

    Raises ``DataError`` where more than ``config.max_bad`` of the samples cannot be used or a class has none,
    ``ResourceError`` where the cache cannot be written, ``UsageError`` where ``config.size_px`` is out of range.
    """
    _check_size(config)
    folder = cache.folder_for(reading.cache_dir, _key(source, config))
    stored = _opened(folder, reading)
    if stored is None:
        filling.fill(folder, source.read(), config.size_px, config.fit, reading)
        stored = cache.open_stored(folder)
        if stored is None:
            raise DataError(
                "the decoded cache vanished while it was read", fix="give the same command again", path=folder
            )
    found = _as_dataset(source, stored)
    refuse_bad(found, config)
    if reading.needs_labels:
        refuse_empty(found, config)
    return found


def _check_size(config: DataConfig) -> None:
    low, high = SIDE_LIMITS_PX
    if config.size_px != "auto" and not low <= config.size_px <= high:
        raise UsageError(f"data.size_px = {config.size_px}", fix=f'allowed: "auto", or {low} to {high} pixels')


def _key(source: Source, config: DataConfig) -> str:
    digest = hashlib.blake2b(digest_size=16)
    settings = (config.size_px, config.fit, config.target)
    for part in (cache.SCHEMA, pillow_version, source.reader, *settings, *source.key):
        digest.update(repr(part).encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def _opened(folder: Path, reading: Reading) -> cache.Stored | None:
    try:
        return cache.open_stored(folder)
    except cache.DamagedError as error:
        reading.emit(Said(text=f"the decoded cache is damaged ({error}): decoding again", level="warning"))
        return None


def _as_dataset(source: Source, stored: cache.Stored) -> Dataset:
    header = stored.header
    _, height, width, channels = header["shape"]
    splits = {
        name: Split(
            inputs=stored.pixels[start:stop],
            targets=stored.targets[start:stop],
            ids=stored.ids.part(start, stop),
            hashes=stored.hashes[start:stop],
        )
        for name, (start, stop) in header["splits"].items()
        if stop > start
    }
    return Dataset(
        name=source.name,
        source=str(source.path),
        reader=source.reader,
        spec=Spec(
            input=Image(height_px=height, width_px=width, channels=channels),
            target=_target(header),
        ),
        splits=splits,
        fingerprint=_fingerprint(stored),
        guesses=(*(Guess(**guess) for guess in header["guesses"]), *_size_guess(header["frame"])),
        skipped=tuple(Skipped(**one) for one in header["skipped"]),
        facts={**header["facts"], "stored": header["frame"]},
    )


def _target(header: dict[str, Any]) -> Label | Density:
    """Return what there is to learn of each picture: its class, or the picture itself where there are no classes."""
    return Label(classes=tuple(header["classes"])) if header["classes"] else Density()


def _fingerprint(stored: cache.Stored) -> str:
    header = stored.header
    content = [header[name] for name in ("shape", "splits", "classes", "frame")]
    digests = [header["digests"][name] for name in ("hashes.v16", "targets.i64")]
    return hashlib.blake2b(repr((content, digests)).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _size_guess(frame: dict[str, object]) -> tuple[Guess, ...]:
    if frame["kept"]:
        return ()
    ways = {"crop": "the middle square is cut out", "squash": "proportions are not kept", "pad": "with a border"}
    return (
        Guess(
            what=f"pictures become {frame['width_px']} x {frame['height_px']} pixels, {ways[str(frame['fit'])]}",
            why="they are of several sizes or large",
            flag="--set data.size_px=128 --set data.fit=squash",
        ),
    )


def refuse_bad(found: Dataset, config: DataConfig) -> None:
    """Raise ``DataError`` where more than ``config.max_bad`` of the samples cannot be used."""
    num_bad = len(found.skipped)
    total = num_bad + sum(len(split) for split in found.splits.values())
    if num_bad <= config.max_bad * total:
        return
    raise DataError(
        f"{num_bad} of {total} samples cannot be used ({num_bad / total:.1%}, the limit is {config.max_bad:.1%}):\n"
        + listed(found.skipped[:SHOWN_BAD]),
        fix=f"mend or remove them, or accept them with --max-bad {_rounded_up(num_bad / total)}",
        path=found.source,
    )


def listed(skipped: Sequence[Skipped]) -> str:
    """Return skipped samples with their reasons, two a line, fit for a terminal."""
    told = [f"{_short(printable(one.id))} {one.reason}" for one in skipped]
    return "\n".join("  " + "; ".join(told[i : i + 2]) for i in range(0, len(told), 2))


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"…{text[-limit + 1 :]}"


def _rounded_up(share: float) -> float:
    return min(1.0, (int(share * 100) + 1) / 100)


def refuse_empty(found: Dataset, config: DataConfig) -> None:
    """Raise ``DataError`` where a class has no training sample that could be read."""
    if config.allow_empty or not isinstance(found.spec.target, Label):
        return
    name = next((name for name in ("train", "all") if name in found.splits), None)
    if name is None:
        return
    classes = found.spec.target.classes
    counts = np.bincount(found.splits[name].targets, minlength=len(classes))
    empty = [printable(classes[i]) for i in np.flatnonzero(counts == 0)]
    if not empty:
        return
    where = " in train" if name == "train" else ""
    first = ", ".join(empty[:SHOWN_BAD]) + (", …" if len(empty) > SHOWN_BAD else "")
    reasons = [one for one in found.skipped if printable(one.label) in empty][:4]
    raise DataError(
        f"{len(empty)} of {len(classes)} classes have no readable sample{where}: {first}"
        + ("\n" + listed(reasons) if reasons else ""),
        fix="add samples, remove the class, or go on without them: --set data.allow_empty=true",
        path=found.source,
    )


def unknown_target(target: str, allowed: Sequence[str], path: Path) -> UsageError:
    """Return the error for a ``--target`` that the data does not have, with the nearest name."""
    near = difflib.get_close_matches(target, allowed, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UsageError(f"there is no target {target!r}", fix=f"{hint}there are: {', '.join(allowed)}", path=path)
