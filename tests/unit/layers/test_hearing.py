from dataclasses import replace

import numpy as np
import pytest
import torch
from small_sounds import RATE_HZ, tone

from gnomon.core.spec import Waveform
from gnomon.data.spectrogram import log_mel
from gnomon.layers import hearing
from gnomon.layers.hearing import Hearing, HearingConfig, hearing_config

SOUND = Waveform(rate_hz=RATE_HZ, length=1600)
STILL = HearingConfig(num_mels=20, warp=0, stretch=0, equalise=0, noise=0, masks=0)


def recordings():
    """Two tones of 0.2 s and one of 0.1 s, with zeros after its end."""
    arrays = [tone(400, 0.2, seed=0), tone(1500, 0.2, seed=1), np.pad(tone(700, 0.1, seed=2), (0, 800))]
    return torch.from_numpy(np.stack(arrays))


def ear(config=STILL, samples=None):
    made = Hearing(config, SOUND)
    made.measure(recordings() if samples is None else samples)
    return made


def test_frames_are_the_log_mel_of_the_plain_reference():
    made = Hearing(STILL, SOUND).eval()
    frames, present = made(recordings())
    assert frames.shape == (3, 20, 20)
    assert present.sum(1).tolist() == [20, 20, 10]
    for row, array in enumerate(recordings().numpy()):
        wanted = log_mel(array, RATE_HZ, num_mels=20)[:, : int(present[row].sum())]
        assert frames[row, :, : wanted.shape[1]].numpy() == pytest.approx(wanted, abs=1e-3)


def test_over_the_measured_recordings_each_mel_has_mean_nought_and_deviation_one():
    frames, present = ear().eval()(recordings())
    there = frames.transpose(1, 2)[present]
    assert there.mean(0) == pytest.approx(torch.zeros(20), abs=1e-4)
    assert there.std(0) == pytest.approx(torch.ones(20), abs=1e-3)


def test_what_follows_the_end_is_nought_and_more_of_it_changes_nothing():
    made = ear().eval()
    frames, _ = made(recordings())
    assert not frames[2, :, 10:].any()
    longer, present = made(torch.nn.functional.pad(recordings(), (0, 480)))
    assert longer[..., :20] == pytest.approx(frames, abs=1e-5)
    assert not longer[..., 20:].any()
    assert present.shape == (3, 26)


def test_in_training_the_draws_of_torch_decide():
    made = ear(HearingConfig(num_mels=20)).train()

    def heard(seed):
        torch.manual_seed(seed)
        return made(recordings())[0]

    assert torch.equal(heard(1), heard(1))
    assert not torch.equal(heard(1), heard(2))
    assert torch.equal(made.eval()(recordings())[0], made(recordings())[0])


@pytest.mark.parametrize("name", ["warp", "stretch", "equalise", "noise", "masks"])
def test_each_variation_varies(name):
    usual = getattr(HearingConfig(), name)
    made = ear(replace(STILL, **{name: usual})).train()
    torch.manual_seed(0)
    varied, plain = made(recordings())[0], ear().eval()(recordings())[0]
    assert not torch.allclose(varied, plain)
    assert varied.isfinite().all()


def test_a_larger_warp_lifts_the_spectrum():
    made = ear(replace(STILL, warp=0.2))
    low, high = made.filters[0], made.filters[-1]
    powers = made.spectrum(recordings()[:1])[0]
    assert (low @ powers)[:, 5].argmax() > (high @ powers)[:, 5].argmax()
    middle = (made.filters[hearing.NUM_WARPS // 2] @ powers + 1e-6).log()
    assert torch.allclose(middle[None], made._log_mel(recordings()[:1], vary=False)[0])


def test_stretching_changes_how_long_a_recording_is():
    torch.manual_seed(0)
    frames = torch.arange(40.0).expand(64, 3, 40).contiguous()
    present = torch.arange(40).expand(64, 40) < 20
    found, now = hearing.stretched(frames, present, 0.25)
    lengths = now.sum(1)
    assert lengths.min() >= 16
    assert lengths.max() <= 25
    assert len(lengths.unique()) > 5
    steps = found[:, 0].diff(dim=1)[:, :14]
    assert torch.allclose(steps, steps[:, :1].expand_as(steps), atol=1e-4)
    last = found[:, 0].gather(1, (lengths - 1)[:, None])[:, 0]
    assert (last > 17.5).all()
    assert (last <= 19).all()


def test_noise_is_below_the_sound():
    torch.manual_seed(0)
    powers = torch.ones(200, 50, 8)
    added = hearing.noisy(powers, torch.ones(200, 8, dtype=torch.bool), 0.5) - powers
    changed = added.mean((1, 2)) > 0
    assert 60 < changed.sum() < 140
    decibel = 10 * added[changed].mean((1, 2)).log10()
    assert decibel.max() < -2
    assert decibel.min() > -53


def test_masks_hide_a_band_and_a_span():
    torch.manual_seed(0)
    found = hearing.masked(torch.ones(50, 16, 40), torch.ones(50, 40, dtype=torch.bool), 1.0)
    bands, spans = (found == 0).all(2).sum(1), (found == 0).all(1).sum(1)
    assert bands.max() <= 4 + 1
    assert spans.max() <= 10 + 1
    assert bands.float().mean() > 1
    assert spans.float().mean() > 3
    assert torch.equal(hearing.masked(torch.ones(5, 4, 4), torch.ones(5, 4), 0.0), torch.ones(5, 4, 4))


def test_variations_are_scaled_together():
    assert hearing_config(32, 0.0) == replace(STILL, num_mels=32)
    assert hearing_config(64, 1.0) == HearingConfig()
    assert hearing_config(64, 2.0).warp == pytest.approx(2 * HearingConfig().warp)
