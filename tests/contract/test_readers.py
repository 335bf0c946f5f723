"""Every reader against one suite: what splits, audit, the loop and the report rely on."""

import gzip
import io
import struct
from dataclasses import is_dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from small_sounds import wav

from gnomon.core import plugins
from gnomon.core.config import DataConfig
from gnomon.core.errors import StoppedError, UsageError
from gnomon.core.events import Worked, silent
from gnomon.core.spec import Audio, Dataset, Label, Match, NodeLabels, Number, Series, Table, Tags, Text, Trees
from gnomon.core.spec import Image as Pictures
from gnomon.data.reading import Reading

READERS = plugins.names("reader")
SHADES = range(12)


def png(shade):
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), shade, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def folder(root):
    for shade in SHADES:
        path = root / "set" / f"class {shade % 2}" / f"{shade}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(shade))
    return root / "set"


def parquet(root):
    table = pa.table({"image": [png(shade) for shade in SHADES], "label": [shade % 2 for shade in SHADES]})
    pq.write_table(table, root / "set.parquet")
    return root / "set.parquet"


def csv(root):
    folder(root)
    lines = [f"set/class {shade % 2}/{shade}.png,{shade % 2}" for shade in SHADES]
    (root / "set.csv").write_text("\n".join(["path,label", *lines]))
    return root / "set.csv"


def idx(root):
    pictures = b"".join(bytes([shade]) * 64 for shade in SHADES)
    (root / "x-images-idx3-ubyte.gz").write_bytes(
        gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 12, 8, 8) + pictures)
    )
    (root / "x-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + struct.pack(">I", 12) + bytes(s % 2 for s in SHADES))
    return root


def cifar(root):
    for i in range(1, 6):
        record = [bytes([shade % 2]) + bytes([shade]) * 3072 for shade in SHADES]
        (root / f"data_batch_{i}.bin").write_bytes(b"".join(record))
    (root / "test_batch.bin").write_bytes(bytes(3073))
    (root / "batches.meta.txt").write_text("even\nodd\n")
    return root


def reviews(root):
    for shade in SHADES:
        path = root / "set" / f"class {shade % 2}" / f"{shade}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"a review with the number {shade}\n")
    return root / "set"


def review_table(root):
    lines = [f"a review with the number {shade},{shade % 2}" for shade in SHADES]
    (root / "set.csv").write_text("\n".join(["text,label", *lines]))
    return root / "set.csv"


def questions(root):
    lines = [f"__label__{shade % 2} a question with the number {shade}" for shade in SHADES]
    (root / "train.txt").write_text("\n".join([*lines, ""]))
    return root / "train.txt"


def book(root):
    (root / "book.txt").write_text("It was a bright cold day in April.\n" * 12)
    return root / "book.txt"


def treebank(root):
    words = [f"{i}\tword{shade}{i}\t_\t{'NV'[i % 2]}\t_\t_\t0\t_\t_\t_" for shade in SHADES for i in (1, 2)]
    (root / "set.conllu").write_text("".join(f"{a}\n{b}\n\n" for a, b in zip(words[::2], words[1::2], strict=True)))
    return root / "set.conllu"


def measurements(root):
    rows = [f"2024-01-{day:02d},{day % 7}.5,{day * day}" for day in range(1, 29)]
    (root / "set.csv").write_text("\n".join(["date,load,heat", *rows]))
    return root / "set.csv"


def archive(root):
    rows = ["\t".join(map(str, (shade % 2, *(shade + step % 3 for step in range(9))))) for shade in SHADES]
    for split in ("TRAIN", "TEST"):
        (root / f"Set_{split}.tsv").write_text("\n".join([*rows, ""]))
    return root


def recordings(root):
    for shade in SHADES:
        path = root / "set" / f"class {shade % 2}" / f"{shade}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(np.array([shade, *range(900, 1000)], np.int16)))
    return root / "set"


def sentiment(root):
    lines = [f"({shade % 2} ({(shade + 1) % 2} word{shade}) ({shade % 2} so))" for shade in SHADES]
    (root / "set.txt").write_text("\n".join([*lines, ""]))
    return root / "set.txt"


def expressions(root):
    lines = [f"{shade % 2}\t[MAX {shade} [MIN {shade} {shade + 1} ] ]" for shade in SHADES]
    (root / "set.tsv").write_text("\n".join(["label\texpression", *lines]))
    return root / "set.tsv"


def json_trees(root):
    line = '{{"tree": {{"value": "x", "children": ["{0}", "y"]}}, "label": {1}}}'
    (root / "set.jsonl").write_text("\n".join(line.format(shade, shade % 2) for shade in SHADES))
    return root / "set.jsonl"


def programs(root):
    for shade in SHADES:
        path = root / "set" / f"class {shade % 2}" / f"{shade}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"x = {shade}\n")
    return root / "set"


def houses(root):
    rows = [f"{shade * 12.5},{'red' if shade % 3 else 'blue'},{shade % 2}" for shade in SHADES]
    (root / "set.csv").write_text("\n".join(["size,colour,target", *rows]))
    return root / "set.csv"


MADE = {
    "audio": recordings,
    "tree_brackets": sentiment,
    "tree_table": expressions,
    "tree_json": json_trees,
    "code_folder": programs,
    "python_ast": lambda root: Path("python-ast"),
    "tables": houses,
    "builtin_tables": lambda root: Path("wine"),
    "ucr": archive,
    "text_folder": reviews,
    "text_table": review_table,
    "labelled_lines": questions,
    "text_file": book,
    "tagged_text": treebank,
    "stdlib_code": lambda root: Path("stdlib-code"),
    "series_table": measurements,
    "image_folder": folder,
    "image_parquet": parquet,
    "image_csv": csv,
    "idx": idx,
    "cifar_binary": cifar,
    "digits": lambda root: Path("digits"),
}


def test_every_reader_has_an_example_here():
    assert set(READERS) == set(MADE)


@pytest.fixture
def sample(tmp_path):
    return tmp_path / "sample"


@pytest.fixture(autouse=True)
def library(tmp_path, monkeypatch):
    """A standard library of two modules."""
    root = tmp_path / "python3"
    root.mkdir()
    for name in ("abc", "bisect"):
        functions = "".join(f"def f{i}(x):\n    return x {'+-'[i % 2]} {i}\n" for i in range(4))
        (root / f"{name}.py").write_text(f"import {name}\n" * 9 + functions)
    monkeypatch.setattr("gnomon.readers.stdlib_code.sysconfig.get_path", {"stdlib": str(root)}.get)


@pytest.fixture(params=READERS)
def given(request, sample, monkeypatch):
    """The reader's module, and data for it."""
    sample.mkdir()
    monkeypatch.chdir(sample)
    return plugins.load("reader", request.param), MADE[request.param](sample)


@pytest.fixture(params=[name for name in READERS if name.startswith(("image", "cifar", "idx", "digits"))])
def pictured(request, sample, monkeypatch):
    """A reader of pictures, and data for it."""
    sample.mkdir()
    monkeypatch.chdir(sample)
    return plugins.load("reader", request.param), MADE[request.param](sample)


def read(given, tmp_path, *, emit=silent, should_stop=lambda: False, **settings):
    module, path = given
    reading = Reading(cache_dir=tmp_path / "cache", emit=emit, should_stop=should_stop)
    return module.read(path, DataConfig(path=str(path), **settings), reading)


def test_it_claims_its_own_data_with_a_reason(given):
    module, path = given
    match = module.sniff(path)
    assert isinstance(match, Match)
    assert 0 < match.confidence <= 1
    assert match.why
    assert is_dataclass(module.Config)
    assert module.Config() == module.Config()


def test_no_other_reader_claims_it_more_surely(given):
    module, path = given
    claims = {name: plugins.load("reader", name).sniff(path) for name in READERS}
    surest = max((match.confidence, name) for name, match in claims.items() if match)
    assert surest[1] == module.__name__.rpartition(".")[2]


@pytest.mark.parametrize("content", [None, b"", b"\0" * 100, b"hello\n", bytes(range(200, 255)) * 5])
@pytest.mark.parametrize(
    "name",
    [
        *("thing", "thing.parquet", "thing.csv", "a-images-idx3-ubyte", "thing.tar.gz", "thing.png"),
        *("thing.txt", "thing.jsonl", "thing.conllu.gz", "thing.zip", "thing.ts", "train.label", "thing.wav"),
    ],
)
def test_sniffing_anything_gives_a_claim_or_none(sample, name, content):
    if content is None:
        (sample / name).mkdir(parents=True)
    else:
        sample.mkdir()
        (sample / name).write_bytes(content)
    for reader in READERS:
        for path in (sample / name, sample, sample / "nothing"):
            match = plugins.load("reader", reader).sniff(path)
            assert match is None or match.why


def pixels_are(split, image):
    pixels = split.inputs[np.arange(len(split))]
    assert pixels.shape == (len(split), image.height_px, image.width_px, image.channels)
    assert pixels.dtype == np.uint8
    return [row.tobytes() for row in pixels]


def texts_are(split, text):
    kind = tuple if text.words else str
    assert all(isinstance(one, kind) for one in split.inputs[:])
    assert isinstance(split.inputs[0], kind)
    assert split.inputs[np.array([0])] == [split.inputs[0]]
    return split.inputs[:]


def rows_are(split, series):
    rows = split.inputs[:]
    assert rows.dtype == np.float32
    assert rows.shape[-1] == len(series.names)
    return [row.tobytes() for row in rows]


def sounds_are(split, audio):
    arrays = split.inputs[:]
    assert all(array.dtype == np.int16 and array.ndim == 1 for array in arrays)
    assert audio.rate_hz > 0
    assert np.array_equal(split.inputs[0], arrays[0])
    return [array.tobytes() for array in arrays]


def trees_are(split, leaf):
    assert leaf.ordered
    for tree in split.inputs[:]:
        assert len(tree.symbols) == len(tree.parents)
        assert (tree.parents[:-1] > np.arange(len(tree) - 1)).all()
        assert tree.parents[-1] == -1
    return split.inputs[:]


def cells_are(split, table):
    rows = [split.inputs[k] for k in range(len(split))]
    assert all(list(row) == [column.name for column in table.columns] for row in rows)
    return [tuple(row.values()) for row in rows]


INPUTS = {
    Audio: sounds_are,
    Trees: trees_are,
    Pictures: pixels_are,
    Text: texts_are,
    Series: rows_are,
    Table: cells_are,
}


def targets_are(split, spec):
    if isinstance(spec.target, Label):
        assert split.targets.dtype == np.int64
        assert 0 <= split.targets.min() <= split.targets.max() < len(spec.target.classes)
    elif isinstance(spec.target, NodeLabels):
        for tree, classes in zip(split.inputs[:], split.targets[:], strict=True):
            assert classes.dtype == np.int64
            assert classes.shape == (len(tree),)
            assert -1 <= classes.min() <= classes.max() < len(spec.target.classes)
    elif isinstance(spec.target, Tags):
        for words, tags in zip(split.inputs[:], split.targets[:], strict=True):
            assert tags.dtype == np.int64
            assert tags.shape == (len(words),)
            assert -1 <= tags.min() <= tags.max() < len(spec.target.classes)
    elif isinstance(spec.target, Number):
        assert split.targets.dtype == np.float64
    elif isinstance(spec.target, Text):
        assert split.targets is split.inputs
    else:
        assert isinstance(spec.target, Series)
        assert set(spec.target.names) <= set(spec.input.names)


def test_what_it_reads_holds_together(given, tmp_path):
    found = read(given, tmp_path)
    assert isinstance(found, Dataset)
    assert found.reader == given[0].__name__.rpartition(".")[2]
    assert set(found.splits) in ({"all"}, {"train", "test"}, {"train"})
    names = set()
    for split in found.splits.values():
        assert len(split) == len(split.inputs) == len(split.targets) == len(split.ids) == len(split.hashes) > 0
        contents = INPUTS[type(found.spec.input)](split, found.spec.input)
        targets_are(split, found.spec)
        assert split.hashes.dtype == np.dtype("V16")
        assert len({hash_.tobytes() for hash_ in split.hashes}) == len(set(contents))
        names |= {split.ids[i] for i in range(len(split))}
    assert len(names) == sum(map(len, found.splits.values()))
    classes = getattr(found.spec.target, "classes", ())
    assert len(set(classes)) == len(classes)


def test_label_and_sample_belong_together(given, tmp_path):
    module, _ = given
    found = read(given, tmp_path)
    if not isinstance(found.spec.target, Label):
        pytest.skip("without a label")
    if module.__name__.endswith(("digits", "builtin_tables")):
        from sklearn import datasets

        load = datasets.load_digits if module.__name__.endswith("digits") else datasets.load_wine
        assert found.splits["all"].targets.tolist() == load().target.tolist()
        return
    split = found.splits.get("train", found.splits.get("all"))
    if isinstance(found.spec.input, Trees):
        if module.__name__.endswith("python_ast"):
            pytest.skip("its labels are operators")
        numbers = [int(next(filter(str.isdecimal, tree.symbols))) for tree in split.inputs[:]]
        assert split.targets.tolist() == [number % 2 for number in numbers]
        return
    if isinstance(found.spec.input, Text):
        assert split.targets.tolist() == [int(text.split()[-1]) % 2 for text in split.inputs[:]]
    elif isinstance(found.spec.input, Table):
        assert split.targets.tolist() == [float(row["size"]) / 12.5 % 2 for row in split.inputs[:]]
    else:
        firsts = np.array([np.ravel(one)[0] for one in split.inputs[:]])
        assert (split.targets == firsts % 2).all()


def plain(column):
    return [value.tolist() if isinstance(value, np.ndarray) else value for value in column[:]]


def test_reading_twice_gives_the_same(given, tmp_path):
    first, second = read(given, tmp_path), read(given, tmp_path)
    assert first.fingerprint == second.fingerprint
    assert (first.spec, first.guesses, first.skipped, first.facts) == (
        second.spec,
        second.guesses,
        second.skipped,
        second.facts,
    )
    for name, split in first.splits.items():
        assert plain(split.inputs) == plain(second.splits[name].inputs)
        assert plain(split.targets) == plain(second.splits[name].targets)
        assert list(split.ids[:]) == list(second.splits[name].ids[:])
        assert split.hashes.tobytes() == second.splits[name].hashes.tobytes()


def test_pictures_are_decoded_once(pictured, tmp_path):
    told, again = [], []
    read(pictured, tmp_path, emit=told.append)
    assert any(isinstance(event, Worked) for event in told)
    read(pictured, tmp_path, emit=again.append)
    assert again == []


def test_a_wished_size_is_given(pictured, tmp_path):
    image = read(pictured, tmp_path, size_px=16, fit="pad").spec.input
    assert (image.height_px, image.width_px) == (16, 16)


def test_a_wish_to_stop_is_obeyed(given, tmp_path):
    with pytest.raises(StoppedError):
        read(given, tmp_path, should_stop=lambda: True)


def test_an_unknown_target_is_refused(given, tmp_path):
    with pytest.raises(UsageError, match="there is no target 'nonsense'"):
        read(given, tmp_path, target="nonsense")
