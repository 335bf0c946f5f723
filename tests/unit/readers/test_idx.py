"""IDX files, good and damaged."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import idx


def idx_bytes(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 5, 4), np.uint8)


def put(path, array, packed=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
    return path


def mnist(folder, packed):
    end = ".gz" if packed else ""
    put(folder / f"train-images-idx3-ubyte{end}", images(6), packed)
    put(folder / f"train-labels-idx1-ubyte{end}", np.array([3, 7, 3, 7, 3, 7], np.uint8), packed)
    put(folder / f"t10k-images-idx3-ubyte{end}", images(2, 1), packed)
    put(folder / f"t10k-labels-idx1-ubyte{end}", np.array([7, 3], np.uint8), packed)


@pytest.fixture
def read(tmp_path):
    def run(path, **settings):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)
        return idx.read(path, DataConfig(path=str(path), **settings), reading)

    return run


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("inner", ["", "raw", "MNIST/raw"])
def test_the_four_files_are_two_splits(tmp_path, read, packed, inner):
    mnist(tmp_path / "mnist" / inner, packed)
    found = read(tmp_path / "mnist")
    assert np.array_equal(found.splits["train"].inputs[:, :, :, 0], images(6))
    assert np.array_equal(found.splits["test"].inputs[:, :, :, 0], images(2, 1))
    assert found.spec.target.classes == ("3", "7")
    assert found.splits["train"].targets.tolist() == [0, 1, 0, 1, 0, 1]
    assert found.splits["test"].targets.tolist() == [1, 0]


def test_one_images_file_is_read_with_the_labels_beside_it(tmp_path, read):
    mnist(tmp_path, packed=True)
    found = read(tmp_path / "t10k-images-idx3-ubyte.gz")
    assert list(found.splits) == ["all"]
    assert np.array_equal(found.splits["all"].inputs[:, :, :, 0], images(2, 1))


def test_colour_pictures_with_dots_in_their_names(tmp_path, read):
    put(tmp_path / "emnist-digits-train-images.idx4-ubyte", np.zeros((2, 3, 3, 3), np.uint8))
    put(tmp_path / "emnist-digits-train-labels.idx1-ubyte", np.array([0, 1], np.uint8))
    assert read(tmp_path).splits["train"].inputs.shape == (2, 3, 3, 3)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "does not begin"),
        (b"PK\3\4", "does not begin"),
        (bytes([0, 0, 13, 3]), "unsigned bytes"),
        (bytes([0, 0, 8, 3, 0, 0]), "ends inside its header"),
        (idx_bytes(images(2))[:-1], "declares 40 bytes and holds 39"),
        (idx_bytes(images(2)) + b"x", "holds more"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "the limit is"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_a_damaged_file_is_refused(tmp_path, content, why, packed):
    path = tmp_path / ("a.gz" if packed else "a")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=why):
        idx.load(path)


def test_a_cut_gzip_file_is_refused(tmp_path):
    path = put(tmp_path / "a.gz", images(200), packed=True)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="not a whole IDX file"):
        idx.load(path)


def test_a_gzip_bomb_takes_no_more_memory_than_it_declares(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx_bytes(images(1)) + bytes(50_000_000)))
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(DataError, match="holds more"):
        idx.load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_pictures_and_labels_must_fit_together(tmp_path, read):
    put(tmp_path / "train-images-idx3-ubyte", images(3))
    put(tmp_path / "train-labels-idx1-ubyte", np.zeros(2, np.uint8))
    with pytest.raises(DataError, match="do not fit together"):
        read(tmp_path)


def test_folders_without_a_pair_are_not_claimed(tmp_path):
    put(tmp_path / "train-images-idx3-ubyte", images(3))
    assert idx.sniff(tmp_path) is None
    put(tmp_path / "train-labels-idx1-ubyte", np.zeros(3, np.uint8))
    assert idx.sniff(tmp_path).confidence == 0.95


def test_mnist_itself(read):
    if "GNOMON_DATA" not in os.environ or not Path(os.environ["GNOMON_DATA"], "mnist").is_dir():
        pytest.skip("needs GNOMON_DATA with mnist")
    found = read(Path(os.environ["GNOMON_DATA"], "mnist"))
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 60000, "test": 10000}
    assert found.splits["train"].targets[:5].tolist() == [5, 0, 4, 1, 9]
