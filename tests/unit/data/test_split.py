from dataclasses import replace

import numpy as np
import pytest
import raw_data
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Dataset, Image, Label, Number, Split
from gnomon.core.spec import Spec as SampleSpec
from gnomon.data.ragged import Ragged
from gnomon.data.split import ORIGINS, Subset, join, parse_shares, split, undo, whole


def digests(contents):
    words = np.zeros((len(contents), 2), np.uint64)
    words[:, 0] = contents
    return words.view("V16").ravel()


def part(targets, contents=None, prefix=""):
    targets = np.asarray(targets, dtype=np.int64)
    n = len(targets)
    return Split(
        inputs=np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1),
        targets=targets,
        ids=np.array([f"{prefix}{i}.png" for i in range(n)], dtype=object),
        hashes=digests(np.arange(n) if contents is None else contents),
    )


def dataset(classes=("cat", "dog"), **splits):
    return Dataset(
        name="pets",
        source="pets",
        reader="image_folder",
        spec=SampleSpec(input=Image(height_px=1, width_px=1, channels=1), target=Label(classes=classes)),
        splits=splits,
        fingerprint="f0",
    )


def sizes(found):
    return {name: len(part) for name, part in found.splits.items()}


balanced = [0, 1] * 50


@pytest.mark.parametrize(
    ("text", "shares"),
    [("0.8,0.1,0.1", (0.8, 0.1, 0.1)), ("0.9,0.1", (0.9, 0.1, 0.0)), ("0.9,0.1,0", (0.9, 0.1, 0.0))],
)
def test_shares_are_parsed(text, shares):
    assert parse_shares(text) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("80/10/10", "is not a list of numbers"),
        ("1.0", "has 1 shares, not two or three"),
        ("0.7,0.1,0.1,0.1", "has 4 shares, not two or three"),
        ("0.8,0.1,0.2", "sums to 1.1, not to 1"),
        ("nan,0.5,0.5", "sums to nan, not to 1"),
        ("0,0.5,0.5", "leaves nothing to train on"),
        ("1.2,0.1,-0.3", "leaves nothing to train on"),
        ("0.9,0,0.1", "has no share for valid"),
    ],
)
def test_bad_shares_are_refused_with_an_example(text, what):
    with pytest.raises(UsageError) as caught:
        parse_shares(text)
    assert what in str(caught.value)
    assert "--split 0.8,0.1,0.1" in caught.value.fix


def test_data_without_splits_get_eight_one_one_in_every_class():
    found = split(dataset(all=part(balanced)), "auto", seed=0)
    assert sizes(found) == {"train": 80, "valid": 10, "test": 10}
    for name, each in (("train", 40), ("valid", 5), ("test", 5)):
        assert np.bincount(found.splits[name].targets).tolist() == [each, each]
    (guess,) = found.guesses
    assert "train 80, valid 10, test 10" in guess.what
    assert "--split" in guess.flag
    assert found.facts[ORIGINS]["test"] == {"made_by": "gnomon", "indices_of": "all"}


def test_samples_keep_their_picture_label_and_id():
    whole = part(balanced)
    found = split(dataset(all=whole), "auto", seed=0)
    for made in found.splits.values():
        rows = np.array([int(name.removesuffix(".png")) for name in made.ids[:]])
        assert (np.diff(rows) > 0).all()
        assert np.array_equal(made.inputs[:], whole.inputs[rows])
        assert np.array_equal(made.targets, whole.targets[rows])
        assert np.array_equal(made.hashes, whole.hashes[rows])


def test_a_lone_train_split_counts_as_data_without_splits():
    found = split(dataset(train=part(balanced)), "auto", seed=0)
    assert sizes(found) == {"train": 80, "valid": 10, "test": 10}


def test_shares_that_the_user_gave_are_no_guess():
    found = split(dataset(all=part(balanced)), "0.6,0.2,0.2", seed=0)
    assert sizes(found) == {"train": 60, "valid": 20, "test": 20}
    assert found.guesses == ()
    assert sizes(split(dataset(all=part(balanced)), "0.9,0.1", seed=0)) == {"train": 90, "valid": 10}


def test_splits_of_the_data_are_kept_as_they_are():
    data = dataset(train=part([0, 1]), valid=part([0]), test=part([1]))
    found = split(data, "auto", seed=0)
    assert all(found.splits[name] is data.splits[name] for name in ("train", "valid", "test"))
    assert found.guesses == ()
    assert found.facts[ORIGINS]["valid"] == {"made_by": "data", "indices_of": None}
    with pytest.raises(UsageError, match="has valid and test splits of its own"):
        split(data, "0.8,0.1,0.1", seed=0)


def test_valid_is_carved_from_train_where_only_test_is_given():
    data = dataset(train=part(balanced), test=part([0, 1, 1]))
    found = split(data, "auto", seed=0)
    assert sizes(found) == {"train": 90, "valid": 10, "test": 3}
    assert found.splits["test"] is data.splits["test"]
    assert found.guesses[0].why == "the data has no valid split"
    assert found.facts[ORIGINS]["valid"] == {"made_by": "gnomon", "indices_of": "train"}


def test_at_most_a_thousand_samples_are_carved():
    found = split(dataset(train=part([0, 1] * 15_000), test=part([0])), "auto", seed=0)
    assert sizes(found) == {"train": 29_000, "valid": 1000, "test": 1}


def test_the_user_may_choose_the_share_that_is_carved():
    data = dataset(train=part(balanced), test=part([0]))
    assert sizes(split(data, "0.7,0.3", seed=0)) == {"train": 70, "valid": 30, "test": 1}
    with pytest.raises(UsageError, match="has a test split of its own"):
        split(data, "0.8,0.1,0.1", seed=0)


def test_the_datas_own_valid_split_serves_as_test_and_this_is_said():
    data = dataset(train=part(balanced), valid=part([0, 1, 0], prefix="v"))
    found = split(data, "auto", seed=0)
    assert sizes(found) == {"train": 90, "valid": 10, "test": 3}
    assert found.splits["test"] is data.splits["valid"]
    assert "serves as test" in found.guesses[0].why
    assert found.facts[ORIGINS]["test"] == {"made_by": "data", "indices_of": "valid"}


def test_valid_that_the_user_gave_stays_valid():
    data = join(dataset(all=part(balanced)), valid=dataset(all=part([1, 0])))
    found = split(data, "auto", seed=0)
    assert sizes(found) == {"train": 90, "valid": 2, "test": 10}
    assert found.facts[ORIGINS]["valid"] == {"made_by": "user", "indices_of": None}
    assert found.facts[ORIGINS]["test"] == {"made_by": "gnomon", "indices_of": "all"}


def test_both_splits_that_the_user_gave_leave_all_the_rest_for_training():
    data = join(dataset(all=part(balanced)), dataset(all=part([1, 0])), dataset(test=part([0]), train=part([1])))
    found = split(data, "auto", seed=0)
    assert sizes(found) == {"train": 100, "valid": 2, "test": 1}
    assert found.facts[ORIGINS]["train"] == {"made_by": "data", "indices_of": "all"}


def test_how_many_samples_differ_is_said_where_they_are_too_few():
    with pytest.raises(DataError, match=r"40 samples \(2 different ones\) are too few to hold some out for validation"):
        split(dataset(all=part([0, 1] * 20, [7] * 39 + [8])), "auto", seed=0)


def test_data_without_training_samples_are_refused():
    with pytest.raises(DataError, match="no train split, only: test"):
        split(dataset(test=part([0, 1]), train=part([])), "auto", seed=0)


def test_samples_that_are_all_the_same_are_refused():
    with pytest.raises(DataError, match="all 30 samples are the same") as refused:
        split(dataset(all=part([0] * 30, contents=np.zeros(30))), "auto", seed=0)
    assert "samples that differ" in refused.value.fix


@pytest.mark.parametrize("targets", [[0], [0, 1]])
def test_too_few_samples_to_hold_out_are_refused(targets):
    with pytest.raises(DataError, match="too few to hold some out"):
        split(dataset(all=part(targets)), "auto", seed=0)
    with pytest.raises(DataError, match="too few to hold some out"):
        split(dataset(train=part(targets), test=part([0])), "auto", seed=0)


def test_the_only_sample_of_a_class_stays_in_train():
    found = split(dataset(("cat", "dog", "owl"), all=part([2, *balanced])), "auto", seed=3)
    assert np.bincount(found.splits["train"].targets)[2] == 1


def test_a_class_that_is_one_content_stays_in_train():
    contents = [*range(100), *[1000] * 10]
    found = split(dataset(("cat", "dog", "owl"), all=part([*balanced, *[2] * 10], contents)), "auto", seed=3)
    assert np.bincount(found.splits["train"].targets)[2] == 10


def test_the_seed_decides_which_samples_are_held_out():
    def held(seed):
        return split(dataset(all=part(balanced)), "auto", seed=seed).splits["test"].ids[:].tolist()

    assert held(1) == held(1)
    assert held(1) != held(2)


def test_a_subset_is_a_view_with_int_slice_and_array_access():
    subset = Subset(np.array(["a", "b", "c", "d"], dtype=object), np.array([3, 1, 0]))
    assert len(subset) == 3
    assert subset[0] == "d"
    assert subset[1:].tolist() == ["b", "a"]
    assert subset[np.array([2, 2])].tolist() == ["a", "a"]


def test_join_unites_classes_by_name():
    valid = dataset(("dog", "owl"), all=part([0, 0]))
    joined = join(dataset(("cat", "dog"), all=part([0, 1])), valid=valid)
    assert joined.splits["valid"].targets.tolist() == [1, 1]
    assert joined.fingerprint != "f0"


def test_join_refuses_a_class_that_training_lacks():
    with pytest.raises(DataError, match="lacks: 'owl'") as caught:
        join(dataset(("cat", "dog"), all=part([0, 1])), test=dataset(("dog", "owl"), all=part([0, 1])))
    assert "'cat', 'dog'" in caught.value.fix


def test_join_refuses_other_sizes_and_several_splits():
    main = dataset(all=part([0, 1]))
    other = replace(main, spec=replace(main.spec, input=Image(height_px=2, width_px=2, channels=1)))
    with pytest.raises(DataError, match="height_px=2"):
        join(main, valid=other)
    with pytest.raises(DataError, match="splits train, test, but not valid"):
        join(main, valid=dataset(train=part([0]), test=part([1])))


def test_join_of_nothing_changes_nothing_that_matters():
    main = dataset(all=part([0, 1]))
    assert join(main).splits == dict(main.splits)
    assert join(main).fingerprint == main.fingerprint


@pytest.mark.parametrize(
    "raw",
    [
        dataset(all=part(balanced)),
        dataset(train=part(balanced), valid=part([1, 1])),
        dataset(train=part(balanced), test=part([1, 1])),
        dataset(train=part(balanced), valid=part([0]), test=part([1, 1])),
        join(dataset(all=part(balanced)), valid=dataset(all=part([1, 0]))),
        join(dataset(all=part(balanced)), dataset(all=part([1, 0])), dataset(all=part([1]))),
    ],
)
def test_undo_gives_back_what_was_split(raw):
    again = undo(split(raw, "auto", seed=0))
    assert set(again.splits) == set(raw.splits)
    for name, piece in raw.splits.items():
        assert again.splits[name].inputs is piece.inputs
        assert again.splits[name].ids is piece.ids
        assert np.array_equal(again.splits[name].targets, piece.targets)
        assert np.array_equal(again.splits[name].hashes, piece.hashes)
    assert split(again, "auto", seed=0).facts == split(raw, "auto", seed=0).facts
    assert undo(raw).splits == dict(raw.splits)


def test_texts_are_called_texts_where_they_are_too_few():
    raw = raw_data.dataset(raw_data.LABELLED, all=raw_data.texts(["a", "b"], [0, 1]))
    with pytest.raises(DataError, match="2 texts are too few") as caught:
        split(raw, "auto", seed=0)
    assert caught.value.fix.startswith("give more texts")


@pytest.mark.parametrize("own_test", [False, True])
def test_labels_that_are_all_distinct_look_like_free_text(own_test):
    names = tuple(f"comment {i} that somebody wrote" for i in range(9))
    spec = replace(raw_data.LABELLED, target=Label(classes=names))
    whole = raw_data.texts("abcdefghi", range(9))
    raw = raw_data.dataset(spec, **({"train": whole, "test": whole} if own_test else {"all": whole}))
    with pytest.raises(DataError, match="each of the 9 texts has a label of its own") as caught:
        split(raw, "auto", seed=0)
    assert "('comment 0 that somebody …', 'comment 1 that somebody …', …)" in str(caught.value)
    assert "--target" in caught.value.fix


def test_a_customary_split_of_shares_is_used_for_drawn_data_too():
    found = split(replace(dataset(all=part(balanced)), facts={"customary_split": "0.5,0.3,0.2"}), "auto", seed=0)
    assert sizes(found) == {"train": 50, "valid": 30, "test": 20}
    assert found.guesses[0].why.startswith("this is the customary split of pets")


class TestTags:
    raw = raw_data.dataset(
        raw_data.TAGGED,
        all=raw_data.sentences(
            [f"word{i % 90} is said" for i in range(100)], [[i % 3] * (1 + i % 3) for i in range(100)]
        ),
    )

    def test_sentences_are_drawn_and_keep_their_tags(self):
        found = split(self.raw, "auto", seed=0)
        assert sizes(found) == {"train": 80, "valid": 10, "test": 10}
        assert found.guesses[0].why == "the data has no splits of its own: seeded, equal contents on one side"
        for made in found.splits.values():
            rows = [int(name.removeprefix("s")) for name in made.ids[:]]
            assert isinstance(made.targets, Ragged)
            assert [tags.tolist() for tags in made.targets[:]] == [[i % 3] * (1 + i % 3) for i in rows]
            assert [words[0] for words in made.inputs[:]] == [f"word{i % 90}" for i in rows]

    def test_the_seed_decides_and_equal_sentences_share_a_part(self):
        def held(seed):
            return set(split(self.raw, "auto", seed=seed).splits["test"].inputs[:])

        assert held(1) == held(1) != held(2)
        for seed in range(3):
            found = split(self.raw, "auto", seed=seed)
            kinds = [set(made.inputs[:]) for made in found.splits.values()]
            assert not kinds[0] & kinds[1] | kinds[0] & kinds[2] | kinds[1] & kinds[2]

    def test_valid_is_drawn_from_train_where_only_test_is_given(self):
        raw = join(self.raw, test=raw_data.dataset(raw_data.TAGGED, all=raw_data.sentences(["go"], [[2]])))
        found = split(raw, "auto", seed=0)
        assert sizes(found) == {"train": 90, "valid": 10, "test": 1}
        assert found.guesses[0].what == "valid: 10 sentences held out of train"


class TestInOrder:
    def test_a_text_is_cut_by_characters(self):
        text = "".join(chr(97 + i % 26) for i in range(1115))
        raw = raw_data.dataset(raw_data.CONTINUED, all=raw_data.documents(text))
        found = split(raw, "0.9,0.1,0", seed=0)
        assert list(found.splits) == ["train", "valid"]
        assert found.splits["train"].inputs[0] == text[: int(0.9 * 1115)]
        assert found.splits["valid"].inputs[0] == text[int(0.9 * 1115) :]
        assert found.guesses == ()
        assert found.facts[ORIGINS]["valid"] == {"made_by": "gnomon", "indices_of": "all"}

    def test_a_series_is_cut_by_rows_as_is_customary(self):
        facts = {"customary_split": "50,20,20"}
        raw = raw_data.dataset(raw_data.FORECAST, facts=facts, train=raw_data.ramp(100))
        found = split(raw, "auto", seed=0)
        assert sizes(found) == {"train": 50, "valid": 20, "test": 20}
        assert found.splits["test"].ids[0] == "hour 70"
        assert sizes(split(raw, "0.5,0.5", seed=0)) == {"train": 50, "valid": 50}

    def test_the_end_of_train_is_valid_where_only_test_is_given(self):
        raw = raw_data.dataset(raw_data.CONTINUED, train=raw_data.documents("x" * 50, "y" * 50))
        test = raw_data.documents("zzz")
        for given_test in (
            replace(raw, splits={**raw.splits, "test": test}),
            join(raw, test=raw_data.dataset(raw_data.CONTINUED, all=test)),
        ):
            found = split(given_test, "auto", seed=0)
            assert found.splits["valid"].inputs[:] == ["y" * 10]
            assert found.splits["train"].inputs[:] == ["x" * 50, "y" * 40]
            assert found.splits["test"] is test
            assert found.guesses[0].what == "valid: the last 10 characters of train"

    def test_what_is_given_is_kept(self):
        parts = {name: raw_data.ramp(3) for name in ("train", "valid", "test")}
        found = split(raw_data.dataset(raw_data.FORECAST, facts={"customary_split": "5,1,1"}, **parts), "auto", seed=0)
        assert dict(found.splits) == parts
        assert found.guesses == ()

    def test_the_datas_own_valid_split_serves_as_test(self):
        raw = raw_data.dataset(raw_data.FORECAST, train=raw_data.ramp(100), valid=raw_data.ramp(7))
        found = split(raw, "auto", seed=0)
        assert sizes(found) == {"train": 90, "valid": 10, "test": 7}
        assert "serves as test" in found.guesses[0].why

    def test_valid_that_the_user_gave_stays_valid(self):
        raw = join(
            raw_data.dataset(raw_data.FORECAST, all=raw_data.ramp(100)),
            valid=raw_data.dataset(raw_data.FORECAST, all=raw_data.ramp(7, first=100)),
        )
        found = split(raw, "auto", seed=0)
        assert sizes(found) == {"train": 90, "valid": 7, "test": 10}
        assert found.facts[ORIGINS]["valid"]["made_by"] == "user"

    def test_shares_that_are_bad_are_refused_before_anything_else(self):
        with pytest.raises(UsageError, match="neither shares nor counts"):
            split(raw_data.dataset(raw_data.FORECAST, test=raw_data.ramp(3)), "8.5,1,1", seed=0)
        with pytest.raises(DataError, match="there is no train split, only: test"):
            split(raw_data.dataset(raw_data.FORECAST, test=raw_data.ramp(3)), "auto", seed=0)


@pytest.mark.parametrize(
    "raw",
    [
        TestTags.raw,
        raw_data.dataset(raw_data.CONTINUED, all=raw_data.documents("x" * 30, "", "y" * 20)),
        raw_data.dataset(raw_data.CONTINUED, train=raw_data.documents("x" * 30), test=raw_data.documents("y")),
        raw_data.dataset(raw_data.FORECAST, train=raw_data.ramp(30), valid=raw_data.ramp(3)),
        raw_data.dataset(raw_data.FORECAST, facts={"customary_split": "5,3,3"}, all=raw_data.ramp(30)),
    ],
)
def test_undo_gives_back_the_very_splits_of_every_kind_of_data(raw):
    found = split(raw, "auto", seed=0)
    assert undo(found).splits == dict(raw.splits)
    assert undo(raw).splits == dict(raw.splits)
    assert sizes(split(undo(found), "auto", seed=0)) == sizes(found)


@given(num_samples=st.integers(8, 60), seed=st.integers(0, 5), tags=st.booleans())
@settings(deadline=None, max_examples=40)
def test_drawn_samples_are_neither_lost_nor_taken_twice(num_samples, seed, tags):
    contents = [f"w{i}" for i in range(num_samples)]
    if tags:
        raw = raw_data.dataset(raw_data.TAGGED, all=raw_data.sentences(contents, [[i % 3] for i in range(num_samples)]))
    else:
        raw = raw_data.dataset(raw_data.LABELLED, all=raw_data.texts(contents, [i % 2 for i in range(num_samples)]))
    found = split(raw, "0.6,0.2,0.2", seed=seed)
    drawn = [name for made in found.splits.values() for name in made.ids[:]]
    assert sorted(drawn) == sorted(raw.splits["all"].ids)


def test_a_whole_is_no_part():
    with pytest.raises(TypeError, match="no part of another split"):
        whole(part([0, 1]))
    with pytest.raises(TypeError, match="no part of another split"):
        whole(replace(part([0]), inputs=Subset(np.arange(3), np.array([1]))))


def table(values, **others):
    numbers = np.asarray(values, np.float64)
    made = replace(part(np.zeros(len(numbers))), targets=numbers, **others)
    return replace(dataset(all=made), spec=SampleSpec(input=dataset().spec.input, target=Number(name="price")))


def test_a_group_lies_on_one_side_and_its_contents_do_not_matter():
    groups = np.arange(100) // 5
    found = split(dataset(all=replace(part(balanced), groups=groups)), "auto", 0)
    assert {name: len(np.unique(one.groups)) for name, one in found.splits.items()} == {
        "train": 16, "valid": 2, "test": 2
    }  # fmt: skip
    parts = [set(one.groups.tolist()) for one in found.splits.values()]
    assert not parts[0] & parts[1] and not parts[1] & parts[2] and not parts[0] & parts[2]
    assert "each group on one side" in found.guesses[-1].why
    assert len(np.unique(undo(found).splits["all"].groups)) == 20


def test_the_latest_are_held_out_and_equal_times_are_on_one_side():
    times = np.random.default_rng(0).permutation(100) // 3
    found = split(dataset(all=replace(part(balanced), times=times)), "0.7,0.2,0.1", 0)
    train, valid, test = (found.splits[name].times for name in ("train", "valid", "test"))
    assert train.max() < valid.min() <= valid.max() < test.min()
    assert abs(len(train) - 70) <= 3


def test_rows_of_one_time_cannot_be_cut():
    with pytest.raises(DataError, match="1 different times cannot be cut"):
        split(dataset(all=replace(part(balanced), times=np.zeros(100, np.int64))), "auto", 0)


def test_the_latest_training_rows_become_valid_where_a_test_is_given():
    given = replace(part(balanced), times=np.arange(100))
    found = split(dataset(train=given, test=replace(part(balanced), times=np.arange(100))), "auto", 0)
    assert found.splits["valid"].times.min() == 90
    assert found.guesses[-1].what == "valid: the latest 10 rows of train"


def test_numbers_are_stratified_by_tenths():
    values = np.random.default_rng(1).exponential(size=1000)
    found = split(table(values), "auto", 0)
    low = np.quantile(values, 0.1)
    assert {name: int((one.targets < low).sum()) for name, one in found.splits.items()} == {
        "train": 80, "valid": 10, "test": 10
    }  # fmt: skip
    assert sizes(split(table([1.0] * 40), "auto", 0)) == {"train": 32, "valid": 4, "test": 4}


def test_groups_stay_whole_where_samples_have_some():
    parent = replace(part([0, 1] * 30), groups=np.repeat(np.arange(6), 10))
    found = split(dataset(all=parent), "auto", 0)
    kept = {name: set(one.groups.tolist()) for name, one in found.splits.items()}
    assert [len(groups) for groups in kept.values()] == [4, 1, 1]
    assert set().union(*kept.values()) == set(range(6))
    assert "each group on one side" in found.guesses[-1].why
    carved = split(dataset(train=parent, test=part([0, 1], prefix="t")), "auto", 0)
    assert not set(carved.splits["train"].groups.tolist()) & set(carved.splits["valid"].groups.tolist())
