"""Decoding many pictures: in order, in the frame that fits them all, bad ones named."""

import io

import numpy as np
import pytest
from PIL import Image

from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import silent
from gnomon.data import cache, filling
from gnomon.data.content import Content, Listed, Part
from gnomon.data.decode import Seen
from gnomon.data.formats import UnreadableError
from gnomon.data.reading import Reading


class Given:
    """Payloads that are written down."""

    def __init__(self, *payloads):
        self.payloads = payloads

    def __iter__(self):
        return iter(self.payloads)

    def some(self, count):
        return iter(self.payloads[:1])


def png(shade, size=(8, 8), mode="L"):
    buffer = io.BytesIO()
    Image.new(mode, size, shade).save(buffer, "PNG")
    return buffer.getvalue()


def content(*payloads, split="all"):
    ids = [f"sample {i}" for i in range(len(payloads))]
    part = Part(split=split, ids=ids, targets=np.arange(len(payloads)) % 2, payloads=Given(*payloads))
    return Content(parts=[part], classes=("even", "odd"))


def fill(tmp_path, found, *, size_px="auto", emit=silent, should_stop=lambda: False):
    folder = cache.folder_for(tmp_path, "key")
    filling.fill(folder, found, size_px, "crop", Reading(cache_dir=tmp_path, emit=emit, should_stop=should_stop))
    return cache.open_stored(folder)


def test_good_samples_keep_their_order_and_bad_ones_are_named(tmp_path):
    payloads = [png(i) for i in range(100)]
    payloads[40] = b"text"
    payloads[41] = UnreadableError("has no picture")
    stored = fill(tmp_path, content(*payloads))
    good = [i for i in range(100) if i not in (40, 41)]
    assert stored.pixels[:, 0, 0, 0].tolist() == good
    assert stored.ids[:] == [f"sample {i}" for i in good]
    assert stored.targets.tolist() == [i % 2 for i in good]
    assert [(one["id"], one["reason"], one["label"]) for one in stored.header["skipped"]] == [
        ("sample 40", "is text, not a picture", "even"),
        ("sample 41", "has no picture", "odd"),
    ]


def test_several_threads_give_the_same_as_one(tmp_path, monkeypatch):
    found = content(*[png(i) for i in range(200)])
    one = fill(tmp_path / "one", found)
    monkeypatch.setattr(filling, "num_workers", lambda seen: 3)
    three = fill(tmp_path / "three", found)
    assert one.header == three.header
    assert np.array_equal(one.pixels, three.pixels)


def test_equal_pixels_have_equal_hashes_whatever_the_file(tmp_path):
    stored = fill(tmp_path, content(png(7), png(7, mode="L"), np.full((8, 8, 1), 7, np.uint8), png(8)))
    assert stored.hashes[0] == stored.hashes[1] == stored.hashes[2]
    assert stored.hashes[0] != stored.hashes[3]


def test_colour_after_a_grey_beginning_gives_three_channels(tmp_path):
    stored = fill(tmp_path, content(png(5), png((1, 2, 3), mode="RGB")))
    assert stored.pixels.shape == (2, 8, 8, 3)
    assert stored.pixels[:, 0, 0].tolist() == [[5, 5, 5], [1, 2, 3]]


def test_another_size_after_equal_ones_gives_squares(tmp_path):
    stored = fill(tmp_path, content(png(5, (40, 50)), png(6, (70, 90))))
    assert stored.pixels.shape == (2, 64, 64, 1)
    assert stored.header["frame"]["kept"] is False


def test_a_first_sample_that_is_unreadable_is_looked_past(tmp_path):
    assert fill(tmp_path, content(b"", png(3))).pixels.shape == (1, 8, 8, 1)


def test_nothing_readable_is_refused_with_the_commonest_reasons(tmp_path):
    with pytest.raises(DataError, match=r"none of 3 pictures can be read: is empty \(3 times\)|is empty \(4 times\)"):
        fill(tmp_path, content(b"", b"", b""))
    assert not cache.folder_for(tmp_path, "key").exists()


def test_the_tally_says_what_the_files_hold(tmp_path):
    facts = fill(tmp_path, content(png(1, (8, 9)), png((1, 2, 3), (8, 9), "RGB"), png(2, (20, 30)))).header["facts"]
    assert facts["modes"] == {"L": 2, "RGB": 1}
    assert facts["formats"] == {"PNG": 3}
    assert facts["num_sizes"] == 2
    assert facts["sizes"][0] == {"width_px": 8, "height_px": 9, "n": 2}
    assert facts["short_side_px"] == {"min": 8, "median": 8, "max": 20}


def test_progress_is_told_and_a_stop_is_obeyed(tmp_path):
    told = []
    fill(tmp_path / "a", content(*[png(i) for i in range(70)]), emit=told.append)
    assert [event.done for event in told] == [32, 64, 70]
    with pytest.raises(StoppedError) as error:
        fill(tmp_path / "b", content(png(1)), should_stop=lambda: True)
    assert error.value.exit_code == 75
    assert list((tmp_path / "b" / "decoded").iterdir()) == []


def test_small_pictures_get_one_thread_and_large_ones_all():
    small, large = Seen(32, 32, "RGB", "PNG"), Seen(640, 480, "RGB", "JPEG")
    assert filling.num_workers([small] * 3) == 1
    assert filling.num_workers([small, large, large]) >= 1
    assert filling.num_workers([large]) == len(filling.os.sched_getaffinity(0))


def test_arrays_are_brought_to_a_wished_size(tmp_path):
    part = Part(
        split="all", ids=["a"], targets=np.zeros(1, np.int64), payloads=Listed(np.full((1, 8, 8, 3), 9, np.uint8))
    )
    stored = fill(tmp_path, Content(parts=[part], classes=("x",)), size_px=16)
    assert stored.pixels.shape == (1, 16, 16, 3)
    assert set(np.unique(stored.pixels)) == {9}


def test_memory_does_not_grow_with_the_data(tmp_path):
    import tracemalloc

    class Many:
        def __iter__(self):
            return (np.zeros((64, 64, 3), np.uint8) for _ in range(4000))

        def some(self, count):
            return iter([np.zeros((64, 64, 3), np.uint8)])

    part = Part(split="all", ids=[str(i) for i in range(4000)], targets=np.zeros(4000, np.int64), payloads=Many())
    tracemalloc.start()
    fill(tmp_path, Content(parts=[part], classes=("x",)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12_000_000  # the pixels are 49 MB
