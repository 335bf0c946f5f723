import numpy as np
import raw_data
from raw_data import dataset, numbered
from small_sounds import RATE_HZ

from gnomon.core.spec import Audio, Label, Spec, Split
from gnomon.data import soundfindings
from gnomon.data.ragged import Ragged

SPEC = Spec(input=Audio(rate_hz=RATE_HZ), target=Label(classes=("a", "b")))


def found(*seconds, facts=None):
    column = Ragged.of([np.ones(round(s * RATE_HZ), np.int16) for s in seconds], like=np.zeros(0, np.int16))
    hashes = np.arange(2 * len(seconds), dtype=np.uint64).view("V16")
    part = Split(
        inputs=column, targets=np.zeros(len(seconds), np.int64), ids=numbered(len(seconds), "r"), hashes=hashes
    )
    return list(soundfindings.find(dataset(SPEC, facts=facts, train=part)))


def test_recordings_that_are_alike_give_nothing_to_say():
    assert found(1.0, 1.2, 0.8, facts={"num_clipped": 0, "rates_hz": {"8000": 3}, "channel_counts": {"1": 3}}) == []


def test_very_long_and_very_short_ones_are_named():
    long, short = found(1.0, 1.0, 1.0, 1.0, 30.0, 0.01)
    assert long.text == "1 recording of train is very long: 30.00 s, where the median is 1.00 s"
    assert long.ids == ("r4",)
    assert short.text == "1 recording of train is very short: 0.01 s, where the median is 1.00 s"


def test_clipped_ones_and_mixed_rates_are_told():
    facts = {"num_clipped": 2, "clipped": ["x.wav", "y.wav"], "rates_hz": {"8000": 5, "44100": 1}}
    clipped, rates = found(1.0, facts=facts)
    assert clipped.level == "warning"
    assert clipped.text.startswith("2 recordings are clipped")
    assert clipped.ids == ("x.wav", "y.wav")
    assert rates.text == "2 sampling rates: 8,000 Hz (5), 44,100 Hz (1)"


def test_other_data_has_no_such_findings():
    assert list(soundfindings.find(dataset(raw_data.LABELLED, train=raw_data.texts(["a"], [0])))) == []
