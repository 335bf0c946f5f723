"""The state of a run, committed atomically and verified when it is read; and the model that a run gives.

A checkpoint is a folder: ``state.safetensors`` (every tensor), ``state.json`` (every other fact) and
``manifest.json`` (sizes and SHA-256 of both, and of itself). There is no pickle: loading cannot run code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch

from gnomon.core import files
from gnomon.core.errors import ArtefactError, ResourceError
from gnomon.core.events import Emit, Said
from gnomon.core.run import CheckpointFolder, ModelFolder, RunFolder, read_json
from gnomon.training.tensorfile import Digest, read_exactly, read_tensors, refuse_code, write_tensors

SCHEMA = 1
_MAX_JSON_BYTES = 1 << 24
_MAX_REASONS = 3


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A checkpoint that was found whole: the state after ``step`` steps."""

    step: int
    tensors: dict[str, torch.Tensor]
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Manifest:
    schema: int
    step: int
    files: dict[str, Digest]
    sha256: str


def save(
    run: RunFolder,
    step: int,
    tensors: Mapping[str, torch.Tensor],
    facts: Mapping[str, Any],
    *,
    keep: int = 2,
) -> Path:
    """Commit the state after ``step`` steps and return its folder; the newest ``keep`` checkpoints stay.

    The new one is read back before an old one goes. Checkpoints of later steps, which a rolled-back run will
    pass again, go too. ``facts`` are JSON values; floats keep every bit. Raises ``ResourceError``; the old ones
    stay then.
    """
    files.make_folder(run.checkpoints, exist_ok=True)
    files.remove_leftovers(run.checkpoints)
    final = run.checkpoint(step)
    with files.output_folder(final.path) as staging:
        folder = CheckpointFolder(staging)
        digests = {
            folder.state.name: write_tensors(folder.state, tensors, sync=False),
            folder.facts.name: _write_facts(folder.facts, facts),
        }
        files.write_bytes(folder.manifest, _manifest_bytes(step, digests), sync=False)
        _read_back(folder, digests)
    for old in _doomed(run, step, keep):
        files.remove_tree(old.path)
    return final.path


def load(run: RunFolder, emit: Emit) -> Loaded | None:
    """Return the newest checkpoint that is whole; None where none was ever written.

    A damaged one is passed over in favour of the one before, with a warning that names both. Raises
    ``ArtefactError`` where all are damaged.
    """
    reasons: list[str] = []
    for folder in _committed(run):
        try:
            loaded = _load_one(folder)
        except ArtefactError as error:
            reasons.append(f"{folder.path.name} ({Path(error.path or '').name} {error.what})")
            continue
        if reasons:
            text = f"damaged checkpoint passed over: {'; '.join(reasons)}; going on from {folder.path.name}"
            emit(Said(text=text, level="warning"))
        return loaded
    if not reasons:
        return None
    shown = "\n".join(reasons[:_MAX_REASONS])
    raise ArtefactError(
        f"none of {len(reasons)} checkpoints is whole:\n{shown}",
        fix="restore the folder from a copy, or train again",
        path=run.checkpoints,
    )


def save_model(run: RunFolder, tensors: Mapping[str, torch.Tensor], card: Mapping[str, Any]) -> Path:
    """Write the finished model, in the place of an older one, and return its folder.

    ``card`` is what is needed to use the weights: spec, labels, preprocessing. Raises ``ResourceError``.
    """
    if reserved := {"schema", "weights"} & set(card):
        raise ValueError(f"the card's {sorted(reserved)} are set here")
    with files.output_folder(run.model) as staging:
        folder = ModelFolder(staging)
        weights = write_tensors(folder.weights, tensors, sync=False)
        about = {"schema": SCHEMA, **card, "weights": {"file": folder.weights.name, **asdict(weights)}}
        files.write_json(folder.card, about, sync=False)
        _read_back(folder, {folder.weights.name: weights})
    return run.model


def load_model(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the weights and the card of a ``model/`` folder, wherever it comes from.

    Raises ``ArtefactError``: not a model, corrupt, of an unknown schema, or a file that could run code.
    """
    model = ModelFolder(folder)
    if not model.card.exists():
        fix = "name the model folder of a finished run"
        raise ArtefactError(f"is not a model: it has no {model.card.name}", fix=fix, path=folder)
    card = read_json(model.card, max_bytes=_MAX_JSON_BYTES)
    if not isinstance(card, dict):
        raise _damaged(model.card, "is not a JSON object")
    _check_schema(card.get("schema"), model.card)
    try:
        weights = msgspec.convert(card.get("weights"), Digest)
    except msgspec.ValidationError as error:
        raise _damaged(model.card, f"does not say what the weights must be: {error}") from error
    refuse_code(model.weights)
    tensors = read_tensors(model.weights, weights)
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.isnan().any():
            raise _damaged(model.weights, f"the tensor {name!r} holds values that are not numbers")
    return tensors, card


def _write_facts(path: Path, facts: Mapping[str, Any]) -> Digest:
    data = json.dumps(dict(facts), indent=1).encode()
    files.write_bytes(path, data, sync=False)
    return Digest(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def _manifest_bytes(step: int, digests: Mapping[str, Digest]) -> bytes:
    about = {"schema": SCHEMA, "step": step, "files": {name: asdict(d) for name, d in digests.items()}}
    own = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    return json.dumps({**about, "sha256": own}, indent=1).encode() + b"\n"


def _read_manifest(folder: CheckpointFolder) -> _Manifest:
    tree = read_json(folder.manifest, max_bytes=_MAX_JSON_BYTES)
    _check_schema(tree.get("schema") if isinstance(tree, dict) else None, folder.manifest)
    try:
        manifest = msgspec.convert(tree, _Manifest)
    except msgspec.ValidationError as error:
        raise _damaged(folder.manifest, f"is not a manifest: {error}") from error
    # Written anew it must be the same to the last byte: so a flipped bit anywhere in it is seen.
    if _manifest_bytes(manifest.step, manifest.files) != folder.manifest.read_bytes():
        raise _damaged(folder.manifest, "differs from what was written")
    if manifest.step != folder.step:
        raise _damaged(folder.manifest, f"belongs to step {manifest.step}")
    if set(manifest.files) != {folder.state.name, folder.facts.name}:
        raise _damaged(folder.manifest, f"lists other files: {', '.join(manifest.files)}")
    return manifest


def _load_one(folder: CheckpointFolder) -> Loaded:
    manifest = _read_manifest(folder)
    facts = read_exactly(folder.facts, manifest.files[folder.facts.name])
    refuse_code(folder.state)
    tensors = read_tensors(folder.state, manifest.files[folder.state.name])
    try:
        return Loaded(step=manifest.step, tensors=tensors, facts=json.loads(facts))
    except (ValueError, RecursionError) as error:
        raise _damaged(folder.facts, f"is not valid JSON: {error}") from error


def _read_back(folder: CheckpointFolder | ModelFolder, digests: Mapping[str, Digest]) -> None:
    for name, digest in digests.items():
        try:
            read_exactly(folder.path / name, digest)
        except ArtefactError as error:
            what = f"was written, but reads back differently ({error.what})"
            raise ResourceError(what, fix="check this disk and memory", path=error.path) from error


def _committed(run: RunFolder) -> list[CheckpointFolder]:
    """Return the folders of all checkpoints, the newest first."""
    if not run.checkpoints.is_dir():
        return []
    folders = [CheckpointFolder(path) for path in run.checkpoints.iterdir()]
    return sorted((f for f in folders if f.step is not None), key=lambda f: f.step or 0, reverse=True)


def _doomed(run: RunFolder, step: int, keep: int) -> list[CheckpointFolder]:
    folders = _committed(run)
    later = [folder for folder in folders if (folder.step or 0) > step]
    return later + folders[len(later) :][max(1, keep) :]


def _check_schema(schema: object, path: Path) -> None:
    if schema == SCHEMA and isinstance(schema, int):
        return
    if isinstance(schema, int) and schema > SCHEMA:
        what = f"was written by a newer Gnomon: its format is {schema}, this one reads {SCHEMA}"
        raise ArtefactError(what, fix="upgrade Gnomon", path=path)
    raise _damaged(path, f"names no format that is known: schema = {schema!r}")


def _damaged(path: Path, what: str) -> ArtefactError:
    return ArtefactError(what, fix="restore the file from a copy, or train again", path=path)
