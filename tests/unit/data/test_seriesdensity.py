"""Series of which the probability is learned: windows of rows, and labelled series as they are."""

from dataclasses import replace

import numpy as np
import pytest

from gnomon.core.errors import ArtefactError, DataError, UsageError
from gnomon.core.spec import Dataset, Density, Label, Normality, Series, Spec, Split
from gnomon.data import seriesdensity
from gnomon.data.ordered import Tape

ROWS = 400


def rows(num_rows=ROWS, *, season=12):
    time = np.arange(num_rows)
    noise = np.random.default_rng(0).normal(0, 0.1, (num_rows, 2))
    return (np.stack([np.sin(2 * np.pi * time / season), time * 0.0 + 5], axis=1) + noise).astype(np.float32)


def whole(values, names=("a", "b"), target=None):
    ids = np.array([f"t{k}" for k in range(len(values))], dtype=object)
    hashes = np.arange(2 * len(values), dtype=np.uint64).view("V16")
    series = Series(names=names, length=0)
    part = Split(inputs=values, targets=values, ids=ids, hashes=hashes)
    return Dataset(
        name="s", source="s.csv", reader="series_table", fingerprint="f",
        spec=Spec(input=series, target=replace(series, names=target or names)), splits={"all": part},
    )  # fmt: skip


def cut(dataset, shares=(320, 40, 40)):
    tape, found, start = Tape(dataset.splits["all"], "rows"), {}, 0
    for name, size in zip(("train", "valid", "test"), shares, strict=True):
        found[name] = tape.cut(start, start + size)
        start += size
    return replace(dataset, splits=found)


def labelled(classes=("x", "y"), num=6):
    draw = np.random.default_rng(1)
    parts = {}
    for name in ("train", "valid", "test"):
        values = draw.normal(size=(num, 8, 1)).astype(np.float32)
        hashes = draw.integers(0, 2**62, 2 * num).astype(np.uint64).view("V16")
        ids = np.array([f"{name}{k}" for k in range(num)], dtype=object)
        parts[name] = Split(inputs=values, targets=np.arange(num) % len(classes), ids=ids, hashes=hashes)
    return Dataset(
        name="u", source="u", reader="ucr", fingerprint="f", splits=parts,
        spec=Spec(input=Series(names=("value",), length=8), target=Label(classes=classes)),
    )  # fmt: skip


def prepared(dataset, wanted=Normality, known=None, **settings):
    layers = [("user", {name.replace("__", "."): value for name, value in settings.items()})]
    made, facts, _ = seriesdensity.prepare(dataset, layers, wanted, known)
    return made, facts


class TestRows:
    def test_windows_are_whole_seasons_and_scaled_by_the_training_rows(self):
        made, facts = prepared(cut(whole(rows())))
        assert (facts["period"], facts["window"]) == (12, 24)  # a tenth of the rows is 32: two seasons fit
        assert made.spec.target == Normality()
        train = rows()[:320].astype(np.float64)
        np.testing.assert_allclose(made.spec.input.mean, train.mean(0), rtol=1e-6)
        np.testing.assert_allclose(made.spec.input.deviation, train.std(0), rtol=1e-5)
        told = [guess.what for guess in made.guesses]
        assert told == ["the season is 12 steps", "windows of 24 steps are looked at"]

    def test_all_training_windows_are_there_and_the_others_lie_side_by_side(self):
        made, _ = prepared(cut(whole(rows())))
        train, valid = made.splits["train"], made.splits["valid"]
        assert len(train) == 320 - 24 + 1
        assert train.ids[0] == "t0"
        assert train.ids[296] == "t296"
        assert [valid.ids[k] for k in range(len(valid))] == ["t320", "t336"]
        np.testing.assert_array_equal(valid.inputs[0], rows()[320:344])
        np.testing.assert_array_equal(valid.inputs[1], rows()[336:360])
        assert valid.inputs.before == 23
        assert valid.targets.tolist() == [-1, -1]

    def test_a_split_with_fewer_rows_than_a_window_looks_back(self):
        made, _ = prepared(cut(whole(rows()), (320, 8, 10)))
        valid = made.splits["valid"]
        assert len(valid) == 1
        np.testing.assert_array_equal(valid.inputs[0], rows()[304:328])

    def test_a_split_of_its_own_that_is_too_short_is_mirrored(self):
        data = cut(whole(rows()))
        alone = whole(rows()[:5]).splits["all"]
        made, _ = prepared(replace(data, splits={**data.splits, "test": alone}))
        assert made.splits["test"].inputs.before == 19
        assert len(made.splits["test"]) == 1

    def test_the_length_and_the_season_are_settings(self):
        made, facts = prepared(cut(whole(rows())), series__window=10, series__period=1)
        assert (facts["window"], facts["period"]) == (10, 1)
        assert made.spec.input.length == 10
        assert made.guesses == ()

    def test_only_the_channels_that_are_named_are_learned(self):
        made, facts = prepared(cut(whole(rows(), target=("b",))))
        assert facts["names"] == ["b"]
        assert made.splits["train"].inputs.rows.shape == (320, 1)

    def test_what_was_fitted_is_taken_over(self):
        data = cut(whole(rows()))
        _, facts = prepared(data)
        shifted = cut(whole(rows() + 7))
        again, kept = prepared(shifted, known=facts)
        assert kept == facts
        assert list(again.spec.input.mean) == facts["mean"]
        with pytest.raises(ArtefactError, match="the model knows the channels"):
            prepared(cut(whole(rows(), names=("a", "c"))), known=facts)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"series__horizon": 5}, "--horizon means nothing"),
            ({"series__lookback": 5}, "series.lookback means nothing"),
            ({"density__binarize": "dynamic"}, "cannot be made of two values"),
            ({"density__anomalous": ["a"]}, "have no classes"),
        ],
    )
    def test_settings_that_mean_nothing_are_refused(self, settings, message):
        with pytest.raises(UsageError, match=message):
            prepared(cut(whole(rows())), **settings)

    def test_series_that_are_too_short_or_never_change_are_refused(self):
        with pytest.raises(DataError, match="too few for windows of 320"):
            prepared(cut(whole(rows())), series__window=320)
        with pytest.raises(DataError, match="no channel ever changes"):
            prepared(cut(whole(np.ones((ROWS, 2), np.float32))))


class TestLabelled:
    def test_a_model_that_draws_is_told_the_class(self):
        made, facts = prepared(labelled(), Density)
        assert made.spec.target == Density(classes=("x", "y"), conditional=True)
        assert facts["conditional"]
        assert made.spec.input.length == 8

    def test_anomalous_classes_stay_in_the_test_split_alone(self):
        made, facts = prepared(labelled(), density__anomalous=["y"])
        assert facts["normal"] == ["x"]
        assert made.splits["train"].targets.tolist() == [0, 0, 0]
        assert sorted(made.splits["test"].targets.tolist()) == [0, 0, 0, 1, 1, 1]

    def test_series_of_another_length_do_not_fit_what_is_known(self):
        _, facts = prepared(labelled(), Density)
        with pytest.raises(DataError, match="has series of 8 steps of 1 channels, the model knows 9"):
            prepared(labelled(), Density, known={**facts, "window": 9})
