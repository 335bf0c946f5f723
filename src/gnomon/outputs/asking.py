"""What a model can be asked about: questions in the order given, each with a row for its answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from gnomon.assemble import Model
from gnomon.core.errors import UsageError
from gnomon.core.events import Emit, silent
from gnomon.core.spec import Batch, Density, Image, MixedRow, Series, Tree, Vector, Waveform
from gnomon.core.spec import Sequence as Tokens

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing that is asked about: the beginning of its row, and the sample.

    There is none where it could not be read, and where the row is its answer already.
    """

    row: Row
    sample: Any = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the table that answers are written to."""

    name: str
    kind: type = field(default=str)


class Asking(Protocol):
    """How one kind of data is asked about."""

    columns: Sequence[Column]
    """The table that answers become in a .csv or .parquet file."""

    def paths(self, words: Sequence[str]) -> list[Path]:
        """Return the files that the user's words stand for, in order. Raises ``UsageError`` where there is none."""
        ...

    def questions(self, paths: Sequence[Path]) -> Iterator[Question]:
        """Yield what is asked, in order; what cannot be read has an ``error`` in its row and no sample."""
        ...

    def batch(self, samples: Sequence[Any]) -> Batch:
        """Return samples as the network takes them."""
        ...

    def lines(self, row: Row) -> list[Row]:
        """Return a row as lines of the table; most are one line."""
        ...


@runtime_checkable
class Copying(Protocol):
    """How a kind of data is asked about whose answers stand beside the questions, in a copy of the data."""

    def copy(self, rows: Sequence[Row]) -> tuple[pa.Table, str]:
        """Return the data with the answers as more columns, and the delimiter of its file."""
        ...


def asking(model: Model, emit: Emit = silent, *, strict: bool = False) -> Asking:
    """Return how a model is asked. Raises ``UsageError`` for a kind of data that cannot be asked about.

    What is odd about the questions goes to ``emit``; where that can be mended, ``strict`` makes it an error.
    """
    if isinstance(model.spec.input, Image):
        from gnomon.outputs.ask_pictures import AskPictures

        return AskPictures(model)
    if isinstance(model.spec.input, Tokens):
        from gnomon.outputs.ask_texts import AskTexts

        return AskTexts(model)
    if isinstance(model.spec.input, Tree):
        from gnomon.outputs.ask_trees import AskTrees

        return AskTrees(model)
    if isinstance(model.spec.input, Series) and isinstance(model.spec.target, Density):
        from gnomon.outputs.ask_stretches import AskStretches

        return AskStretches(model, emit)
    if isinstance(model.spec.input, Series):
        from gnomon.outputs.ask_series import AskSeries

        return AskSeries(model)
    if isinstance(model.spec.input, Vector | MixedRow):
        from gnomon.outputs.ask_tables import AskTables

        return AskTables(model, emit, strict=strict)
    if isinstance(model.spec.input, Waveform):
        from gnomon.outputs.ask_audio import AskAudio

        return AskAudio(model)
    raise UsageError(
        f"a model of {type(model.spec.input).__name__} data cannot be asked yet", fix="use a model of another kind"
    )
