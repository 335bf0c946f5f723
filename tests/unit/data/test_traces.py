import json
import zlib

import numpy as np
import pytest
import raw_data
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.data.traces import compare, trace


def row_change(before, after):
    return compare(after, "rows", json.loads(json.dumps(trace(before, "rows"))))


def text_change(before, after):
    return compare(after, "characters", json.loads(json.dumps(trace(before, "characters"))))


def edited(count, *places):
    values = raw_data.ramp(count).inputs.copy()
    values[list(places)] += 0.5
    return raw_data.rows(values)


class TestRows:
    @pytest.mark.parametrize("count", [0, 1, 4096, 4097, 10_000])
    def test_the_same_rows_do_not_differ(self, count):
        assert row_change(raw_data.ramp(count), raw_data.ramp(count)) is None

    def test_a_trace_is_small_however_many_rows_there_are(self):
        stored = trace(raw_data.ramp(20_000), "rows")
        assert len(json.dumps(stored)) < 400
        assert (stored["size"], stored["first"], stored["last"]) == (20_000, "hour 0", "hour 19999")

    def test_rows_at_the_end_keep_the_ranges(self):
        found = row_change(raw_data.ramp(5000), raw_data.ramp(5010))
        assert found.lines == ("10 rows added at the end, from hour 5000 on",)
        assert (found.keeps_ranges, found.grown_by) == (True, 10)

    def test_edited_values_keep_the_ranges_and_are_found_by_block(self):
        found = row_change(raw_data.ramp(9000), edited(9000, 5000))
        assert found.lines == ("values edited between rows 4,097 and 8,192 (from hour 4096)",)
        assert found.keeps_ranges
        found = row_change(raw_data.ramp(9000), edited(9001, 5000, 8999))
        assert found.lines[0].endswith(" and in 1 blocks of 4,096 rows after them")
        assert found.lines[1].startswith("1 rows added")

    def test_rows_that_are_gone_take_the_ranges_with_them(self):
        found = row_change(raw_data.ramp(5000), raw_data.ramp(4500))
        assert found.lines == ("500 rows fewer: 4,500 instead of 5,000",)
        assert not found.keeps_ranges

    def test_another_start_takes_the_ranges_with_it(self):
        found = row_change(raw_data.ramp(5000), raw_data.ramp(5000, first=24))
        assert found.lines == ("other times from about row 1 on: now hour 24, the rows were hour 0 to hour 4999",)
        assert (found.keeps_ranges, found.grown_by) == (False, 0)

    @pytest.mark.parametrize("damage", [{"times": ""}, {"values": "AAAA"}, {"block": 7}, {"size": -1}])
    def test_what_is_no_trace_is_refused(self, damage):
        with pytest.raises(ValueError):
            compare(raw_data.ramp(10), "rows", {**trace(raw_data.ramp(10), "rows"), **damage})


class TestTexts:
    before = ("first", "second", "third")

    def test_the_same_texts_do_not_differ(self):
        for contents in ((), ("",), self.before, ("half a\ud800",)):
            assert text_change(raw_data.documents(*contents), raw_data.documents(*contents)) is None

    @pytest.mark.parametrize(
        ("after", "lines", "keeps", "grown_by"),
        [
            (("first", "second", "third", "fourth"), ["1 added: 3.txt"], True, 6),
            (("first", "second", "third and last"), ["1 edited: 2.txt", "2.txt only grew at its end"], True, 9),
            (("first", "SECOND", "third"), ["1 edited: 1.txt"], True, 0),
            (("FIRST", "second", "thirds"), ["2 edited: 0.txt, 2.txt", "2.txt only grew"], True, 1),
            (("first", "second", "a third"), ["1 edited: 2.txt"], False, 0),
            (("first", "seconds", "third"), ["1 edited: 1.txt"], False, 0),
            (("first", "second", "thir"), ["1 edited: 2.txt"], False, 0),
            (("first", "second"), ["1 removed: 2.txt"], False, 0),
        ],
    )
    def test_only_what_moves_nothing_keeps_the_ranges(self, after, lines, keeps, grown_by):
        found = text_change(raw_data.documents(*self.before), raw_data.documents(*after))
        assert len(found.lines) == len(lines)
        assert all(told.startswith(line) for told, line in zip(found.lines, lines, strict=True))
        assert (found.keeps_ranges, found.grown_by) == (keeps, grown_by)

    def test_documents_that_change_places_take_the_ranges_with_them(self):
        after = raw_data.documents("second", "first", "third", names=["1.txt", "0.txt", "2.txt"])
        found = text_change(raw_data.documents(*self.before), after)
        assert found.lines == ("the same documents come in another order",)
        assert not found.keeps_ranges

    def test_a_document_before_the_others_takes_the_ranges_with_it(self):
        after = raw_data.documents("new", *self.before, names=["a.txt", "0.txt", "1.txt", "2.txt"])
        assert not text_change(raw_data.documents(*self.before), after).keeps_ranges

    def test_what_is_no_trace_is_refused(self):
        stored = trace(raw_data.documents(*self.before), "characters")
        for damage in ({"contents": ""}, {"size": 3}, {"documents": "AAAA"}):
            with pytest.raises((ValueError, zlib.error)):
                compare(raw_data.documents(*self.before), "characters", {**stored, **damage})


@given(
    before=st.lists(st.text("ab", max_size=4), max_size=4),
    after=st.lists(st.text("ab", max_size=4), max_size=5),
)
@settings(deadline=None, max_examples=200)
def test_ranges_are_only_kept_where_nothing_that_was_moved(before, after):
    found = text_change(raw_data.documents(*before), raw_data.documents(*after))
    if found is None:
        assert before == after
    elif found.keeps_ranges:
        assert len("".join(after)) - len("".join(before)) == found.grown_by >= 0
        lengths = np.cumsum([len(text) for text in before]).tolist()
        assert np.cumsum([len(text) for text in after]).tolist()[: len(before) - 1] == lengths[:-1]
