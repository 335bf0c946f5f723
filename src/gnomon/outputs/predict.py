"""Predicts: one row for every input, in order, whatever is wrong with an input."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from gnomon.assemble import Model
from gnomon.core import files
from gnomon.core.errors import StoppedError, UsageError
from gnomon.core.events import Emit, Worked
from gnomon.outputs import tablecopy
from gnomon.outputs.asking import Asking, Copying, Question, Row
from gnomon.training import infer

FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
_BATCH = 64


def predict(
    model: Model,
    asking: Asking,
    paths: Sequence[Path],
    *,
    emit: Emit,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Row]:
    """Yield one row a question: what it is, the task's answer, and ``error`` where it could not be read."""
    done, asked = 0, asking.questions(paths)
    while questions := list(islice(asked, _BATCH)):
        if should_stop():
            raise StoppedError("stopped while predicting", fix="predict again")
        yield from _answers(model, asking, questions)
        done += len(questions)
        emit(Worked(what="predicting", done=done, total=max(done, len(paths)), unit="files"))


def write(rows: Sequence[Row], asking: Asking, out: Path) -> None:
    """Write rows as CSV, TSV, JSON lines or Parquet, by the name's ending. The file appears whole or not at all.

    Answers about the rows of a table stand in a copy of it.
    """
    require_format(out)
    if isinstance(asking, Copying):
        table, delimiter = asking.copy(rows)
        files.write_bytes(out, tablecopy.encode(table, out.suffix.lower(), delimiter))
        return
    data = {".csv": _csv, ".tsv": _tsv, ".jsonl": _jsonl, ".parquet": _parquet}[out.suffix.lower()](rows, asking)
    files.write_bytes(out, data)


def require_format(out: Path) -> None:
    """Raise ``UsageError`` where a name does not end as a format that can be written."""
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"{out.name!r} is of no known format", fix=f"let it end in {', '.join(FORMATS)}", path=out)


def _answers(model: Model, asking: Asking, questions: Sequence[Question]) -> list[Row]:
    asked = [question for question in questions if question.sample is not None]
    if not asked:
        return [question.row for question in questions]
    batch = asking.batch([question.sample for question in asked])
    values = infer.outputs(model.network, [batch], precision=model.precision, views_below=model.views_below)
    if model.task.calibrates:
        values = model.task.tempered(values, model.temperature)
    answers = iter(model.task.decode(values, batch.inputs.cpu().numpy()))
    return [question.row if question.sample is None else question.row | next(answers) for question in questions]


def _tsv(rows: Sequence[Row], asking: Asking) -> bytes:
    return _csv(rows, asking, delimiter="\t")


def _csv(rows: Sequence[Row], asking: Asking, *, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    names = [column.name for column in asking.columns]
    writer = csv.DictWriter(text, names, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    for line in (line for row in rows for line in asking.lines(row)):
        writer.writerow({name: _neutral(line[name]) for name in names})
    return text.getvalue().encode("utf-8", "backslashreplace")


def _neutral(value: Any) -> Any:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _jsonl(rows: Sequence[Row], asking: Asking) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n" for row in rows)


def _parquet(rows: Sequence[Row], asking: Asking) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
    schema = pa.schema([(column.name, kinds[column.kind]) for column in asking.columns])
    table = pa.Table.from_pylist([line for row in rows for line in asking.lines(row)], schema=schema)
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()
