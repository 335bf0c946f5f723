import pytest
import small_kinds
import torch

from gnomon.layers.audio_mlp import PARTS, AudioMlp, statistics
from gnomon.layers.hearing import HearingConfig


def test_statistics_by_hand():
    frames = torch.arange(12.0)[None, None].clone()
    frames[..., 6:] = 0
    found = statistics(frames, torch.arange(12)[None] < 6)
    assert found.shape == (1, 1, PARTS + 1)
    assert found[0, 0].tolist() == pytest.approx([0, 1, 2, 3, 4, 5, (35 / 12) ** 0.5])
    twice = statistics(torch.arange(12.0)[None, None], torch.ones(1, 12, dtype=torch.bool))
    assert twice[0, 0, :PARTS].tolist() == pytest.approx([0.5, 2.5, 4.5, 6.5, 8.5, 10.5])


def test_a_recording_of_fewer_frames_than_parts_is_fine():
    found = statistics(torch.full((2, 3, 5), 4.0), torch.arange(5).expand(2, 5) < 2)
    assert found.isfinite().all()
    assert found[..., -1].abs().max() == 0


def test_silence_after_the_end_changes_nothing():
    kind = next(kind for kind in small_kinds.KINDS if kind.name == "recordings")
    torch.manual_seed(0)
    made = AudioMlp(small_kinds.SOUND, 3, HearingConfig(num_mels=12), width=16, depth=1, dropout=0.0).eval()
    inputs = kind.batch(3).inputs
    made.prepare(inputs)
    with torch.no_grad():
        plain, longer = made(inputs).value, made(torch.nn.functional.pad(inputs, (0, 999))).value
    assert longer == pytest.approx(plain, abs=1e-5)
