"""Labelled series of the UCR and UEA archives: ``NAME_TRAIN.tsv`` and ``NAME_TEST.tsv``, or ``.ts`` files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError, printable
from gnomon.core.spec import Dataset, Guess, Label, Match, Series, Spec, Split
from gnomon.data import columns, pictures, ragged, textfile
from gnomon.data.reading import Reading

TARGET = "label"
MAX_STEPS = 10_000

_SPLITS = {"train": "train", "test": "test", "valid": "valid", "val": "valid"}
_ORDER = ("train", "valid", "test", "all")
_NAMED = re.compile(r"(.+)_(train|test|valid|val)", re.IGNORECASE)
_SUFFIXES = (".ts", ".tsv", ".txt")
_HEAD_BYTES = 1 << 16
_LEAST_NUMBERS = 5
_ABSENT = frozenset({"", "?", "nan", "na"})

Floats = npt.NDArray[np.float64]
Measured = list[list[Floats]]
"""For each sample its channels, each an array ``(time,)`` with NaN for what is missing."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


@dataclass(frozen=True)
class _File:
    """What one file holds: samples, their labels as text, and their ids."""

    split: str
    samples: Measured
    labels: list[str]
    ids: list[str]


def sniff(path: Path) -> Match | None:
    """Claim ``.ts`` files with the header of the archive, and tab-separated rows of a label and numbers named so."""
    for file in _files(path):
        head = textfile.head(file, _HEAD_BYTES)
        if not textfile.looks_like_text(head):
            continue
        lines = head.decode("utf-8", "replace").splitlines()
        if file.suffix.lower() == ".ts" and any(line.lower().startswith("@problemname") for line in lines[:200]):
            return Match(confidence=0.95, why=f"{printable(file.name)} has the header of the UEA archive's .ts files")
        if file.suffix.lower() != ".ts" and _is_row(lines[0] if lines else ""):
            return Match(
                confidence=0.9,
                why=f"{printable(file.name)} is named as in the UCR archive and has a label and numbers in each row",
            )
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read series and labels; series of several lengths are stretched to one, which is told.

    Raises ``DataError`` with the line where a file is not as the archive writes it.
    """
    if config.target not in ("auto", TARGET):
        raise pictures.unknown_target(config.target, (TARGET,), path)
    found = []
    for file in _files(path):
        if reading.should_stop():
            raise StoppedError("stopped while reading the series", fix="give the same command again")
        found.append(_read_file(file, "all" if path.is_file() else _split_of(file)))
    if not found:
        raise DataError(
            "holds no files such as NAME_TRAIN.tsv or NAME_TRAIN.ts", fix="give a folder that does", path=path
        )
    return _dataset(path, sorted(found, key=lambda file: _ORDER.index(file.split)))


def _files(path: Path) -> list[Path]:
    """Return the file itself, or one file for each split of the folder, of the best kind that it has."""
    if path.is_file():
        fits = path.suffix.lower() == ".ts" or (path.suffix.lower() in _SUFFIXES and _NAMED.fullmatch(path.stem))
        return [path] if fits else []
    if not path.is_dir():
        return []
    named = [file for file in sorted(path.iterdir()) if _NAMED.fullmatch(file.stem) and file.is_file()]
    for suffix in _SUFFIXES:
        fitting = [file for file in named if file.suffix.lower() == suffix]
        splits = [_split_of(file) for file in fitting]
        if "train" in splits and len(set(splits)) == len(splits):
            return fitting
    return []


def _split_of(file: Path) -> str:
    match = _NAMED.fullmatch(file.stem)
    return _SPLITS[match[2].lower()] if match else "all"


def _is_row(line: str) -> bool:
    """Return whether a line is a label and numbers."""
    fields = line.split("\t") if "\t" in line else line.split()
    try:
        numbers = [float(field) for field in fields[1:] if field.strip().lower() not in _ABSENT]
    except ValueError:
        return False
    return len(numbers) >= _LEAST_NUMBERS


def _read_file(file: Path, split: str) -> _File:
    text = textfile.decode(textfile.content(file), "auto", file).text
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    samples, labels = (_read_ts if file.suffix.lower() == ".ts" else _read_rows)(file, lines)
    if not samples:
        raise DataError("holds no series", fix="give a file with a series in each line", path=file)
    return _File(split, samples, labels, [f"{file.name}#{i}" for i in range(len(samples))])


def _read_rows(file: Path, lines: Sequence[tuple[int, str]]) -> tuple[Measured, list[str]]:
    """Return rows of a label and numbers; numbers that are missing at the end are no part of a series."""
    samples, labels = [], []
    for number, line in lines:
        fields = line.split("\t") if "\t" in line else line.split()
        values = _numbers(fields[1:], file, number)
        samples.append([values[: _length(values)]])
        labels.append(fields[0])
    return samples, labels


def _read_ts(file: Path, lines: Sequence[tuple[int, str]]) -> tuple[Measured, list[str]]:
    """Return samples whose channels are separated by colons, the label last."""
    header, begin = _ts_header(file, lines)
    if header.get("@timestamps") == "true":
        raise DataError("has time stamps inside its series", fix="give a file with @timeStamps false", path=file)
    if not header.get("@classlabel", "").startswith("true"):
        raise DataError("has no class labels", fix="give a file with a line such as @classLabel true 0 1", path=file)
    samples: Measured = []
    labels: list[str] = []
    for number, line in lines[begin:]:
        if line.lstrip().startswith("#"):
            continue
        *channels, label = line.strip().split(":")
        if not channels or (samples and len(channels) != len(samples[0])):
            what = f"has {len(channels)} channels, not {len(samples[0]) if samples else 'one or more'}"
            raise DataError(what, fix="mend the line", path=file, line=number)
        samples.append([_numbers(channel.split(","), file, number) for channel in channels])
        labels.append(label.strip())
    return samples, labels


def _ts_header(file: Path, lines: Sequence[tuple[int, str]]) -> tuple[dict[str, str], int]:
    """Return the words that begin with @ with what they say, lower case, and at which line the data begins."""
    header: dict[str, str] = {}
    for place, (_, line) in enumerate(lines):
        word, _, rest = line.strip().partition(" ")
        if word.lower() == "@data":
            return header, place + 1
        if word.startswith("@"):
            header[word.lower()] = rest.strip().lower()
    raise DataError("has no line @data", fix="give a .ts file of the archive", path=file)


def _numbers(fields: Sequence[str], file: Path, line: int) -> Floats:
    try:
        values = np.array(
            [np.nan if field.strip().lower() in _ABSENT else float(field) for field in fields], np.float64
        )
    except ValueError as error:
        raise DataError(
            f"holds something else than a number: {error}", fix="mend the line", path=file, line=line
        ) from error
    if np.isinf(values).any() or not np.isfinite(values).any():
        what = "has an infinite number" if np.isinf(values).any() else "has no number"
        raise DataError(what, fix="mend the line", path=file, line=line)
    return values


def _length(values: Floats) -> int:
    return int(np.flatnonzero(np.isfinite(values))[-1]) + 1


def _dataset(path: Path, files: Sequence[_File]) -> Dataset:
    num_channels = {len(file.samples[0]) for file in files}
    if len(num_channels) > 1:
        raise DataError("the splits have different numbers of channels", fix="give files of one data set", path=path)
    count = num_channels.pop()
    lengths = [len(channel) for file in files for sample in file.samples for channel in sample]
    length = min(max(lengths), MAX_STEPS)
    classes, indices = columns.encode([label for file in files for label in file.labels], path)
    if (indices == columns.MISSING).any():
        raise DataError("a series has no label", fix="give every series a label", path=path)
    splits, start = {}, 0
    for file in files:
        splits[file.split] = _split(file, indices[start : start + len(file.labels)], length)
        start += len(file.labels)
    names = ("value",) if count == 1 else tuple(f"channel {c + 1}" for c in range(count))
    return Dataset(
        name=path.resolve().stem.removesuffix("_TRAIN"),
        source=str(path),
        reader="ucr",
        spec=Spec(input=Series(names=names, length=length), target=Label(classes=classes)),
        splits=splits,
        fingerprint=_fingerprint(splits, classes),
        guesses=_guesses(lengths, length),
        facts={"repaired": _repaired(files)},
    )


def _split(file: _File, targets: npt.NDArray[np.int64], length: int) -> Split:
    made = np.stack([np.stack([_stretched(channel, length) for channel in sample], axis=1) for sample in file.samples])
    inputs = made.astype(np.float32)
    inputs.setflags(write=False)
    ids = np.array(file.ids, dtype=object)
    return Split(inputs=inputs, targets=targets, ids=ids, hashes=ragged.digests(row.tobytes() for row in inputs))


def _stretched(values: Floats, length: int) -> Floats:
    """Return values at ``length`` places evenly spread from the first to the last, on straight lines between them."""
    known = np.flatnonzero(np.isfinite(values))
    if len(values) == length and len(known) == length:
        return values
    return np.interp(np.linspace(0, len(values) - 1, length), known, values[known])


def _guesses(lengths: Sequence[int], length: int) -> tuple[Guess, ...]:
    if min(lengths) == max(lengths) == length:
        return ()
    return (
        Guess(
            what=f"all series are stretched to {length:,} steps",
            why=f"they have {min(lengths):,} to {max(lengths):,} steps, and a network takes one length",
            flag="give series of one length for another choice",
        ),
    )


def _repaired(files: Sequence[_File]) -> list[str]:
    holes = sum(bool(np.isnan(channel).any()) for file in files for sample in file.samples for channel in sample)
    return [f"missing values in {holes:,} series filled with straight lines"] if holes else []


def _fingerprint(splits: dict[str, Split], classes: Sequence[str]) -> str:
    digest = hashlib.blake2b(repr((list(splits), tuple(classes))).encode(), digest_size=16)
    for split in splits.values():
        digest.update(split.hashes.tobytes())
        digest.update(np.ascontiguousarray(split.targets).tobytes())
    return digest.hexdigest()
