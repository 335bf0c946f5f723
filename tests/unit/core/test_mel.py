import numpy as np
import pytest

from gnomon.core.mel import hz_of, mel_filters, mel_of


def test_mel_as_the_htk_book_has_it():
    assert mel_of(np.array([0.0, 700.0, 1000.0])) == pytest.approx([0.0, 2595 * np.log10(2), 999.9855], abs=1e-3)
    assert hz_of(mel_of(np.array([20.0, 440.0, 8000.0]))) == pytest.approx([20.0, 440.0, 8000.0])


def test_filters_are_triangles_that_sum_to_one():
    filters = mel_filters(20, 1024, 8000)
    assert filters.shape == (20, 513)
    assert filters.dtype == np.float32
    assert (filters >= 0).all()
    assert filters.sum(axis=1) == pytest.approx(np.ones(20), abs=1e-5)
    peaks = filters.argmax(axis=1)
    assert (np.diff(peaks) > 0).all()
    corners = hz_of(np.linspace(*mel_of(np.array([20.0, 4000.0])), 22))
    assert peaks * 8000 / 1024 == pytest.approx(corners[1:-1], abs=4.0)


def test_a_hand_worked_filter():
    # Two filters over 0 to 4 Hz; with corners at 0, a, b and 4 the first rises from 0 to a and falls from there to b.
    filters = mel_filters(2, 8, 8, low_hz=0.0)
    low, middle, high = hz_of(np.linspace(0.0, float(mel_of(np.array([4.0]))[0]), 4))[:3]
    bins = np.arange(5.0)
    wanted = np.clip(np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)), 0, None)
    assert filters[0] == pytest.approx(wanted / wanted.sum(), abs=1e-6)


def test_a_warp_moves_all_filters_up():
    plain, higher = mel_filters(16, 1024, 8000), mel_filters(16, 1024, 8000, warp=1.2)
    moved = higher[:12].argmax(axis=1) / plain[:12].argmax(axis=1)
    assert moved == pytest.approx(np.full(12, 1.2), abs=0.08)
    assert higher.sum(axis=1) == pytest.approx(np.ones(16), abs=1e-5)


def test_more_filters_than_bins_leave_none_empty():
    filters = mel_filters(64, 32, 8000)
    assert filters.sum(axis=1) == pytest.approx(np.ones(64), abs=1e-5)
