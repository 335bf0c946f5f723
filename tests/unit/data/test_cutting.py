import pytest
import raw_data

from gnomon.core.errors import DataError, UsageError
from gnomon.data import shares
from gnomon.data.cutting import CUSTOMARY, InOrder
from gnomon.data.shares import parse_amounts


def cut(whole, wanted=None, **facts):
    data = raw_data.dataset(raw_data.FORECAST, all=whole, facts=facts, name="etth1")
    return InOrder(dataset=data, wanted=parse_amounts(wanted) if wanted else None)


def sizes(parts):
    return {name: len(part) for name, part in parts.items()}


def test_eight_one_one_is_said_with_the_times_at_which_parts_begin():
    whole = raw_data.ramp(100)
    parts, (guess,) = cut(whole).three(whole)
    assert sizes(parts) == {"train": 80, "valid": 10, "test": 10}
    assert guess.what == "train 80, valid 10 (from hour 80), test 10 (from hour 90) rows"
    assert guess.why == "the data has no splits of its own: cut in order, so that what is held out comes after"
    assert "--split" in guess.flag


def test_shares_that_the_user_gave_are_no_guess():
    whole = raw_data.ramp(100)
    parts, guesses = cut(whole, "0.6,0.4").three(whole)
    assert sizes(parts) == {"train": 60, "valid": 40}
    assert guesses == ()


def test_what_counts_leave_out_is_said():
    whole = raw_data.ramp(100)
    parts, (guess,) = cut(whole, "50,20,20").three(whole)
    assert sizes(parts) == {"train": 50, "valid": 20, "test": 20}
    assert guess.what == "10 of 100 rows are left out"
    assert guess.why == "--split 50,20,20 asks for fewer"


def test_the_customary_split_is_used_and_said():
    whole = raw_data.ramp(100)
    parts, (guess,) = cut(whole, **{CUSTOMARY: "50,20,20"}).three(whole)
    assert sizes(parts) == {"train": 50, "valid": 20, "test": 20}
    assert "train 50, valid 20 (from hour 50), test 20 (from hour 70) rows; 10 rows after them" in guess.what
    assert guess.why == "50,20,20 is the customary split of etth1, in order"
    parts, guesses = cut(whole, "0.5,0.5", **{CUSTOMARY: "50,20,20"}).three(whole)
    assert (sizes(parts), guesses) == ({"train": 50, "valid": 50}, ())


def test_a_customary_split_that_does_not_fit_is_not_used_and_said():
    whole = raw_data.ramp(40)
    parts, guesses = cut(whole, **{CUSTOMARY: "50,20,20"}).three(whole)
    assert sizes(parts) == {"train": 32, "valid": 4, "test": 4}
    assert guesses[0].what == "the customary split 50,20,20 of etth1 is not used"
    assert guesses[0].why == "the data has only 40 rows"
    assert len(guesses) == 2


def test_more_than_there_is_cannot_be_asked_for():
    whole = raw_data.ramp(100)
    with pytest.raises(UsageError, match="asks for 120, but there are only 100"):
        cut(whole, "80,20,20").three(whole)


def test_too_little_to_hold_some_out_is_refused():
    whole = raw_data.ramp(5)
    with pytest.raises(DataError, match="5 rows are too few to hold some out for validation"):
        cut(whole).three(whole)
    with pytest.raises(DataError, match="1 training rows are too few to hold some out as valid"):
        cut(whole).two(raw_data.ramp(1), "valid", "")


class TestTwo:
    def test_the_end_of_train_is_cut_off(self):
        whole = raw_data.ramp(100)
        parts, (guess,) = cut(whole).two(whole, "valid", "the data has no valid split")
        assert list(parts) == ["train", "valid"]
        assert parts["valid"].ids[0] == "hour 90"
        assert guess.what == "valid: the last 10 rows of train"
        assert guess.why == "the data has no valid split"

    def test_the_user_may_say_how_much(self):
        whole = raw_data.ramp(100)
        assert sizes(cut(whole, "0.7,0.3").two(whole, "valid", "")[0]) == {"train": 70, "valid": 30}
        assert sizes(cut(whole, "0.8,0.1,0.1").two(whole, "test", "")[0]) == {"train": 88, "test": 12}
        parts, (guess,) = cut(whole, "60,30").two(whole, "valid", "")
        assert sizes(parts) == {"train": 60, "valid": 30}
        assert guess.what == "valid: 30 rows of train; 10 after them are left out"

    @pytest.mark.parametrize(("wanted", "fix"), [("0.8,0.1,0.1", "0.8889,0.1111"), ("80,10,10", "80,10")])
    def test_a_share_for_what_is_there_already_is_refused(self, wanted, fix):
        whole = raw_data.ramp(100)
        with pytest.raises(UsageError, match="has a test split of its own") as caught:
            cut(whole, wanted).two(whole, "valid", "")
        assert caught.value.fix == f"try --split {fix}"
        with pytest.raises(UsageError, match="no share for test"):
            cut(whole, "0.9,0.1").two(whole, "test", "")

    def test_half_a_million_characters_are_enough_to_choose_settings_on(self):
        whole = raw_data.documents("x" * 12_000_000)
        way = InOrder(dataset=raw_data.dataset(raw_data.CONTINUED, train=whole), wanted=None)
        parts, _ = way.two(whole, "valid", "")
        assert [len(part.inputs[0]) for part in parts.values()] == [11_500_000, 500_000]

    def test_of_a_long_text_no_more_is_held_out_than_measuring_needs(self):
        whole = raw_data.documents("x" * 12_000_000)
        way = InOrder(dataset=raw_data.dataset(raw_data.CONTINUED, all=whole), wanted=None)
        parts, _ = way.three(whole)
        assert [len(part.inputs[0]) for part in parts.values()] == [11_000_000, 500_000, 500_000]
        asked = InOrder(dataset=way.dataset, wanted=shares.parse_amounts("0.8,0.1,0.1"))
        assert [len(part.inputs[0]) for part in asked.three(whole)[0].values()] == [9_600_000, 1_200_000, 1_200_000]


def test_what_is_drawn_cannot_be_cut():
    whole = raw_data.texts(["a"], [0])
    way = InOrder(dataset=raw_data.dataset(raw_data.LABELLED, all=whole), wanted=None)
    with pytest.raises(TypeError, match="Label targets are not cut in order"):
        way.three(whole)
