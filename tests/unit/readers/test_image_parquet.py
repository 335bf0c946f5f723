"""Parquet files with pictures, as Hugging Face writes them and otherwise."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import image_parquet

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(shade):
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), shade, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def write(path, columns, *, names=None, label="label", row_group_size=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if names:
        features = {"image": {"_type": "Image"}, label: {"names": names, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=row_group_size)
    return path


def structs(*shades):
    return pa.array([{"bytes": png(shade), "path": None} for shade in shades], STRUCT)


@pytest.fixture
def read(tmp_path):
    def run(path, **settings):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)
        return image_parquet.read(path, DataConfig(path=str(path), **settings), reading)

    return run


def shades(split):
    return split.inputs[:, 0, 0, 0].tolist()


def test_structs_with_declared_class_names(tmp_path, read):
    path = write(tmp_path / "d" / "pets.parquet", {"image": structs(1, 2, 3), "label": [1, 0, 1]}, names=["dog", "cat"])
    found = read(path)
    assert found.spec.target.classes == ("dog", "cat")
    assert found.splits["all"].targets.tolist() == [1, 0, 1]
    assert shades(found.splits["all"]) == [1, 2, 3]
    assert found.splits["all"].ids[2] == "pets.parquet#2"
    assert found.guesses == ()
    assert found.name == "pets"


@pytest.mark.parametrize(
    "names",
    [
        ["train.parquet", "test.parquet"],
        ["data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"],
        ["train/0000.parquet", "test/0000.parquet"],
    ],
)
def test_file_and_folder_names_say_splits(tmp_path, read, names):
    for i, name in enumerate(names):
        write(tmp_path / "d" / name, {"image": structs(i, 10 + i), "label": [0, 1]}, names=["a", "b"])
    found = read(tmp_path / "d")
    assert shades(found.splits["train"]) == [0, 10]
    assert shades(found.splits["test"]) == [1, 11]


def test_several_files_of_a_split_follow_each_other(tmp_path, read):
    for i in range(3):
        write(tmp_path / "d" / f"train-0000{i}-of-00003.parquet", {"image": structs(i, 10 + i), "label": [i, 2 - i]})
    found = read(tmp_path / "d")
    assert shades(found.splits["train"]) == [0, 10, 1, 11, 2, 12]
    assert found.splits["train"].targets.tolist() == [0, 2, 1, 1, 2, 0]
    assert found.splits["train"].ids[3] == "train-00001-of-00003.parquet#1"


def test_text_labels_are_sorted(tmp_path, read):
    found = read(write(tmp_path / "a.parquet", {"image": structs(1, 2), "label": ["dog", "cat"]}))
    assert found.spec.target.classes == ("cat", "dog")
    assert found.splits["all"].targets.tolist() == [1, 0]


def test_bare_picture_bytes_are_found_by_content(tmp_path, read):
    columns = {"note": [b"a", b"b"], "picture": [png(1), png(2)], "kind": ["x", "y"]}
    found = read(write(tmp_path / "a.parquet", columns))
    assert shades(found.splits["all"]) == [1, 2]
    assert found.spec.target.classes == ("x", "y")


def test_a_column_of_paths_starts_from_the_file(tmp_path, read):
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(png(i))
    path = write(tmp_path / "a.parquet", {"file": ["0.png", "1.png"], "label": ["x", "y"]})
    assert image_parquet.sniff(path) is not None
    assert shades(read(path).splits["all"]) == [0, 1]


def test_structs_may_hold_paths_instead_of_bytes(tmp_path, read):
    (tmp_path / "0.png").write_bytes(png(5))
    image = pa.array([{"bytes": None, "path": "0.png"}, {"bytes": png(6), "path": "gone.png"}], STRUCT)
    assert shades(read(write(tmp_path / "a.parquet", {"image": image, "label": [0, 1]})).splits["all"]) == [5, 6]


def test_the_target_may_be_named_and_a_wrong_name_is_refused(tmp_path, read):
    columns = {"image": structs(1, 2), "label": [0, 1], "colour": ["red", "blue"]}
    path = write(tmp_path / "a.parquet", columns)
    assert read(path, target="colour").spec.target.classes == ("blue", "red")
    with pytest.raises(UsageError, match="there is no target 'color'") as error:
        read(path, target="color")
    assert "did you mean 'colour'?" in error.value.fix


def test_of_two_declared_labels_the_better_known_is_guessed(tmp_path, read):
    features = {name: {"names": ["a", "b"], "_type": "ClassLabel"} for name in ("coarse_label", "fine_label")}
    table = pa.table({"img": structs(1, 2), "coarse_label": [0, 1], "fine_label": [1, 0]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found.splits["all"].targets.tolist() == [1, 0]
    assert found.guesses[0].flag == "--target coarse_label"


def test_missing_labels_and_pictures_are_skipped_with_reasons(tmp_path, read):
    image = pa.array([{"bytes": png(1), "path": None}, None, {"bytes": png(3), "path": None}, *structs(4, 5)], STRUCT)
    columns = {"image": image, "label": [0, 1, None, -1, 1]}
    found = read(write(tmp_path / "a.parquet", columns, names=["x", "y"]), max_bad=0.9)
    assert {one.id: one.reason for one in found.skipped} == {
        "a.parquet#1": "has no picture",
        "a.parquet#2": "has no label",
        "a.parquet#3": "has no label",
    }
    assert shades(found.splits["all"]) == [1, 5]
    assert found.splits["all"].ids[1] == "a.parquet#4"


def test_an_unlabelled_test_split_is_left_out_and_said(tmp_path, read):
    write(tmp_path / "d" / "train.parquet", {"image": structs(1, 2), "label": [0, 1]}, names=["a", "b"])
    write(tmp_path / "d" / "test.parquet", {"image": structs(3), "label": [-1]}, names=["a", "b"])
    found = read(tmp_path / "d")
    assert list(found.splits) == ["train"]
    assert found.skipped == ()
    assert any(guess.what == "the split test is not used" for guess in found.guesses)


def test_a_file_that_no_split_claims_is_left_out_and_said(tmp_path, read):
    for name in ("train", "extra"):
        write(tmp_path / "d" / f"{name}.parquet", {"image": structs(1, 2), "label": [0, 1]})
    assert any(guess.what == "extra.parquet is not used" for guess in read(tmp_path / "d").guesses)


def test_a_damaged_file_is_named(tmp_path, read):
    path = write(tmp_path / "a.parquet", {"image": structs(1, 2), "label": [0, 1]})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="not a whole Parquet file"):
        read(path)
    assert image_parquet.sniff(path) is None


def test_damaged_pages_are_named(tmp_path, read):
    path = write(tmp_path / "a.parquet", {"image": structs(*range(50)), "label": [0, 1] * 25})
    data = path.read_bytes()
    path.write_bytes(data[:20] + b"\xff" * 400 + data[420:])
    with pytest.raises(DataError, match=r"not a whole Parquet file|can be read|cannot be used"):
        read(path)


def test_a_table_without_pictures_is_not_claimed(tmp_path, read):
    path = write(tmp_path / "a.parquet", {"age": [1, 2], "label": ["x", "y"]})
    assert image_parquet.sniff(path) is None
    with pytest.raises(DataError, match=r"has no column of pictures \(columns: age, label\)"):
        read(path)


def test_many_row_groups_are_read_in_order(tmp_path, read):
    path = write(tmp_path / "a.parquet", {"image": structs(*range(40)), "label": [0, 1] * 20}, row_group_size=7)
    assert shades(read(path).splits["all"]) == list(range(40))


def test_cifar_10_itself_opens_from_the_cache_without_the_library(tmp_path, read):
    if "GNOMON_DATA" not in os.environ or not Path(os.environ["GNOMON_DATA"], "cifar10", "test.parquet").is_file():
        pytest.skip("needs GNOMON_DATA with cifar10")
    path = Path(os.environ["GNOMON_DATA"], "cifar10", "test.parquet")
    found = read(path)
    assert len(found.splits["all"]) == 10000
    assert np.bincount(found.splits["all"].targets).tolist() == [1000] * 10
    assert found.spec.target.classes[3] == "cat"
