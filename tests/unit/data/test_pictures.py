"""From a reader's answer to a data set: cached, checked, refused where it must be."""

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Skipped
from gnomon.data import pictures
from gnomon.data.content import Content, Listed, Part, Source
from gnomon.data.formats import UnreadableError
from gnomon.data.reading import Reading


class Counted:
    """A source that counts how often it is read."""

    def __init__(self, tmp_path, parts, *, classes=("cat", "dog"), key=(1,)):
        self.num_reads = 0
        content = Content(parts=parts, classes=classes)

        def read():
            self.num_reads += 1
            return content

        self.source = Source(reader="test", path=tmp_path, name="pets", key=key, read=read)


def part(split, targets, payloads=None):
    arrays = np.arange(len(targets) * 64, dtype=np.uint64).astype(np.uint8).reshape(-1, 8, 8, 1)
    ids = [f"{split}{i}" for i in range(len(targets))]
    return Part(split=split, ids=ids, targets=np.array(targets), payloads=payloads or Listed(arrays))


@pytest.fixture
def reading(tmp_path):
    return Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False)


def config(**settings):
    return DataConfig(path="pets", **settings)


def test_splits_share_one_array_and_know_their_samples(tmp_path, reading):
    counted = Counted(tmp_path, [part("train", [0, 1, 1]), part("test", [1, 0])])
    found = pictures.dataset(counted.source, config(), reading)
    assert (found.name, found.reader, found.spec.target.classes) == ("pets", "test", ("cat", "dog"))
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 3, "test": 2}
    assert found.splits["test"].ids[:] == ["test0", "test1"]
    assert found.splits["test"].targets.tolist() == [1, 0]
    assert found.splits["train"].inputs[np.array([2])].shape == (1, 8, 8, 1)
    assert found.splits["train"].hashes.dtype == np.dtype("V16")
    assert found.splits["train"].inputs[0].tobytes() == found.splits["test"].inputs[0].tobytes()
    assert found.splits["train"].hashes[0] == found.splits["test"].hashes[0]


def test_the_second_time_nothing_is_read(tmp_path, reading):
    counted = Counted(tmp_path, [part("all", [0, 1])])
    first = pictures.dataset(counted.source, config(), reading)
    second = pictures.dataset(counted.source, config(), reading)
    assert counted.num_reads == 1
    assert first.fingerprint == second.fingerprint
    assert first.spec == second.spec
    assert np.array_equal(first.splits["all"].inputs, second.splits["all"].inputs)


@pytest.mark.parametrize("other", [{"size_px": 16}, {"fit": "pad"}, {"target": "x"}])
def test_other_settings_have_a_cache_of_their_own(tmp_path, reading, other):
    counted = Counted(tmp_path, [part("all", [0, 1])])
    pictures.dataset(counted.source, config(), reading)
    pictures.dataset(counted.source, config(**other), reading)
    assert counted.num_reads == 2


def test_a_changed_key_is_read_again_and_changed_content_has_another_fingerprint(tmp_path, reading):
    first = pictures.dataset(Counted(tmp_path, [part("all", [0, 1])]).source, config(), reading)
    same = pictures.dataset(Counted(tmp_path, [part("all", [0, 1])], key=(2,)).source, config(), reading)
    other = pictures.dataset(Counted(tmp_path, [part("all", [1, 0])], key=(3,)).source, config(), reading)
    assert first.fingerprint == same.fingerprint
    assert first.fingerprint != other.fingerprint


def test_a_damaged_cache_is_said_and_built_again(tmp_path):
    told = []
    reading = Reading(cache_dir=tmp_path / "cache", emit=told.append, should_stop=lambda: False)
    counted = Counted(tmp_path, [part("all", [0, 1])])
    first = pictures.dataset(counted.source, config(), reading)
    expected = np.array(first.splits["all"].inputs)
    file = next((tmp_path / "cache" / "decoded").glob("*/pixels.u8"))
    file.write_bytes(file.read_bytes()[:-8] + b"\xff" * 8)
    again = pictures.dataset(counted.source, config(), reading)
    assert counted.num_reads == 2
    assert np.array_equal(again.splits["all"].inputs, expected)
    assert any("the decoded cache is damaged" in getattr(event, "text", "") for event in told)


def broken(num_bad, num_all):
    payloads = [UnreadableError("is cut short")] * num_bad
    payloads += list(np.zeros((num_all - num_bad, 8, 8, 1), np.uint8))

    class Given:
        def __iter__(self):
            return iter(payloads)

        def some(self, count):
            return iter(payloads[-1:])

    return part("train", [0, 1] * (num_all // 2), Given())


def test_up_to_the_limit_bad_samples_are_skipped(tmp_path, reading):
    found = pictures.dataset(Counted(tmp_path, [broken(2, 200)]).source, config(max_bad=0.01), reading)
    assert len(found.splits["train"]) == 198
    assert [(one.id, one.reason, one.split, one.label) for one in found.skipped] == [
        ("train0", "is cut short", "train", "cat"),
        ("train1", "is cut short", "train", "dog"),
    ]


def test_above_the_limit_the_data_is_refused_and_the_first_ten_are_named(tmp_path, reading):
    source = Counted(tmp_path, [broken(12, 100)])
    with pytest.raises(DataError) as error:
        pictures.dataset(source.source, config(), reading)
    text = str(error.value)
    assert "12 of 100 samples cannot be used (12.0%, the limit is 1.0%)" in text
    assert all(f"train{i} is cut short" in text for i in range(10))
    assert "train10" not in text
    assert "--max-bad 0.13" in text
    assert len(text.splitlines()) <= 8
    assert len(pictures.dataset(source.source, config(max_bad=0.13), reading).skipped) == 12
    assert source.num_reads == 1


def test_a_class_without_samples_is_refused_unless_allowed(tmp_path, reading):
    counted = Counted(tmp_path, [part("train", [0, 0]), part("test", [1])])
    with pytest.raises(DataError, match="1 of 2 classes have no readable sample in train: dog") as error:
        pictures.dataset(counted.source, config(), reading)
    assert "data.allow_empty=true" in str(error.value)
    found = pictures.dataset(counted.source, config(allow_empty=True), reading)
    assert found.spec.target.classes == ("cat", "dog")


@pytest.mark.parametrize("size_px", [0, -1, 3, 5000])
def test_a_size_out_of_range_is_refused_before_anything_is_read(tmp_path, reading, size_px):
    counted = Counted(tmp_path, [part("all", [0, 1])])
    with pytest.raises(UsageError, match=r"data\.size_px"):
        pictures.dataset(counted.source, config(size_px=size_px), reading)
    assert counted.num_reads == 0


def test_changed_sizes_are_said_as_a_guess(tmp_path, reading):
    counted = Counted(tmp_path, [part("all", [0, 1])])
    assert pictures.dataset(counted.source, config(), reading).guesses == ()
    guess = pictures.dataset(counted.source, config(size_px=16), reading).guesses[0]
    assert guess.what == "pictures become 16 x 16 pixels, the middle square is cut out"


def test_skipped_names_are_fit_for_a_terminal():
    text = pictures.listed(
        [Skipped(id="a\nb\x1b[31m\udcff", reason="is empty"), Skipped(id="x" * 200, reason="is text")]
    )
    assert "\n" not in text
    assert "\x1b" not in text
    assert "a\\nb\\x1b[31m\\udcff is empty" in text
    assert len(text) < 160


def test_a_wrong_target_names_the_nearest(tmp_path):
    error = pictures.unknown_target("corse", ("fine", "coarse"), tmp_path)
    assert "did you mean 'coarse'?" in error.fix
