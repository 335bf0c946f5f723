"""Parquet files with pictures, as Hugging Face writes them: ``image`` (bytes and path, or a path) and ``label``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, GnomonError, printable
from gnomon.core.spec import Dataset, Guess, Match, Skipped
from gnomon.data import columns, formats, layout, listing, pictures
from gnomon.data.content import Content, Part, Payload, Source, spread
from gnomon.data.formats import UnreadableError
from gnomon.data.reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_MAGIC = b"PAR1"
_MAX_FOOTER_BYTES = 64 << 20
_ROWS_AT_ONCE = 256
_LOOKED_AT_ROWS = 200
_LOOKED_AT_GROUPS = 4
_SPLIT_ORDER = ("train", "valid", "test", "all")


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


@dataclass(frozen=True)
class Shard:
    """One file of a split."""

    path: Path
    id: str
    split: str
    num_bytes: int
    changed_ns: int


@dataclass(frozen=True)
class Form:
    """Where a table keeps pictures and classes; ``names`` are the class names, where the file has them."""

    image: str
    target: str
    names: tuple[str, ...] | None
    guesses: tuple[Guess, ...]


def sniff(path: Path) -> Match | None:
    """Claim a Parquet file with pictures in it, or a folder of such files."""
    shards, _ = _shards(path)
    if not shards or not _holds_pictures(shards[0].path):
        return None
    what = "it is a Parquet file" if path.is_file() else f"it holds {len(shards)} Parquet files"
    return Match(confidence=0.9, why=f"{what} with pictures")


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read pictures and labels. Raises ``DataError`` where a file is damaged or has no pictures or classes."""
    shards, passed = _shards(path)
    if not shards:
        raise DataError("holds no Parquet files", fix="give a .parquet file or a folder of them", path=path)
    source = Source(
        reader="image_parquet",
        path=path,
        name=path.resolve().name.removesuffix(".parquet"),
        key=[str(path.resolve()), *((shard.id, shard.num_bytes, shard.changed_ns) for shard in shards)],
        read=lambda: _content(shards, passed, config.target),
    )
    return pictures.dataset(source, config, reading)


def _shards(path: Path) -> tuple[list[Shard], list[str]]:
    """Return the files of all splits, and the names of files that no split claims."""
    if path.is_file():
        status = path.stat()
        shard = Shard(path, path.name, "all", status.st_size, status.st_mtime_ns)
        return ([shard] if _is_parquet(path) else []), []
    if not path.is_dir():
        return [], []
    found = listing.walk(path)
    files = [file for file in found.files if file.name.lower().endswith(".parquet")]
    shards = []
    for file in files:
        folders = [layout.split_of(name) for name in file.folders]
        split = layout.split_of(file.name) or next((name for name in reversed(folders) if name), "")
        full = Path(path, *file.folders, file.name)
        shards.append(Shard(full, file.id, split, file.num_bytes, file.changed_ns))
    named = [shard for shard in shards if shard.split]
    if not named:
        return [Shard(one.path, one.id, "all", one.num_bytes, one.changed_ns) for one in shards], []
    return named, [shard.id for shard in shards if not shard.split]


def _is_parquet(path: Path) -> bool:
    try:
        return listing.read_head(path, len(_MAGIC)) == _MAGIC
    except UnreadableError:
        return False


def _holds_pictures(path: Path) -> bool:
    """Return whether a file has a picture column; most often its footer's words tell without the library."""
    footer = _footer(path)
    if b'"_type": "Image"' in footer or (b"bytes" in footer and b"image" in footer):
        return True
    try:
        with _opened(path) as file:
            return _image_column(file, path) is not None
    except GnomonError:
        return False


def _footer(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        tail = file.read(8)
        num_bytes = int.from_bytes(tail[:4], "little")
        if tail[4:] != _MAGIC or num_bytes > min(_MAX_FOOTER_BYTES, size - 8):
            return b""
        file.seek(size - 8 - num_bytes)
        return file.read(num_bytes)


def _opened(path: Path) -> pq.ParquetFile:
    # Imported here: it takes a quarter of a second, and a second reading needs only the cache.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    why = (str(error).splitlines() or [type(error).__name__])[0][:120]
    return DataError(f"is not a whole Parquet file: {why}", fix="download it again", path=path)


def _content(shards: Sequence[Shard], passed: Sequence[str], target: str) -> Content:
    form = _form(shards[0].path, target)
    values = [_column(shard.path, form.target) for shard in shards]
    joined = [value for part in values for value in part]
    encode = columns.encode if form.names is None else lambda v, p: columns.encode_named(v, form.names or (), p)
    classes, targets = encode(joined, shards[0].path)
    ends = np.cumsum([len(part) for part in values])
    by_shard = dict(zip(shards, np.split(targets, ends[:-1]), strict=True))
    skipped: list[Skipped] = []
    guesses = list(form.guesses)
    parts = []
    for split in (one for one in _SPLIT_ORDER if any(shard.split == one for shard in shards)):
        own = {shard: labels for shard, labels in by_shard.items() if shard.split == split}
        if all((labels == columns.MISSING).all() for labels in own.values()):
            guesses.append(_unlabelled(split))
            continue
        parts.append(_part(split, own, form.image))
        skipped += _without_label(split, own)
    guesses += [_passed(name) for name in passed]
    return Content(parts=parts, classes=classes, guesses=tuple(guesses), skipped=tuple(skipped))


def _unlabelled(split: str) -> Guess:
    return Guess(what=f"the split {split} is not used", why="none of its samples has a label", flag="--test PATH")


def _passed(name: str) -> Guess:
    return Guess(
        what=f"{printable(name)} is not used", why="its name says no split", flag="--valid PATH or --test PATH"
    )


def _without_label(split: str, own: Mapping[Shard, npt.NDArray[np.int64]]) -> list[Skipped]:
    return [
        Skipped(id=f"{shard.id}#{row}", reason="has no label", split=split)
        for shard, labels in own.items()
        for row in np.flatnonzero(labels == columns.MISSING)
    ]


def _part(split: str, own: Mapping[Shard, npt.NDArray[np.int64]], image: str) -> Part:
    kept = {shard: labels != columns.MISSING for shard, labels in own.items()}
    return Part(
        split=split,
        ids=[f"{shard.id}#{row}" for shard, mask in kept.items() for row in np.flatnonzero(mask)],
        targets=np.concatenate([labels[kept[shard]] for shard, labels in own.items()]),
        payloads=Rows([(shard.path, mask) for shard, mask in kept.items()], image),
    )


class Rows:
    """The pictures in some files' rows, read a few at a time."""

    def __init__(self, files: Sequence[tuple[Path, npt.NDArray[np.bool_]]], image: str) -> None:
        self._files = files
        self._image = image

    def __iter__(self) -> Iterator[Payload]:
        for path, mask in self._files:
            rows = iter(mask)
            for payload in _payloads(path, self._image, None):
                if next(rows):
                    yield payload

    def some(self, count: int) -> Iterator[Payload]:
        """Yield the first rows of some row groups, spread over all files."""
        files = [self._files[i][0] for i in spread(len(self._files), _LOOKED_AT_GROUPS)]
        groups = []
        for path in files:
            with _opened(path) as file:
                chosen = spread(file.num_row_groups, max(1, _LOOKED_AT_GROUPS // len(files)))
                groups += [(path, group) for group in chosen]
        share = -(-count // max(1, len(groups)))
        for path, group in groups:
            for i, payload in enumerate(_payloads(path, self._image, group)):
                if i >= share:
                    break
                yield payload


def _payloads(path: Path, image: str, group: int | None) -> Iterator[Payload]:
    import pyarrow as pa

    with _opened(path) as file:
        groups = None if group is None else [group]
        try:
            for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=groups, columns=[image], use_threads=False):
                yield from _of_batch(batch.column(0), path.parent)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error


def _of_batch(column: pa.Array, folder: Path) -> Iterator[Payload]:
    import pyarrow as pa

    if not pa.types.is_struct(column.type):
        return (_payload(value, folder) for value in column.to_pylist())
    fields = {column.type.field(i).name: column.field(i).to_pylist() for i in range(column.type.num_fields)}
    nothing = [None] * len(column)
    pairs = zip(fields.get("bytes", nothing), fields.get("path", nothing), strict=True)
    return (_payload(content if content is not None else name, folder) for content, name in pairs)


def _payload(value: bytes | str | None, folder: Path) -> Payload:
    if value is None or value == "":
        return UnreadableError("has no picture")
    if isinstance(value, str):
        return UnreadableError("is a path with a NUL byte") if "\0" in value else folder / value
    return value


def _form(path: Path, target: str) -> Form:
    with _opened(path) as file:
        image = _image_column(file, path)
        if image is None:
            names = ", ".join(printable(name) for name in file.schema_arrow.names)
            raise DataError(f"has no column of pictures (columns: {names})", fix="give a file with pictures", path=path)
        features = _features(file.schema_arrow)
        labels = [name for name, feature in features.items() if feature.get("_type") == "ClassLabel"]
        if target == "auto" and labels:
            choice = _declared(labels)
        else:
            some = _some_values(file, image)
            choice = columns.choose_target(some, target, path)
        return Form(image, choice.name, _class_names(features.get(choice.name, {})), choice.guesses)


def _declared(labels: list[str]) -> columns.Choice:
    known = [name for name in columns.TARGET_NAMES if name in labels]
    name = (known or labels)[0]
    if len(labels) == 1:
        return columns.Choice(name)
    other = next(one for one in labels if one != name)
    guess = Guess(
        what=f"the target is the column {name!r}", why="the file declares it as classes", flag=f"--target {other}"
    )
    return columns.Choice(name, (guess,))


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """Return what Hugging Face's metadata says of each column; nothing where there is none."""
    try:
        document = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = document["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {name: one for name, one in features.items() if isinstance(one, dict)} if isinstance(features, dict) else {}


def _class_names(feature: Mapping[str, Any]) -> tuple[str, ...] | None:
    names = feature.get("names")
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names, key=int)]
    return tuple(str(name) for name in names) if isinstance(names, list) and names else None


def _image_column(file: pq.ParquetFile, path: Path) -> str | None:
    """Return the column of pictures: declared so, a struct with bytes, picture bytes, or paths of pictures."""
    import pyarrow as pa

    schema = file.schema_arrow
    for name, feature in _features(schema).items():
        if feature.get("_type") == "Image" and name in schema.names:
            return name
    for field in schema:
        if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0:
            return str(field.name)
    for field in schema:
        binary = pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)
        text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        if (binary or text) and any(map(_is_picture, _first_values(file, field.name, path))):
            return str(field.name)
    return None


def _is_picture(value: bytes | str | None) -> bool:
    if isinstance(value, str):
        return Path(value).suffix.lower() in formats.SUFFIXES
    try:
        return value is not None and bool(formats.sniff(value[: formats.HEAD_BYTES]))
    except UnreadableError:
        return False


def _first_values(file: pq.ParquetFile, name: str, path: Path) -> list[Any]:
    import pyarrow as pa

    try:
        batch = next(file.iter_batches(_LOOKED_AT_ROWS, columns=[name]), None)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    return [] if batch is None else batch.column(0).to_pylist()


def _some_values(file: pq.ParquetFile, image: str) -> dict[str, list[Any]]:
    import pyarrow as pa

    wanted = [field.name for field in file.schema_arrow if field.name != image and not pa.types.is_nested(field.type)]
    batch = next(file.iter_batches(10 * _LOOKED_AT_ROWS, columns=wanted), None)
    return {name: [] if batch is None else batch.column(name).to_pylist() for name in wanted}


def _column(path: Path, name: str) -> list[Any]:
    import pyarrow as pa

    with _opened(path) as file:
        if name not in file.schema_arrow.names:
            raise DataError(f"has no column {name!r}", fix="all files need the same columns", path=path)
        try:
            values: list[Any] = file.read(columns=[name]).column(0).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        return values
