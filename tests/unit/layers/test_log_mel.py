import numpy as np
import pytest
import torch
from small_sounds import RATE_HZ, tone

from gnomon.layers.log_mel import Spectrum


def spectrum(**changed):
    return Spectrum(RATE_HZ, **{"window_s": 0.03, "hop_s": 0.01, **changed})


def reference(samples, made):
    """The same powers, one frame after the other, by the definition of the Fourier transform."""
    waves = np.concatenate([samples / 32768.0, np.zeros(1000)])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(made.num_samples) / made.num_samples)
    window = window / np.sqrt(np.square(window).sum())
    angles = -2j * np.pi * np.outer(np.arange(made.num_bins), np.arange(made.num_samples)) / made.num_points
    frames = [waves[k * made.hop : k * made.hop + made.num_samples] for k in range(-(-len(samples) // made.hop))]
    return np.square(np.abs(np.exp(angles) @ (np.array(frames) * window).T))


def test_powers_are_those_of_the_definition():
    made, samples = spectrum(), tone(700, 0.083, seed=3)
    found = made(torch.from_numpy(samples)[None])[0].numpy()
    assert found.shape == (made.num_bins, 9)
    assert found == pytest.approx(reference(samples, made), rel=1e-3, abs=1e-7)


def test_windows_have_twice_as_many_points_as_samples_or_more():
    made = spectrum()
    assert (made.hop, made.num_samples, made.num_points, made.num_bins) == (80, 240, 512, 257)
    assert made.num_frames(1) == 1
    assert made.num_frames(81) == 2


def test_frames_are_there_up_to_the_last_sample_that_is_not_zero():
    made = spectrum()
    samples = torch.zeros(3, 400, dtype=torch.int16)
    samples[0, :5] = 1
    samples[1, 170] = -3
    assert made.present(samples).tolist() == [[True] + [False] * 4, [True] * 3 + [False] * 2, [True] + [False] * 4]


def test_padding_does_not_change_the_frames_before_it():
    made, samples = spectrum(), torch.from_numpy(tone(500, 0.1, seed=1))[None]
    padded = torch.nn.functional.pad(samples, (0, 777))
    assert torch.allclose(made(samples), made(padded)[:, :, :10])
    assert made.present(padded).sum() == made.present(samples).sum() == 10


def test_white_noise_of_power_p_has_the_mean_p():
    noise = (torch.randn(1, 80_000, generator=torch.Generator().manual_seed(0)) * 3277).round().to(torch.int16)
    assert spectrum()(noise)[:, 2:-2, :-5].mean().item() == pytest.approx(0.01, rel=0.03)
