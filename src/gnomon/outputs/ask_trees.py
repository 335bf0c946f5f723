"""Asking a model about trees: in brackets, as expressions, in JSON, as Python source, or texts to be made trees of."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gnomon.assemble import Model
from gnomon.core.errors import DataError, GnomonError, UsageError, printable
from gnomon.core.spec import Batch, NodeLabels, Number
from gnomon.data import (
    brackets,
    codetrees,
    deepjson,
    frame,
    freetext,
    hiddenops,
    jsontrees,
    textfile,
    treeforms,
    treeprep,
    trees,
    treetable,
)
from gnomon.data.brackets import BracketError
from gnomon.data.codetrees import CodeError
from gnomon.data.prefix import PrefixError
from gnomon.data.ragged import Ragged
from gnomon.data.sequences import collate
from gnomon.data.trees import Tree
from gnomon.outputs import treemeasures
from gnomon.outputs.ask_pictures import LABEL_COLUMNS, labelled
from gnomon.outputs.asking import Column, Question, Row

_STDIN = "-"
_NUM_IN_FULL = 20
"""Trees of which every node is labelled where the model labels whole trees."""
_MOST_FUNCTION_NODES = 100
_NODES = (
    Column(name="file"),
    Column(name="node", kind=int),
    Column(name="parent", kind=int),
    Column(name="symbol"),
    Column(name="label"),
    Column(name="confidence", kind=float),
    Column(name="error"),
)
_NUMBERS = (
    Column(name="file"),
    Column(name="value", kind=float),
    Column(name="low", kind=float),
    Column(name="high", kind=float),
    Column(name="error"),
)


class AskTrees:
    """Questions about trees."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._encoder = treeprep.encoder(model.preparation)
        self._by_node = isinstance(model.spec.target, NodeLabels)
        self._of_number = isinstance(model.spec.target, Number)
        self._num_in_full = 0
        self.columns: Sequence[Column] = _NODES if self._by_node else _NUMBERS if self._of_number else LABEL_COLUMNS

    def paths(self, words: Sequence[str]) -> list[Path]:
        """Return the files; a folder stands for all files inside, by name; ``-`` for lines from standard input."""
        found: list[Path] = []
        for path in map(Path, words):
            if path.is_dir():
                inside = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
                if not inside:
                    raise UsageError("the folder has no files", fix="name files, or a folder with trees", path=path)
                found += inside
            else:
                found.append(path)
        if not found:
            raise UsageError("there is nothing to predict", fix="name files or a folder, or - for standard input")
        return found

    def questions(self, paths: Sequence[Path]) -> Iterator[Question]:
        """Yield one question a tree, in order; what cannot be read has its place and the reason in its row."""
        for path in paths:
            try:
                yield from self._of_file(path)
            except (GnomonError, OSError, ValueError) as error:
                what = error.what if isinstance(error, GnomonError) else str(error)
                yield Question(row={"file": printable(str(path)), "error": what})

    def batch(self, samples: Sequence[Any]) -> Batch:
        """Return trees as the network takes them."""
        column = Ragged.of(samples, like=np.zeros((0, treeprep.SHAPE + len(self._encoder.symbols.sizes)), np.int64))
        ids = np.arange(len(column), dtype=np.int64)
        inputs = collate(column, ids, max(1, int(column.lengths.max())), 0)
        targets = np.where(inputs[:, :, 1] > 0, 0, -1) if self._by_node else np.zeros(len(ids), np.int64)
        device = self._model.precision.device
        return Batch(inputs=torch.from_numpy(inputs).to(device), targets=torch.from_numpy(targets).to(device), ids=ids)

    def lines(self, row: Row) -> list[Row]:
        """Return the row of a tree, or one row a node where nodes are labelled."""
        if self._of_number:
            return [{column.name: row.get(column.name) for column in _NUMBERS}]
        if not self._by_node:
            return [labelled(row)]
        plain: Row = {column.name: None for column in _NODES}
        plain |= {"file": row["file"], "error": row["error"], "symbol": "", "label": ""}
        found = zip(
            row.get("symbols", ()), row.get("parents", ()), row.get("labels", ()), row.get("confidences", ()),
            strict=True,
        )  # fmt: skip
        told = [
            plain | {"node": node, "parent": parent, "symbol": symbol, "label": label, "confidence": confidence}
            for node, (symbol, parent, label, confidence) in enumerate(found)
        ]
        return told or [plain]

    def _of_file(self, path: Path) -> Iterator[Question]:
        name = printable(path.name)
        if str(path) == _STDIN:
            yield from self._of_text(sys.stdin.read(), "stdin")
        elif path.suffix in (".py", ".pyi") and self._encoder.form != "text":
            yield from self._of_code(path, name)
        elif frame.kind(path) == frame.JSON_LINES and self._encoder.form != "text":
            yield from self._of_json(path, name)
        elif frame.kind(path):
            yield from self._of_table(path, name)
        elif self._encoder.form == "text":
            yield self._asked(printable(str(path)), treeforms.of_text(textfile.read_text(path).text))
        else:
            yield from self._of_text(textfile.read_text(path).text, name)

    def _of_text(self, text: str, name: str) -> Iterator[Question]:
        """Yield trees in brackets, which may go over several lines; of expressions and texts one a line."""
        if self._encoder.form in ("labels", "bare", "json") and text.lstrip().startswith("("):
            records = list(brackets.records(text))
            heads = "none" if self._encoder.form == "bare" else brackets.heads(records)
            for record in records:
                try:
                    found = brackets.parse(record.text, heads=heads).tree
                except BracketError as error:
                    place = f"{name}:{record.line + error.line - 1}:{error.column}"
                    yield Question(row={"file": place, "error": str(error)})
                else:
                    yield self._asked(f"{name}:{record.line}", found)
            return
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield self._of_line(line, f"{name}:{number}")

    def _of_line(self, line: str, place: str) -> Question:
        if self._encoder.form in ("labels", "text"):
            return self._asked(place, treeforms.of_text(line))
        parse = treetable.PARSERS.get(self._encoder.form, treetable.PARSERS["prefix"])
        try:
            return self._asked(place, parse(line))
        except (PrefixError, BracketError) as error:
            return Question(row={"file": f"{place}:{error.column}", "error": str(error)})

    def _of_table(self, path: Path, name: str) -> Iterator[Question]:
        table = frame.read_frame(path)
        if self._encoder.form == "text":
            chosen, _ = freetext.choose(table.columns, "auto", path)
        else:
            chosen = tuple(one for one, values in table.columns.items() if treetable.are_trees(values))[:1]
        chosen = chosen or (tuple(table.columns) if len(table.columns) == 1 else ())
        if not chosen:
            what = "free text" if self._encoder.form == "text" else "trees"
            raise DataError(f"has no column of {what}", fix="give a table with one column of them", path=path)
        for line, values in zip(table.lines, zip(*(table.columns[c] for c in chosen), strict=True), strict=True):
            text = "\n".join(str(value) for value in values if value not in (None, ""))
            yield self._of_line(text, f"{name}:{line}")
        for line, reason in table.bad:
            yield Question(row={"file": f"{name}:{line}", "error": reason})

    def _of_json(self, path: Path, name: str) -> Iterator[Question]:
        for number, line in enumerate(textfile.read_text(path).text.split("\n"), 1):
            if not line.strip():
                continue
            place = f"{name}:{number}"
            try:
                given = deepjson.loads(line)
                held = jsontrees.held_in(given)
                found = jsontrees.tree_of(given if held is None else held[1]).tree
            except json.JSONDecodeError as error:
                yield Question(row={"file": f"{place}:{error.colno}", "error": f"is no JSON: {error.msg}"})
            except ValueError as error:
                yield Question(row={"file": place, "error": str(error)})
            else:
                yield self._asked(place, found)

    def _of_code(self, path: Path, name: str) -> Iterator[Question]:
        """Yield one question a file, or where operators are to be told one for each of each small function."""
        try:
            module = codetrees.parsed(path.read_bytes())
        except CodeError as error:
            place = "".join(f":{part}" for part in (error.line, error.column) if part)
            yield Question(row={"file": f"{name}{place}", "error": str(error)})
            return
        if self._encoder.form != "operators":
            yield self._asked(printable(str(path)), codetrees.tree_of(module))
            return
        found = list(hiddenops.functions(module, path.name, nodes=_MOST_FUNCTION_NODES, places=sys.maxsize))
        for one in found:
            asked = self._asked(f"{name}:{one.line} {one.name} ?{one.number}", one.tree)
            yield Question(row=asked.row | {"written": one.operator}, sample=asked.sample)
        if not found:
            what = f"has no function of up to {_MOST_FUNCTION_NODES} nodes with an operator"
            yield Question(row={"file": name, "error": what})

    def _asked(self, name: str, tree: Tree) -> Question:
        small, _ = trees.cut(tree, self._encoder.limit)
        sample = self._encoder.encode(small)
        row: Row = {"file": name, "error": "", "symbols": list(small.symbols), "parents": small.parents.tolist()}
        if self._num_in_full < _NUM_IN_FULL and treemeasures.has_parts(self._model, len(small)):
            self._num_in_full += 1
            told = treemeasures.answers(self._model, treemeasures.subtrees(sample))
            row["labels"] = [one["label"] for one in told]
            row["confidences"] = [one["confidence"] for one in told]
        return Question(row=row, sample=sample)
