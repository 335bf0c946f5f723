"""Rows of a series, scored one by one."""

import numpy as np
import pytest
from fake_generative import model as pictures_model
from small_stretches import model, rows, split

from gnomon.core.errors import StoppedError, UsageError
from gnomon.outputs import rowscores


@pytest.fixture(scope="module")
def known():
    return model()


def test_every_row_has_a_score_whatever_their_number(known):
    for count in (1, 5, 11, 12, 13, 60, 61):
        found = rowscores.of_rows(known, rows(count))
        assert len(found.score) == count
        assert np.isfinite(found.score).all()
        np.testing.assert_array_equal(found.values, rows(count))


def test_what_windows_say_of_a_row_is_averaged(known):
    values = rows(15)
    found = rowscores.of_rows(known, values)
    import torch

    starts = [0, 3]  # windows of 12 rows, one every 3
    said = known.network.steps(torch.from_numpy(np.stack([values[s : s + 12] for s in starts]))).strange.numpy()
    np.testing.assert_allclose(found.strange[0], said[0, 0], rtol=1e-5)
    np.testing.assert_allclose(found.strange[5], (said[0, 5] + said[1, 2]) / 2, rtol=1e-5)
    np.testing.assert_allclose(found.score, found.strange.max(1))


def test_blocks_are_the_whole_in_parts(known, monkeypatch):
    monkeypatch.setattr(rowscores, "_AT_ONCE", 3)
    parts = list(rowscores.blocks(known, rows(60)))
    assert len(parts) > 3
    monkeypatch.undo()
    whole = rowscores.of_rows(known, rows(60))
    np.testing.assert_allclose(np.concatenate([part.score for part in parts]), whole.score, rtol=1e-4)


def test_rows_before_are_looked_at_and_not_answered(known):
    values = rows(40)
    found = rowscores.of_rows(known, values, before=10)
    np.testing.assert_allclose(found.score, rowscores.of_rows(known, values).score[10:], rtol=1e-5)


def test_a_spike_is_the_strangest_row_and_its_channel_is_told(known):
    values = rows(60, seed=5)
    values[30, 1] += 5
    found = rowscores.of_rows(known, values)
    assert abs(int(found.score.argmax()) - 30) <= 1
    assert found.strange[30].argmax() == 1


def test_a_split_of_windows_is_asked_row_by_row(known):
    part = split(60)
    assert rowscores.fits(part)
    assert len(rowscores.of_split(known, part).score) == 60
    with pytest.raises(StoppedError):
        rowscores.of_split(known, part, should_stop=lambda: True)


def test_models_of_other_data_are_refused():
    with pytest.raises(UsageError, match="does not know how probable a series is"):
        rowscores.network_of(pictures_model())
