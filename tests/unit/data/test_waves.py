import numpy as np
import pytest
from small_sounds import RATE_HZ, tone

from gnomon.data import waves
from gnomon.data.ragged import Ragged
from gnomon.data.split import Subset
from gnomon.data.waves import Resampled, Waves


def column(*arrays):
    return Ragged.of([np.asarray(array, np.int16) for array in arrays], like=np.zeros(0, np.int16))


def test_short_ones_get_zeros_and_long_ones_their_loudest_part():
    long = np.concatenate([np.full(800, 10), np.full(800, 5000), np.full(800, 10)])
    found = Waves(column([7, 8, 9], long), rate_hz=8000, length=800, level=False)
    assert len(found) == 2
    assert found.lengths.tolist() == [3, 800]
    assert found[0].tolist() == [7, 8, 9] + [0] * 797
    assert found[1].tolist() == [5000] * 800
    both = found[np.array([1, 0])]
    assert both.shape == (2, 800)
    assert both.dtype == np.int16
    assert np.array_equal(both[0], found[1])
    assert np.array_equal(found[0:2], both[::-1])


def test_a_window_is_where_it_is_asked_for():
    found = Waves(column(np.arange(100)), rate_hz=8000, length=10, level=False)
    assert found.window(0, 0.0).tolist() == list(range(10))
    assert found.window(0, 1.0).tolist() == list(range(90, 100))


def test_all_are_brought_to_one_loudness_whatever_their_pauses():
    quiet = tone(loud=0.003)
    paused = np.concatenate([np.zeros(8000, np.int16), tone(loud=0.5), np.zeros(8000, np.int16)])
    found = Waves(column(quiet, paused), rate_hz=RATE_HZ, length=20_000, level=True)
    for row in range(2):
        assert waves.loudness(found[row][: found.lengths[row]], RATE_HZ) == pytest.approx(waves.LEVEL, rel=0.02)


def test_a_peak_is_not_clipped_for_the_sake_of_loudness():
    clicks = np.zeros(8000, np.int16)
    clicks[::2000] = 20_000
    clicks[:80] = 20_000
    assert np.abs(waves.levelled(clicks, RATE_HZ)).max() <= 32_767


def test_silence_stays_silence():
    silence = np.zeros(500, np.int16)
    assert np.array_equal(waves.levelled(silence, RATE_HZ), silence)
    assert waves.loudness(silence, RATE_HZ) == 0.0


def test_loudness_of_a_sine():
    assert waves.loudness(tone(400, 1.0, loud=0.5), RATE_HZ) == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)


def test_lengths_go_through_subsets_and_resampling():
    parent = column(np.arange(100), np.arange(30), np.arange(60))
    some = Subset(parent, np.array([2, 0]))
    assert waves.lengths_of(some).tolist() == [60, 100]
    assert waves.lengths_of(Resampled(some, from_hz=8000, to_hz=16_000)).tolist() == [120, 200]
    with pytest.raises(TypeError, match="a list holds no recordings"):
        waves.lengths_of([1, 2])


def test_resampled_recordings_sound_the_same():
    found = Resampled(column(tone(440, 0.5, rate_hz=16_000)), from_hz=16_000, to_hz=8000)
    assert len(found) == 1
    assert found[0][400:3600] == pytest.approx(tone(440, 0.5)[400:3600], abs=150)
    assert np.array_equal(found[np.array([0])][0], found[0])
