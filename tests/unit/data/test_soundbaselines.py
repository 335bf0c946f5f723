import numpy as np
import small_kinds

from gnomon.data import soundbaselines


def test_the_linear_model_tells_tones_apart_it_has_not_heard():
    draw = np.random.default_rng(0)
    train, other = small_kinds.sounds(60, draw), small_kinds.sounds(30, draw)
    scores = soundbaselines.cepstral_ridge(train, other.inputs, small_kinds.SOUND, 3, seed=0)
    assert scores.shape == (30, 3)
    assert (scores.argmax(1) == other.targets).all()


def test_of_many_recordings_some_are_used(monkeypatch):
    monkeypatch.setattr(soundbaselines, "MAX_ROWS", 9)
    train = small_kinds.sounds(40, np.random.default_rng(0))
    first, second = (soundbaselines.cepstral_ridge(train, train.inputs, small_kinds.SOUND, 3, seed=s) for s in (0, 0))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, soundbaselines.cepstral_ridge(train, train.inputs, small_kinds.SOUND, 3, seed=1))
