"""Which files hold trees."""

from gnomon.data import treefiles


def names(path, holds=lambda file: file.suffix == ".txt"):
    return [(split, file.name) for split, file in treefiles.files(path, holds)]


def test_splits_by_name(tmp_path):
    for name in ("test.txt", "dev.txt", "train.txt", "README.md", ".hidden.txt", "more.txt"):
        (tmp_path / name).write_text("x")
    assert names(tmp_path) == [("train", "train.txt"), ("valid", "dev.txt"), ("test", "test.txt")]
    assert names(tmp_path / "dev.txt") == [("all", "dev.txt")]
    assert names(tmp_path / "README.md") == []
    assert names(tmp_path / "nothing") == []


def test_without_a_training_file_all_are_one(tmp_path):
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text("x")
    assert names(tmp_path) == [("all", "a.txt"), ("all", "b.txt")]
