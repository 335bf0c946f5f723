import numpy as np
import pytest
import raw_data
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.data.ordered import Span, Tape, limits, names_before, offsets, rows_before, unit_of, within
from gnomon.data.ragged import digests


def test_only_what_is_to_be_continued_is_cut_in_order():
    specs = (raw_data.CONTINUED, raw_data.FORECAST, raw_data.LABELLED, raw_data.TAGGED, raw_data.WAVES)
    assert [unit_of(spec) for spec in specs] == ["characters", "rows", None, None, None]


class TestSpan:
    def test_it_is_a_view_with_int_slice_and_array_access(self):
        parent = np.arange(10)
        span = Span(parent, 3, 8)
        assert len(span) == 5
        assert (span[0], span[-1], span[np.int64(2)]) == (3, 7, 5)
        assert span[1:3].tolist() == [4, 5]
        assert span[::-2].tolist() == [7, 5, 3]
        assert span[5:].tolist() == []
        assert span[np.array([4, 0, 0])].tolist() == [7, 3, 3]
        assert np.shares_memory(span[:], parent)

    @pytest.mark.parametrize("key", [5, -6, np.array([0, 5]), np.array([-6])])
    def test_what_lies_beyond_its_ends_is_not_given(self, key):
        with pytest.raises(IndexError, match="there are 5 samples"):
            Span(np.arange(10), 3, 8)[key]

    def test_numpy_takes_it_whole(self):
        assert np.asarray(Span(np.arange(10), 3, 5)).tolist() == [3, 4]
        assert np.array(Span(np.arange(10), 3, 5), dtype=np.float32).dtype == np.float32


def test_indices_count_from_the_end_too():
    assert within(-1, 3) == 2
    assert within(np.array([-3, 2]), 3).tolist() == [0, 2]
    assert within(np.zeros(0, np.int64), 0).tolist() == []


class TestTexts:
    def test_a_document_may_be_cut_in_two(self):
        tape = Tape(raw_data.documents("abcde", "fghij"), "characters")
        assert tape.size == 10
        first, second = tape.cut(0, 7), tape.cut(7, 10)
        assert first.inputs[:] == ["abcde", "fg"]
        assert second.inputs[:] == ["hij"]
        assert list(first.ids) == ["0.txt", "1.txt[0:2]"]
        assert list(second.ids) == ["1.txt[2:5]"]
        assert first.targets is first.inputs
        assert first.hashes[0] == tape.whole.hashes[0]
        assert first.hashes[1] == digests([b"fg"])[0]
        assert limits(second) == (7, 10)

    def test_a_cut_may_take_both_ends_of_one_document(self):
        part = Tape(raw_data.documents("abcdefgh"), "characters").cut(2, 5)
        assert (part.inputs[0], part.inputs[-1], part.ids[0]) == ("cde", "cde", "0.txt[2:5]")

    def test_characters_are_counted_not_bytes(self):
        tape = Tape(raw_data.documents("日本語", "é🦉x"), "characters")
        assert tape.cut(2, 5).inputs[:] == ["語", "é🦉"]

    def test_half_a_surrogate_pair_does_not_stop_it(self):
        assert Tape(raw_data.documents("a\ud800b"), "characters").cut(0, 2).inputs[0] == "a\ud800"

    def test_texts_are_taken_by_int_slice_and_array(self):
        part = Tape(raw_data.documents("abc", "def", "ghi"), "characters").cut(1, 8)
        assert part.inputs[np.int64(1)] == "def"
        assert part.inputs[np.array([2, 0])] == ["gh", "bc"]
        assert part.inputs[1:] == ["def", "gh"]
        with pytest.raises(IndexError):
            part.inputs[3]

    def test_offsets_of_many_texts(self):
        found = offsets(raw_data.documents(*["ab"] * 5000).inputs)
        assert found.tolist() == list(range(0, 10_001, 2))


class TestRows:
    def test_rows_are_views_and_know_what_came_before(self):
        whole = raw_data.ramp(10)
        part = Tape(whole, "rows").cut(6, 9)
        assert np.shares_memory(part.inputs[:], whole.inputs)
        assert part.inputs[:].tolist() == whole.inputs[6:9].tolist()
        assert part.targets is part.inputs
        assert list(part.ids[:]) == ["hour 6", "hour 7", "hour 8"]
        assert np.array_equal(part.hashes, whole.hashes[6:9])
        assert rows_before(part, 2).tolist() == whole.inputs[4:6].tolist()
        assert rows_before(part, 100).tolist() == whole.inputs[:6].tolist()
        assert names_before(part, 2) == ["hour 4", "hour 5"]
        assert len(names_before(part, 100)) == 6

    def test_nothing_comes_before_a_whole(self):
        whole = raw_data.ramp(4)
        assert rows_before(whole, 3).shape == (0, 2)
        assert names_before(whole, 3) == []
        assert rows_before(Tape(whole, "rows").cut(0, 2), 3).shape == (0, 2)


@pytest.mark.parametrize("ends", [(-1, 2), (3, 2), (0, 11)])
def test_ranges_that_do_not_lie_inside_are_refused(ends):
    for whole, unit in ((raw_data.ramp(10), "rows"), (raw_data.documents("0123456789"), "characters")):
        with pytest.raises(ValueError, match="does not lie inside 10"):
            Tape(whole, unit).cut(*ends)


def test_a_whole_has_no_limits():
    with pytest.raises(TypeError, match="was not cut in order"):
        limits(raw_data.ramp(3))


@given(contents=st.lists(st.text(max_size=6), min_size=1, max_size=8), data=st.data())
@settings(deadline=None)
def test_texts_lose_nothing_gain_nothing_and_keep_their_order(contents, data):
    whole = raw_data.documents(*contents)
    tape = Tape(whole, "characters")
    cuts = sorted(data.draw(st.lists(st.integers(0, tape.size), max_size=4)))
    ends = [*cuts, tape.size]
    parts = [tape.cut(start, stop) for start, stop in zip([0, *cuts], ends, strict=True)]
    for part, start, stop in zip(parts, [0, *cuts], ends, strict=True):
        assert "".join(part.inputs[:]) == "".join(contents)[start:stop]
        assert len(part.inputs[:]) == len(part) == len(part.ids) == len(part.hashes)
        assert part.inputs.whole is whole
    names = [str(name).split("[")[0] for part in parts for name in part.ids]
    assert list(dict.fromkeys(names)) == [f"{i}.txt" for i in range(len(contents)) if tape.size or f"{i}.txt" in names]
    pieces = sum(part.inputs.is_cut(i) for part in parts for i in range(len(part)))
    assert len(names) - pieces == len([name for name in names if names.count(name) == 1])


@given(num_rows=st.integers(0, 30), data=st.data())
@settings(deadline=None)
def test_rows_lose_nothing_gain_nothing_and_keep_their_order(num_rows, data):
    whole = raw_data.ramp(num_rows)
    cuts = sorted(data.draw(st.lists(st.integers(0, num_rows), max_size=4)))
    tape = Tape(whole, "rows")
    parts = [tape.cut(start, stop) for start, stop in zip([0, *cuts], [*cuts, num_rows], strict=True)]
    assert np.concatenate([part.inputs[:] for part in parts]).tolist() == whole.inputs.tolist()
    assert [name for part in parts for name in part.ids[:]] == list(whole.ids)
