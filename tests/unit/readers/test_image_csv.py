"""Tables that list pictures."""

import numpy as np
import pytest
from PIL import Image

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import image_csv


def draw(path, shade):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8), shade, np.uint8)).save(path, "PNG")


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "birds"
    for i in range(6):
        draw(folder / "images" / f"{i}.png", i)
    return folder


@pytest.fixture
def read(tmp_path):
    def run(path, **settings):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)
        return image_csv.read(path, DataConfig(path=str(path), **settings), reading)

    return run


def table(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def shades(split):
    return split.inputs[:, 0, 0, 0].tolist()


def test_columns_are_found_and_said(root, read):
    path = table(root / "list.csv", "path,label", "images/2.png,owl", "images/0.png,finch")
    found = read(path)
    assert shades(found.splits["all"]) == [2, 0]
    assert found.spec.target.classes == ("finch", "owl")
    assert found.splits["all"].targets.tolist() == [1, 0]
    assert found.splits["all"].ids[0] == "images/2.png"
    assert [guess.what for guess in found.guesses] == [
        "pictures are named by the column 'path'",
        "the target is the column 'label'",
    ]


@pytest.mark.parametrize("value", ["{}.png", "images/{}.png", "images\\{}.png", "{}", "./images/{}.png"])
def test_paths_may_start_in_an_inner_folder_and_lack_their_ending(root, read, value):
    path = table(root / "list.csv", "id,species", *(f"{value.format(i)},{'ab'[i % 2]}" for i in range(6)))
    assert image_csv.sniff(path) is not None
    assert shades(read(path).splits["all"]) == list(range(6))


def test_tabs_and_another_target(root, read):
    path = table(root / "list.tsv", "file\tlabel\tsex", "images/0.png\ta\tm", "images/1.png\tb\tf")
    assert read(path, target="sex").spec.target.classes == ("f", "m")
    with pytest.raises(UsageError, match="there is no target 'sexe'"):
        read(path, target="sexe")


def test_a_table_without_a_header_is_read(root, read):
    path = table(root / "list.csv", *(f"images/{i}.png,{'ab'[i % 2]}" for i in range(6)))
    found = read(path)
    assert shades(found.splits["all"]) == list(range(6))
    assert found.spec.target.classes == ("a", "b")


def test_a_split_column_is_used_and_said(root, read):
    rows = [f"images/{i}.png,{'ab'[i % 2]},{split}" for i, split in enumerate(["train"] * 3 + ["Val", "test", "train"])]
    found = read(table(root / "list.csv", "path,label,data set", *rows))
    assert {name: shades(split) for name, split in found.splits.items()} == {
        "train": [0, 1, 2, 5],
        "valid": [3],
        "test": [4],
    }
    assert any("'data set' says the split" in guess.what for guess in found.guesses)


def test_a_folder_of_tables_whose_names_say_splits(root, read):
    table(root / "birds_train.csv", "path,label", "images/0.png,a", "images/1.png,b")
    table(root / "birds_test.csv", "path,label", "images/2.png,b")
    table(root / "sample_submission.csv", "path,label", "images/2.png,b")
    found = read(root)
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 2, "test": 1}


def test_a_test_table_without_labels_is_left_out_and_said(root, read):
    table(root / "train.csv", "path,label", "images/0.png,a", "images/1.png,b")
    table(root / "test.csv", "path", "images/2.png", "images/3.png")
    found = read(root)
    assert list(found.splits) == ["train"]
    assert any(guess.what == "test.csv is not used" for guess in found.guesses)


def test_several_tables_without_splits_are_refused_by_name(root, read):
    for name in ("one", "two"):
        table(root / f"{name}.csv", "path,label", "images/0.png,a", "images/1.png,b")
    with pytest.raises(DataError, match=r"holds 2 tables of pictures: one\.csv, two\.csv"):
        read(root)


def test_missing_pictures_labels_and_ragged_rows_are_skipped_with_reasons(root, read):
    path = table(
        root / "list.csv",
        "path,label",
        *(f"images/{i}.png,{'ab'[i % 2]}" for i in range(5)),
        "images/gone.png,a",
        "images/5.png,",
        "images/5.png,a,b",
    )
    found = read(path, max_bad=0.5)
    assert {one.id: one.reason for one in found.skipped} == {
        "images/gone.png": "cannot be read: No such file or directory",
        "images/5.png": "has no label",
        "list.csv:9": "has another number of fields than the header",
    }


def test_paths_to_devices_and_folders_are_skipped(root, read):
    good = [f"images/{i}.png,{'ab'[i % 2]}" for i in range(6)]
    path = table(root / "list.csv", "path,label", *good, "/dev/zero,a", "images,b")
    found = read(path, max_bad=0.5)
    assert {one.id: one.reason for one in found.skipped} == {
        "/dev/zero": "is a device, not a file",
        "images": "is a folder, not a file",
    }


def test_a_changed_picture_is_read_again(root, read):
    path = table(root / "list.csv", "path,label", "images/0.png,a", "images/1.png,b")
    before = read(path).fingerprint
    (root / "images" / "0.png").unlink()
    Image.fromarray(np.full((8, 8, 3), 99, np.uint8)).save(root / "images" / "0.png")
    assert read(path).fingerprint != before


def test_a_table_without_pictures_is_not_claimed_and_refused_with_an_example(root, read):
    path = table(root / "list.csv", "age,label", "91,a", "92,b")
    assert image_csv.sniff(path) is None
    with pytest.raises(DataError) as error:
        read(path)
    assert "images/1.jpg,cat" in error.value.fix


def test_sniffing_says_why(root):
    path = table(root / "list.csv", "path,label", "images/0.png,a")
    assert image_csv.sniff(path).why == "the column 'path' of list.csv has paths of pictures"
    assert image_csv.sniff(root).confidence == 0.85
    assert image_csv.sniff(root / "images") is None
