"""CIFAR's binary files, as a folder and as the archive."""

import io
import tarfile

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import cifar_binary


def records(labels, first_shade):
    """One record a row of ``labels``: red is the shade, green 100, blue a ramp down the rows."""
    rows = []
    for i, label in enumerate(labels):
        blue = np.repeat(np.arange(32, dtype=np.uint8), 32)
        planes = [np.full(1024, first_shade + i, np.uint8), np.full(1024, 100, np.uint8), blue]
        rows.append(bytes(np.atleast_1d(label).astype(np.uint8)) + b"".join(plane.tobytes() for plane in planes))
    return b"".join(rows)


def cifar10():
    files = {f"data_batch_{i}.bin": records([0, 1], 10 * i) for i in range(1, 6)}
    return files | {"test_batch.bin": records([1], 200), "batches.meta.txt": b"airplane\nautomobile\n\n"}


def cifar100():
    return {
        "train.bin": records([(0, 2), (1, 0), (1, 1)], 1),
        "test.bin": records([(0, 2)], 9),
        "fine_label_names.txt": b"apple\nboy\ncloud\n",
        "coarse_label_names.txt": b"things\npeople\n",
    }


def folder(path, files):
    path.mkdir(parents=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


def archive(path, files, extra=()):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in reversed(files.items()):
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member, content in extra:
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def read(tmp_path):
    def run(path, **settings):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)
        return cifar_binary.read(path, DataConfig(path=str(path), **settings), reading)

    return run


def test_a_record_is_label_then_planes(tmp_path, read):
    found = read(folder(tmp_path / "c", cifar10()))
    train, test = found.splits["train"], found.splits["test"]
    assert train.inputs.shape == (10, 32, 32, 3)
    assert train.inputs[:, 0, 0, 0].tolist() == [10, 11, 20, 21, 30, 31, 40, 41, 50, 51]
    assert train.inputs[0, 7, 3].tolist() == [10, 100, 7]
    assert train.targets.tolist() == [0, 1] * 5
    assert (test.targets.tolist(), test.ids[0]) == ([1], "test_batch.bin#0")
    assert found.spec.target.classes == ("airplane", "automobile")


def test_the_archive_gives_the_same_as_its_folder(tmp_path, read):
    one = read(folder(tmp_path / "a" / "cifar-10-batches-bin", cifar10()).parent)
    other = read(archive(tmp_path / "cifar-10-binary.tar.gz", cifar10()))
    assert one.fingerprint == other.fingerprint
    assert one.splits["train"].ids[:] == other.splits["train"].ids[:]


def test_cifar_100_has_two_targets(tmp_path, read):
    path = folder(tmp_path / "c", cifar100())
    fine = read(path)
    assert fine.spec.target.classes == ("apple", "boy", "cloud")
    assert fine.splits["train"].targets.tolist() == [2, 0, 1]
    assert fine.guesses[0].flag == "--target coarse"
    coarse = read(path, target="coarse")
    assert coarse.spec.target.classes == ("things", "people")
    assert coarse.splits["train"].targets.tolist() == [0, 1, 1]
    with pytest.raises(UsageError, match="there is no target 'corse'"):
        read(path, target="corse")


def test_hostile_members_reach_neither_disk_nor_data(tmp_path, read):
    link = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    climbing = tarfile.TarInfo("../../escaped.txt")
    climbing.size = 3
    path = archive(tmp_path / "cifar-10-binary.tar.gz", cifar10(), [(link, b""), (climbing, b"bad")])
    before = {file for file in tmp_path.parent.rglob("*") if "cache" not in file.parts}
    found = read(path)
    assert len(found.splits["test"]) == 1
    assert {file for file in tmp_path.parent.rglob("*") if "cache" not in file.parts} == before


def test_an_archive_of_too_much_is_refused(tmp_path, read, monkeypatch):
    path = archive(tmp_path / "cifar-10-binary.tar.gz", cifar10())
    monkeypatch.setattr(cifar_binary, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(DataError, match="too large for a CIFAR archive"):
        read(path)
    monkeypatch.undo()
    monkeypatch.setattr(cifar_binary, "MAX_MEMBERS", 2)
    with pytest.raises(DataError, match="too large for a CIFAR archive"):
        read(path)


def test_a_cut_archive_is_refused(tmp_path, read):
    path = archive(tmp_path / "cifar-10-binary.tar.gz", cifar10())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"not a whole archive|missing or cut short|lacks"):
        read(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"data_batch_3.bin": b"x" * 100}, "data_batch_3.bin is missing or cut short"),
        ({"test_batch.bin": records([2], 0)}, "has the label 2 in test, but 2 class names"),
    ],
)
def test_damaged_files_are_named(tmp_path, read, change, why):
    with pytest.raises(DataError, match=why):
        read(folder(tmp_path / "c", cifar10() | change))


def test_the_pickled_version_is_refused_unopened(tmp_path, read):
    path = folder(tmp_path / "c", {"data_batch_1": b"\x80\4.", "batches.meta": b"\x80\4."})
    assert cifar_binary.sniff(path).confidence == 0.5
    with pytest.raises(DataError, match="a pickle can run code"):
        read(path)


def test_only_cifar_is_claimed(tmp_path):
    assert cifar_binary.sniff(archive(tmp_path / "renamed.tgz", cifar10())).confidence == 0.95
    (tmp_path / "other.tar.gz").write_bytes(b"no archive")
    assert cifar_binary.sniff(tmp_path / "other.tar.gz") is None
    assert cifar_binary.sniff(folder(tmp_path / "bins", {"train.bin": b"", "x.bin": b""})) is None
