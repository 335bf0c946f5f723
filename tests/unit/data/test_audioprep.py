import json

import numpy as np
import pytest
from raw_data import dataset, numbered
from small_sounds import RATE_HZ, tone

from gnomon.core.errors import ArtefactError, DataError, UsageError
from gnomon.core.spec import Audio, Label, Spec, Split, Waveform
from gnomon.data import audioprep
from gnomon.data.audioprep import SoundConfig, prepare
from gnomon.data.ragged import Ragged

SPEC = Spec(input=Audio(rate_hz=RATE_HZ), target=Label(classes=("a", "b")))


def split(arrays, targets=None):
    column = Ragged.of([np.asarray(array, np.int16) for array in arrays], like=np.zeros(0, np.int16))
    targets = np.arange(len(arrays)) % 2 if targets is None else np.asarray(targets)
    hashes = np.arange(2 * len(arrays), dtype=np.uint64).view("V16")
    return Split(inputs=column, targets=targets.astype(np.int64), ids=numbered(len(arrays)), hashes=hashes)


def prepared(train, test=None, *, known=None, spec=SPEC, **settings):
    splits = {"train": split(train), **({} if test is None else {"test": split(test)})}
    return prepare(dataset(spec, **splits), SoundConfig(**settings), known)


def test_the_longest_training_recording_sets_the_length():
    made, facts = prepared([tone(seconds=s) for s in (0.2, 0.31, 0.1)], [tone(seconds=0.5)])
    assert made.spec.input == Waveform(rate_hz=RATE_HZ, length=2480)
    assert facts == {"kind": "audio", "rate_hz": RATE_HZ, "length": 2480, "loudness": "keep", "label_from": "auto"}
    assert json.loads(json.dumps(facts)) == facts
    assert made.splits["test"].inputs[0].shape == (2480,)
    assert made.guesses == ()


def test_a_single_very_long_one_is_cut_and_that_is_said():
    made, facts = prepared([*(tone(seconds=0.2 + 0.0001 * i) for i in range(200)), tone(seconds=3.0)])
    assert facts["length"] == pytest.approx(0.22 * RATE_HZ, abs=80)
    (guess,) = made.guesses
    assert "s of each recording are heard" in guess.what
    assert "1 of 201 training recordings are longer, up to 3.00 s" in guess.why
    assert guess.flag == "--set sound.length_s=3.00"


def test_nothing_longer_than_ten_seconds_is_heard_unasked():
    assert prepared([tone(seconds=11.0)])[1]["length"] == 10 * RATE_HZ
    assert prepared([tone(seconds=0.2)], length_s=0.05)[1]["length"] == 400


def test_loudness_that_differs_is_levelled_unless_it_tells_the_class():
    louds = np.random.default_rng(0).permutation(np.geomspace(0.005, 0.5, 40))
    made, facts = prepared([tone(loud=loud) for loud in louds])
    assert facts["loudness"] == "level"
    assert "differs by" in made.guesses[0].why
    told, facts = prepared([tone(loud=(0.01, 0.5)[place % 2]) for place in range(40)])
    assert facts["loudness"] == "keep"
    assert "the class explains 100% of that" in told.guesses[0].why
    assert (
        prepared([tone(loud=(0.01, 0.5)[place % 2]) for place in range(40)], loudness="level")[1]["loudness"] == "level"
    )


def test_what_was_fitted_is_used_again():
    _, facts = prepared([tone(seconds=0.2)])
    made, again = prepared([tone(seconds=0.4)], known=facts)
    assert again == facts
    assert made.splits["train"].inputs[0].shape == (1600,)


def test_recordings_of_another_rate_are_resampled():
    _, facts = prepared([tone(seconds=0.2)])
    other = Spec(input=Audio(rate_hz=16_000), target=SPEC.target)
    made, _ = prepared([tone(440, 0.2, rate_hz=16_000)], known=facts, spec=other)
    assert made.spec.input == Waveform(rate_hz=RATE_HZ, length=1600)
    assert made.splits["train"].inputs[0][300:1300] == pytest.approx(tone(440, 0.2)[300:1300], abs=150)


def test_one_recording_is_shaped_as_training_shaped_it():
    made, facts = prepared([tone(seconds=0.2), tone(seconds=0.1, loud=0.01)], loudness="level")
    for row, samples in enumerate([tone(seconds=0.2), tone(seconds=0.1, loud=0.01)]):
        assert np.array_equal(audioprep.shaped(samples, facts), made.splits["train"].inputs[row])


@pytest.mark.parametrize("change", [{"kind": "text"}, {"rate_hz": "fast"}, {"length": 0}, {"loudness": "x"}])
def test_what_is_no_preparation_is_refused(change):
    _, facts = prepared([tone()])
    with pytest.raises(ArtefactError, match="not understood"):
        prepared([tone()], known=facts | change)


def test_without_training_recordings_there_is_nothing_to_fit():
    with pytest.raises(DataError, match="no training split"):
        prepare(dataset(SPEC, test=split([tone()])), SoundConfig(), None)
    with pytest.raises(UsageError, match=r"sound.length_s"):
        SoundConfig(length_s=0.0)
