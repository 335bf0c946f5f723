"""Names of folders and files that say splits and classes."""

import unicodedata

import pytest

from gnomon.data.layout import arrange, arrange_unlabelled, class_name, split_of


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "valid"),
        ("validation", "valid"),
        ("dev", "valid"),
        ("test", "test"),
        ("train.parquet", "train"),
        ("train-00000-of-00002.parquet", "train"),
        ("test_batch", None),
        ("adult_train.csv", "train"),
        ("birds-test.tsv", "test"),
        ("birds_validation.csv.gz", "valid"),
        ("contest", None),
        ("trains", None),
        ("photos.csv", None),
    ],
)
def test_a_name_says_its_split(name, split):
    assert split_of(name) == split


def told(layout):
    return {"/".join(folders): (place.split, place.label) for folders, place in layout.places.items()}


def tree(*paths):
    return [tuple(path.split("/")) if path else () for path in paths]


def test_flat_class_folders():
    layout = arrange(tree("cat", "dog"), [])
    assert told(layout) == {"cat": ("all", "cat"), "dog": ("all", "dog")}
    assert not layout.nested


def test_splits_above_classes():
    layout = arrange(tree("train/cat", "train/dog", "val/cat", "val/dog", "test/cat"), [])
    assert told(layout)["val/dog"] == ("valid", "dog")
    assert told(layout)["test/cat"] == ("test", "cat")


def test_splits_below_classes():
    layout = arrange(tree("cat/train", "cat/test", "dog/train", "dog/test"), [])
    assert told(layout)["dog/test"] == ("test", "dog")
    assert not layout.nested


def test_only_a_train_folder():
    assert told(arrange(tree("train/cat", "train/dog"), [])) == {
        "train/cat": ("train", "cat"),
        "train/dog": ("train", "dog"),
    }


def test_a_class_called_train_is_a_class():
    assert told(arrange(tree("train", "car", "plane"), []))["train"] == ("all", "train")


def test_wrapping_folders_are_passed_through():
    layout = arrange(
        tree("ILSVRC/Data/CLS-LOC/train/n01", "ILSVRC/Data/CLS-LOC/train/n02", "ILSVRC/Data/CLS-LOC/val/n01"), []
    )
    assert told(layout)["ILSVRC/Data/CLS-LOC/val/n01"] == ("valid", "n01")


def test_split_folders_by_suffix_that_repeat_themselves():
    layout = arrange(tree("seg_train/seg_train/sea", "seg_train/seg_train/ice", "seg_test/seg_test/sea"), [])
    assert told(layout)["seg_test/seg_test/sea"] == ("test", "sea")
    assert told(layout)["seg_train/seg_train/ice"] == ("train", "ice")


def test_unlabelled_and_other_folders_beside_splits_are_passed_over_with_a_reason():
    layout = arrange(tree("train/cat", "train/dog", "test", "extra/cat", "valid/cat"), [])
    assert layout.passed == {"test": "its pictures have no class folders", "extra": "its name says no split"}
    assert "extra/cat" not in told(layout)


def test_folders_inside_class_folders_belong_to_the_class_or_are_the_classes():
    paths = tree("animals/cat", "animals/dog", "plants/oak")
    outer = arrange(paths, [])
    assert outer.nested
    assert told(outer)["animals/dog"] == ("all", "animals")
    assert told(arrange(paths, [], "leaf"))["animals/dog"] == ("all", "dog")


def test_pictures_directly_and_deeper_in_a_class():
    layout = arrange(tree("cat", "cat/more", "dog"), [])
    assert told(layout)["cat/more"] == ("all", "cat")


def test_an_empty_folder_is_a_class_without_pictures():
    assert told(arrange(tree("cat", "dog"), tree("owl")))["owl"] == ("all", "owl")
    assert told(arrange(tree("cat"), tree("dog")))["dog"] == ("all", "dog")


@pytest.mark.parametrize("paths", [[""], ["images"], ["images/all"], ["train/cat", "val/cat"], []])
def test_fewer_than_two_classes_are_no_layout(paths):
    assert arrange(tree(*paths), []) is None


def test_two_ways_to_write_an_accent_are_one_class():
    composed, decomposed = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
    layout = arrange([(composed,), (decomposed,), ("tea",)], [])
    assert {place.label for place in layout.places.values()} == {composed, "tea"}
    assert layout.merged == {composed: [decomposed, composed]}
    assert class_name(decomposed) == composed


def test_names_that_differ_in_case_are_two_classes():
    assert {place.label for place in arrange(tree("Cat", "cat"), []).places.values()} == {"Cat", "cat"}


@pytest.mark.parametrize(
    ("holding", "splits"),
    [
        ([()], {(): "all"}),
        ([("parts",)], {("parts",): "all"}),
        ([("parts", "a"), ("parts", "b", "c")], {("parts", "a"): "all", ("parts", "b", "c"): "all"}),
        ([("train",)], {("train",): "train"}),
        ([("train",), ("test",)], {("train",): "train", ("test",): "test"}),
        ([("train", "x"), ("val",), ("other",)], {("train", "x"): "train", ("val",): "valid", ("other",): ""}),
        ([(), ("train",), ("test",)], {(): "", ("train",): "train", ("test",): "test"}),
    ],
)
def test_folders_whose_classes_are_not_asked_for_say_splits_alone(holding, splits):
    assert arrange_unlabelled(holding) == splits
