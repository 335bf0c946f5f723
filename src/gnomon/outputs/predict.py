"""Predicts: one row for every input, in order, whatever is wrong with an input."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gnomon.assemble import Model
from gnomon.core import files
from gnomon.core.errors import StoppedError, UsageError, printable
from gnomon.core.events import Emit, Worked
from gnomon.core.spec import Batch, Image
from gnomon.data import decode, formats, listing
from gnomon.data.augment import resize
from gnomon.train import infer

FORMATS = (".csv", ".jsonl", ".parquet")
_BATCH = 64
_MAX_FILE_BYTES = 512 * 2**20

Row = dict[str, Any]


def inputs(paths: Sequence[str]) -> list[Path]:
    """Return the files to predict, in the order given; a folder stands for all pictures inside, by name."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = [path / file.id for file in listing.walk(path).files if listing.is_picture(file)]
            if not inside:
                raise UsageError("the folder has no pictures", fix="name files, or a folder with pictures", path=path)
            found += sorted(inside)
        else:
            found.append(path)
    if not found:
        raise UsageError("there is nothing to predict", fix="name files or a folder")
    return found


def predict(
    model: Model, paths: Sequence[Path], *, emit: Emit, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[Row]:
    """Yield one row a file: ``file``, the task's columns, and ``error`` where the file could not be read."""
    for start in range(0, len(paths), _BATCH):
        if should_stop():
            raise StoppedError("stopped while predicting", fix="predict again")
        yield from _batch(model, paths[start : start + _BATCH])
        emit(Worked(what="predicting", done=min(start + _BATCH, len(paths)), total=len(paths), unit="files"))


def write(rows: Sequence[Row], out: Path) -> None:
    """Write rows as CSV, JSON lines or Parquet, by the name's ending. The file appears whole or not at all."""
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"{out.name!r} is of no known format", fix=f"let it end in {', '.join(FORMATS)}", path=out)
    data = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}[out.suffix.lower()](rows)
    files.write_bytes(out, data)


def _batch(model: Model, paths: Sequence[Path]) -> list[Row]:
    pixels: list[Any] = []
    rows: list[Row] = []
    for path in paths:
        row: Row = {"file": printable(str(path)), "error": ""}
        try:
            pixels.append(_read(model, path))
        except formats.UnreadableError as error:
            row["error"] = str(error)
        rows.append(row)
    good = [row for row in rows if not row["error"]]
    if good:
        for row, answer in zip(good, model.task.decode(_logits(model, np.stack(pixels))), strict=True):
            row |= answer
    return rows


def _read(model: Model, path: Path) -> Any:
    image = model.spec.input
    if not isinstance(image, Image):
        raise UsageError(
            f"this model takes {type(image).__name__} data", fix="predict with pictures needs a picture model"
        )
    try:
        data = listing.read_bytes(path, _MAX_FILE_BYTES)
    except ValueError as error:
        raise formats.UnreadableError(f"cannot be read: {error}") from error
    return decode.decode_for_model(data, image.height_px, image.width_px, image.channels, model.fit)


def _logits(model: Model, pixels: Any) -> Any:
    resized = resize(torch.from_numpy(pixels).to(model.precision.device), model.size_px)
    batch = Batch(inputs=resized, targets=torch.zeros(len(pixels), dtype=torch.int64), ids=np.arange(len(pixels)))
    logits = infer.outputs(model.network, [batch], precision=model.precision, views_below=model.views_below)
    return logits / np.float32(model.temperature)


def _flat(row: Row) -> Row:
    """Return a row whose values are plain: the likeliest classes as one JSON text."""
    return {
        "file": row["file"],
        "label": row.get("label", ""),
        "confidence": row.get("confidence"),
        "top": json.dumps(row["top"], ensure_ascii=False) if "top" in row else "",
        "error": row["error"],
    }


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(_flat(rows[0])), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _neutral(value) for name, value in _flat(row).items()})
    return text.getvalue().encode("utf-8", "backslashreplace")


def _neutral(value: Any) -> Any:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _jsonl(rows: Sequence[Row]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n" for row in rows)


def _parquet(rows: Sequence[Row]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    columns = [("file", pa.string()), ("label", pa.string()), ("confidence", pa.float64()), ("top", pa.string())]
    table = pa.Table.from_pylist([_flat(row) for row in rows], schema=pa.schema([*columns, ("error", pa.string())]))
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()
