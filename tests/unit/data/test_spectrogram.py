import numpy as np
import pytest
from small_sounds import RATE_HZ, tone

from gnomon.core.mel import hz_of, mel_of
from gnomon.data.spectrogram import cepstra, log_mel, statistics


def test_a_sine_is_loudest_in_its_own_band():
    for hz in (300.0, 1000.0, 2500.0):
        frames = log_mel(tone(hz, 0.5), RATE_HZ, num_mels=40)
        assert frames.shape == (40, 50)
        middles = hz_of(np.linspace(*mel_of(np.array([20.0, 4000.0])), 42))[1:-1]
        assert middles[frames[:, 20].argmax()] == pytest.approx(hz, rel=0.08)


def test_white_noise_has_its_power_in_every_band():
    noise = np.random.default_rng(0).normal(0, 0.1, 80_000)
    frames = log_mel(np.rint(noise * 32768).astype(np.int16), RATE_HZ, num_mels=10)
    assert np.exp(frames[:, 5:-5]).mean() == pytest.approx(0.01, rel=0.03)


def test_silence_is_the_floor_and_a_short_recording_has_a_frame():
    assert log_mel(np.zeros(800, np.int16), RATE_HZ) == pytest.approx(np.full((40, 10), np.log(1e-6)))
    assert log_mel(np.zeros(3, np.int16), RATE_HZ).shape == (40, 1)


def test_cepstra_are_an_orthonormal_cosine_transform():
    frames = np.random.default_rng(0).normal(size=(8, 3))
    whole = cepstra(frames, 8)
    assert np.square(whole).sum() == pytest.approx(np.square(frames).sum())
    assert cepstra(np.ones((8, 1)), 3)[:, 0] == pytest.approx([np.sqrt(8), 0, 0])


def test_statistics_are_of_one_size_and_do_not_see_padding():
    short, padded = statistics(tone(seed=0), RATE_HZ), statistics(np.pad(tone(seed=0), (0, 3000)), RATE_HZ)
    assert short.shape == (20 * 9,)
    assert padded == pytest.approx(short)
    assert np.isfinite(statistics(np.zeros(100, np.int16), RATE_HZ)).all()
    assert np.isfinite(statistics(tone(seconds=0.006), RATE_HZ)).all()
