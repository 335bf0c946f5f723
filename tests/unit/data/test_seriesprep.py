import json

import numpy as np
import pytest

from gnomon.core.errors import ArtefactError, DataError, UsageError
from gnomon.core.spec import Dataset, Label, Series, Spec, Split
from gnomon.data import ordered
from gnomon.data.seriesprep import SeriesConfig, continuation, prepare
from gnomon.data.timetable import Stamps, instant

HOUR = 3_600_000_000
TIME = {"form": "date", "size": HOUR, "months": 0, "weekdays": False}


def whole(rows):
    rows = np.asarray(rows, np.float32)
    times = instant("2016-07-01", "date") + HOUR * np.arange(len(rows))
    hashes = np.arange(2 * len(rows), dtype=np.uint64).view("V16")
    return Split(inputs=rows, targets=rows, ids=Stamps(times, "date"), hashes=hashes)


def dataset(rows, limits=(), *, names=("a", "b"), targets=None):
    """A series cut in order at ``limits``; without them it is left whole."""
    split = whole(rows)
    tape = ordered.Tape(split, "rows")
    parts = dict(zip(("train", "valid", "test"), limits, strict=False))
    return Dataset(
        name="power",
        source="power.csv",
        reader="series_table",
        spec=Spec(input=Series(names=names, length=0), target=Series(names=targets or names, length=0)),
        splits={name: tape.cut(*limit) for name, limit in parts.items()} or {"all": split},
        fingerprint="",
        facts={"series": TIME, "repaired": ["sorted"]},
    )


def wave(count):
    time = np.arange(count)
    return np.stack([np.sin(2 * np.pi * time / 24), 10 + 3 * np.cos(2 * np.pi * time / 24)], axis=1)


CUT = ((0, 400), (400, 500), (500, 600))


def test_everything_is_found_on_the_training_rows():
    rows = wave(600)
    rows[400:] = 1e6
    made, facts = prepare(dataset(rows, CUT), SeriesConfig())
    assert (facts["period"], facts["horizon"], facts["lookback"]) == (24, 24, 168)  # half of 400 - 24, whole days
    assert made.spec.input.mean == pytest.approx(rows[:400].mean(axis=0), abs=1e-4)
    assert made.spec.input.deviation == pytest.approx(rows[:400].std(axis=0), abs=1e-4)
    assert made.spec.input.naive_error == pytest.approx((0, 0), abs=1e-5)
    assert made.spec.target == Series(
        names=("a", "b"),
        length=24,
        period=24,
        mean=made.spec.input.mean,
        deviation=made.spec.input.deviation,
        naive_error=made.spec.input.naive_error,
    )
    assert json.loads(json.dumps(facts)) == facts


def test_windows_look_back_into_the_split_before_and_none_is_dropped():
    made, _ = prepare(dataset(wave(600), CUT), SeriesConfig(horizon=10, lookback=48))
    assert {name: len(split) for name, split in made.splits.items()} == {
        "train": 400 - 48 - 10 + 1,
        "valid": 100 - 10 + 1,
        "test": 91,
    }
    rows = wave(600).astype(np.float32)
    assert np.array_equal(made.splits["valid"].inputs[0], rows[352:400])
    assert np.array_equal(made.splits["valid"].targets.futures(0), rows[400:410])
    assert np.array_equal(made.splits["test"].targets.futures(-1), rows[590:600])
    assert np.array_equal(made.splits["train"].inputs[0], rows[:48])


def test_a_window_is_named_by_the_time_at_which_its_horizon_begins():
    made, _ = prepare(dataset(wave(600), CUT), SeriesConfig(horizon=10, lookback=48))
    assert made.splits["train"].ids[0] == "2016-07-03 00:00:00"
    assert made.splits["valid"].ids[0] == "2016-07-17 16:00:00"
    for split in made.splits.values():
        assert len(split) == len(split.ids) == len(split.hashes) == len(split.targets)


def test_a_split_that_nothing_comes_before_gives_its_own_first_rows():
    alone = dataset(wave(600), ((0, 400),))
    apart = dataset(wave(100)).splits["all"]
    made, _ = prepare(
        Dataset(**{**vars(alone), "splits": {**alone.splits, "test": apart}}), SeriesConfig(horizon=10, lookback=48)
    )
    assert len(made.splits["test"]) == 100 - 48 - 10 + 1
    assert made.splits["test"].ids[0] == "2016-07-03 00:00:00"


def test_some_channels_are_forecast_from_all():
    made, _ = prepare(dataset(wave(600), CUT, targets=("b",)), SeriesConfig())
    assert made.spec.target.names == ("b",)
    assert made.spec.target.mean == made.spec.input.mean[1:]
    assert made.splits["test"].inputs[0].shape == (168, 2)
    assert made.splits["test"].inputs.futures(0).shape == (24, 1)


@pytest.mark.parametrize(("horizon", "lookback"), [(24, 504), (600, 600), (719, 696)])
def test_as_much_is_known_as_is_forecast_and_no_less_than_512_steps_in_whole_seasons(horizon, lookback):
    cut = ((0, 3000), (3000, 4000), (4000, 5000))
    _, facts = prepare(dataset(wave(5000), cut), SeriesConfig(horizon=horizon, period=24))
    assert facts["lookback"] == lookback


def test_without_a_season_24_steps_are_forecast():
    walk = np.random.default_rng(0).normal(size=(600, 2)).cumsum(axis=0)
    made, facts = prepare(dataset(walk, CUT), SeriesConfig())
    assert (facts["period"], facts["horizon"], facts["lookback"]) == (1, 24, 188)
    assert [guess.what for guess in made.guesses] == [
        "there is no season",
        "24 steps are forecast",
        "188 steps before them are known",
    ]


def test_what_the_user_says_is_no_guess():
    made, _ = prepare(dataset(wave(600), CUT), SeriesConfig(horizon=5, lookback=7, period=3))
    assert made.guesses == ()
    assert (made.spec.input.length, made.spec.target.length, made.spec.input.period) == (7, 5, 3)


def test_a_horizon_longer_than_a_split_is_refused_with_advice():
    with pytest.raises(DataError, match="a horizon of 96 steps does not fit into the 50 rows of valid") as error:
        prepare(dataset(wave(600), ((0, 450), (450, 500), (500, 600))), SeriesConfig(horizon=96))
    assert "--horizon 25" in error.value.fix
    with pytest.raises(DataError, match="390 known steps and a horizon of 20 do not fit into the 400 rows of train"):
        prepare(dataset(wave(600), CUT), SeriesConfig(horizon=20, lookback=390))


@pytest.mark.parametrize("name", ["horizon", "lookback", "period"])
def test_impossible_settings_are_refused(name):
    with pytest.raises(UsageError, match=f"series.{name} = 0 is not possible"):
        SeriesConfig(**{name: 0})


def test_what_was_fitted_before_is_used_as_it_is():
    given = dataset(wave(600), CUT)
    _, facts = prepare(given, SeriesConfig())
    changed = {**facts, "mean": [5.0, 6.0], "horizon": 12}
    again, kept = prepare(given, SeriesConfig(horizon=99), json.loads(json.dumps(changed)))
    assert kept == changed
    assert again.spec.input.mean == (5, 6)
    assert again.spec.target.length == 12
    with pytest.raises(ArtefactError, match="the model knows the channels"):
        prepare(dataset(wave(600), CUT, names=("a", "c")), SeriesConfig(), facts)


def test_a_channel_that_never_changes_is_divided_by_one():
    rows = wave(600)
    rows[:, 1] = 7
    made, facts = prepare(dataset(rows, CUT), SeriesConfig())
    assert facts["deviation"][1] == 1.0
    assert made.spec.input.naive_error[1] == 0


def test_a_model_goes_on_from_the_last_rows_of_any_table():
    made, facts = prepare(dataset(wave(600), CUT), SeriesConfig(horizon=3, lookback=48))
    table = np.concatenate([np.full((100, 1), 5), wave(100)[:, ::-1]], axis=1)
    found = continuation(dataset(table, names=("extra", "b", "a")), made.spec, facts)
    assert found.inputs.shape == (1, 48, 2)
    assert np.array_equal(found.inputs[0], wave(100)[-48:].astype(np.float32))
    assert found.known[-1] == "2016-07-05 03:00:00"
    assert found.times == ("2016-07-05 04:00:00", "2016-07-05 05:00:00", "2016-07-05 06:00:00")
    assert found.told == ("sorted",)


def test_a_table_that_a_model_cannot_use_is_refused_with_advice():
    made, facts = prepare(dataset(wave(600), CUT), SeriesConfig(horizon=3, lookback=48))
    with pytest.raises(DataError, match="has no column 'b', which the model needs"):
        continuation(dataset(wave(100), names=("a", "c")), made.spec, facts)
    with pytest.raises(DataError, match="has 20 rows; the model looks at the last 48"):
        continuation(dataset(wave(20)), made.spec, facts)


def test_labelled_series_get_the_scaling_of_their_training_samples():
    values = np.random.default_rng(0).normal(3, 2, size=(40, 10, 2)).astype(np.float32)
    hashes = np.arange(80, dtype=np.uint64).view("V16")
    split = Split(inputs=values, targets=np.arange(40) % 2, ids=np.arange(40).astype(str), hashes=hashes)
    given = Dataset(
        name="toy",
        source="toy",
        reader="ucr",
        spec=Spec(input=Series(names=("a", "b"), length=10), target=Label(classes=("x", "y"))),
        splits={"train": split},
        fingerprint="",
    )
    made, facts = prepare(given, SeriesConfig())
    assert made.spec.input.mean == pytest.approx(values.mean(axis=(0, 1)), rel=1e-5)
    assert made.spec.input.deviation == pytest.approx(values.std(axis=(0, 1)), rel=1e-5)
    assert made.splits is given.splits
    assert prepare(given, SeriesConfig(), json.loads(json.dumps(facts)))[0].spec == made.spec
