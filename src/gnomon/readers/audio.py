"""Recordings (WAV, FLAC, OGG, MP3) in class folders, or with the class in each name; a folder or an archive of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, UsageError, printable
from gnomon.core.spec import Dataset, Guess, Match, Skipped
from gnomon.data import documents, layout, naming, pictures, soundfiles, sounds
from gnomon.data.listing import File
from gnomon.data.naming import INDEX, LABEL
from gnomon.data.reading import Reading
from gnomon.data.soundfiles import Box, is_recording

CLASS_LEVELS = ("top", "leaf")
"""What ``--target`` may be where folders are classes: the first folder, or the innermost."""
FOLDER = "folder"
"""The name of the group where folders inside a class folder are the groups."""

TREE = """put each class into a folder of its own (splits are optional):
  sounds/train/bell/1.wav   sounds/test/bell/3.wav
  sounds/train/drum/2.wav   sounds/test/drum/4.wav
or say what the names mean: --label-from "{label}_{group}_{index}.wav\""""

_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Config:
    """How recordings are read."""

    rate_hz: int | Auto = "auto"
    """Rate to which recordings are brought; ``auto`` is the commonest one, at most 16,000 Hz."""

    def __post_init__(self) -> None:
        if self.rate_hz != "auto" and not 1000 <= self.rate_hz <= 192_000:
            raise UsageError(f"reader.rate_hz = {self.rate_hz}", fix='allowed: "auto", or 1,000 to 192,000')


@dataclass
class _Sorted:
    """Which split, class and group each file has, and what is said about the rest."""

    files: list[File] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    empty: set[str] = field(default_factory=set)
    """Classes of which there is a folder, but no recording."""

    def add(self, file: File, split: str, label: str, group: str) -> None:
        """Add one file."""
        self.files.append(file)
        self.splits.append(split)
        self.labels.append(label)
        self.groups.append(group)


def sniff(path: Path) -> Match | None:
    """Claim a folder or an archive with recordings in it."""
    files = [file for file in _peeked(path) if is_recording(file)]
    if not files:
        return None
    folders = sorted({printable("/".join(file.folders)) for file in files if file.folders})
    if layout.arrange({file.folders for file in files}, ()) is None:
        return Match(confidence=0.75, why=f"it holds recordings ({printable(files[0].name)}, …)")
    some = ", ".join(folders[:3]) + (", …" if len(folders) > 3 else "")
    return Match(confidence=0.85, why=f"it holds folders with recordings ({some})")


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read recordings with their classes and groups.

    Raises ``DataError`` that draws the expected tree where no classes can be told, ``UsageError`` where a pattern, a
    group or what is to be held out does not fit the data.
    """
    own = reading.settings(Config)
    found = soundfiles.box(path)
    by_name = config.label_from != "auto"
    if config.target not in ("auto", *(() if by_name else CLASS_LEVELS)):
        raise pictures.unknown_target(config.target, () if by_name else CLASS_LEVELS, path)
    made = _by_name(found, config) if by_name else _by_folder(found, config)
    made.skipped += [Skipped(id=name, reason=reason) for name, reason in found.unreadable]
    _hold_out(made, config)
    parts, classes, groups = _parts(made, config)
    source = sounds.Source(
        reader="audio",
        path=path,
        name=path.resolve().name.partition(".")[0],
        key=[str(path.resolve()), config.label_from, config.group, config.held_out, config.target, *_stamps(found)],
        opened=soundfiles.opened(found),
        parts=parts,
        classes=classes,
        group_names=groups,
        guesses=tuple(made.guesses),
        skipped=tuple(made.skipped),
        facts={
            "label_from": config.label_from,
            "held_out": config.held_out,
            "passed_over": found.others,
            "groups": _group_facts(made, config),
        },
    )
    return sounds.dataset(source, own.rate_hz, config, reading)


def _peeked(path: Path) -> list[File]:
    archive = soundfiles.archive_of(path)
    if path.is_dir():
        inside = documents.peek(path)
        if any(map(is_recording, inside)) or archive is None:
            return inside
    return documents.peek(archive) if archive is not None else []


def _stamps(found: Box) -> list[object]:
    if found.root.is_dir():
        return [found.folders, *((file.id, file.num_bytes, file.changed_ns) for file in found.files)]
    status = found.root.stat()
    return [status.st_size, status.st_mtime_ns]


def _by_name(found: Box, config: DataConfig) -> _Sorted:
    """Return what the names of the files say."""
    wanted = naming.pattern(config.label_from)
    group = _group_field(wanted, config)
    made, splits = _Sorted(), _splits_of(found.files)
    for file in found.files:
        fields = wanted.match((*file.folders, file.name))
        if fields is None:
            made.skipped.append(Skipped(id=file.id, reason=f"its name is not built like {wanted.text}"))
            continue
        label = layout.class_name(fields[LABEL])
        made.add(file, splits.get(file.folders, "all"), label, fields[group] if group else "")
    if len(set(made.labels)) < 2:
        examples = ", ".join(printable(file.name) for file in found.files[:3]) or "none"
        raise DataError(
            f"{wanted.text} finds {len(set(made.labels))} classes in {len(found.files):,} names ({examples})",
            fix='say what the parts of the names are, as in --label-from "{label}_{group}_{index}.wav"',
            path=found.root,
        )
    if not group and wanted.groups:
        _tell_groups(made, found, wanted, wanted.groups[0])
    return made


def _tell_groups(made: _Sorted, found: Box, wanted: naming.Pattern, name: str) -> None:
    """Say that members of one group will be on both sides, which flatters the scores."""
    members = Counter(
        fields[name] for file in found.files if (fields := wanted.match((*file.folders, file.name))) is not None
    )
    shown = ", ".join(printable(member) for member in sorted(members)[:3]) + (", …" if len(members) > 3 else "")
    made.guesses.append(
        Guess(
            what=f"recordings of each {name} ({len(members)}: {shown}) are in every split",
            why=f"nobody asked for new ones in the test; scores hold for a known {name}",
            flag=f"--group {name}, or --set data.held_out={printable(sorted(members)[0])}",
        )
    )


def _group_field(wanted: naming.Pattern, config: DataConfig) -> str:
    """Return the field that names the group: the one asked for, or the first where something is to be held out."""
    if config.group == "off":
        if config.held_out == "off":
            return ""
        if wanted.groups:
            return wanted.groups[0]
    elif config.group in wanted.groups:
        return config.group
    asked = f"--group {config.group}" if config.group != "off" else f"data.held_out = {config.held_out}"
    have = ", ".join(wanted.groups) or f"only {LABEL} and {INDEX}"
    raise UsageError(f"{asked} does not fit the pattern {wanted.text}", fix=f"fields that name a group: {have}")


def _splits_of(files: Sequence[File]) -> dict[tuple[str, ...], str]:
    """Return the splits that folders say, where they say train and another one."""
    said = {file.folders: layout.split_of(file.folders[-1]) if file.folders else None for file in files}
    kinds = set(said.values())
    if "train" not in kinds or len(kinds - {None}) < 2:
        return {}
    return {folders: split or "" for folders, split in said.items()}


def _by_folder(found: Box, config: DataConfig) -> _Sorted:
    """Return what the folders say: the outer one is the class, one inside it may be the group."""
    holding = {file.folders for file in found.files}
    full = {folders[:depth] for folders in holding for depth in range(len(folders) + 1)}
    arranged = layout.arrange(holding, [folders for folders in found.folders if folders not in full], config.target)
    if arranged is None:
        raise _no_classes(found)
    if config.group not in ("off", FOLDER):
        fix = f"--group {FOLDER} keeps the folders inside a class folder together; names need --label-from"
        raise UsageError(f"there is no group {config.group!r}", fix=fix, path=found.root)
    made, loose = _Sorted(), 0
    wants_group = config.group == FOLDER or config.held_out != "off"
    for file in found.files:
        place = arranged.places.get(file.folders)
        if place is None or not place.label or not place.split:
            loose += 1
            continue
        made.add(file, place.split, place.label, file.folders[-1] if wants_group else "")
    made.empty = {place.label for place in arranged.places.values() if place.label} - set(made.labels)
    if wants_group and not arranged.nested:
        what = "the class folders have no folders of their own that could be groups"
        raise UsageError(what, fix="name the group in the files' names and say so with --label-from", path=found.root)
    made.guesses += _folder_guesses(arranged, config, loose, len(set(made.labels)))
    return made


def _folder_guesses(arranged: layout.Layout, config: DataConfig, loose: int, num_classes: int) -> list[Guess]:
    guesses = [
        Guess(
            what=f"the folder {printable(top)} is not used",
            why=why.replace("pictures", "recordings"),
            flag="--valid PATH or --test PATH, or move it away",
        )
        for top, why in sorted(arranged.passed.items())
    ]
    if arranged.nested and config.target == "auto":
        what = f"the {num_classes} outer folders are the classes, not the folders inside them"
        flag = f"--target leaf, or --group {FOLDER}"
        guesses.append(Guess(what=what, why="class folders have folders of their own", flag=flag))
    if loose:
        what = f"{loose:,} recordings are not used"
        guesses.append(Guess(what=what, why="they lie in no class folder", flag="move them into class folders"))
    return guesses


def _hold_out(made: _Sorted, config: DataConfig) -> None:
    """Make one group the test split, where that is asked for."""
    if config.held_out == "off":
        return
    names = sorted(set(made.groups))
    if config.held_out not in names:
        shown = ", ".join(map(printable, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
        raise UsageError(f"there is no group {config.held_out!r} to hold out", fix=f"there are: {shown}")
    if set(made.splits) != {"all"}:
        raise UsageError("the data has splits of its own", fix="leave data.held_out out")
    if config.group == "off":
        what = f"{printable(config.held_out)} is the test; train and valid share the other {len(names) - 1} groups"
        flag = "--group keeps them apart there too"
        made.guesses.append(Guess(what=what, why="the more of them train, the better; valid flatters", flag=flag))
    made.splits = ["test" if group == config.held_out else "train" for group in made.groups]


def _parts(made: _Sorted, config: DataConfig) -> tuple[list[sounds.Part], tuple[str, ...], tuple[str, ...]]:
    classes = tuple(sorted({*made.labels, *made.empty}))
    index = {name: place for place, name in enumerate(classes)}
    names = tuple(sorted(set(made.groups)))
    number = {name: place for place, name in enumerate(names)}
    parts = []
    for split in sounds.SPLITS:
        rows = [row for row, said in enumerate(made.splits) if said == split]
        if rows:
            groups = np.array([number[made.groups[row]] for row in rows], np.int64)
            parts.append(
                sounds.Part(
                    split=split,
                    files=[made.files[row] for row in rows],
                    targets=np.array([index[made.labels[row]] for row in rows], np.int64),
                    groups=groups if config.group != "off" else None,
                )
            )
    return parts, classes, names if config.group != "off" else ()


def _group_facts(made: _Sorted, config: DataConfig) -> dict[str, int]:
    """Return how many recordings each group has, of the largest ones, where groups matter."""
    return dict(Counter(made.groups).most_common(20)) if any(made.groups) else {}


def _no_classes(found: Box) -> DataError:
    what = f"its {len(found.files):,} recordings lie in fewer than two class folders, so their classes are unknown"
    if not found.files:
        what = "holds no recordings"
    elif len(found.files) > 1:
        what += f" ({', '.join(printable(file.name) for file in found.files[:3])}, …)"
    return DataError(what, fix=TREE, path=found.root)
