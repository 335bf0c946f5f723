import pytest
import small_kinds
import torch

from gnomon.layers.audio_rnn import STACKED, AudioRnn
from gnomon.layers.hearing import HearingConfig
from gnomon.layers.recurrence import RecurrenceConfig


def recordings(count):
    kind = next(kind for kind in small_kinds.KINDS if kind.name == "recordings")
    return kind.batch(count).inputs


def network(cell="mingru"):
    torch.manual_seed(0)
    recurrence = RecurrenceConfig(cell=cell, width=16, layers=1, dropout=0.1)
    made = AudioRnn(small_kinds.SOUND, 3, HearingConfig(num_mels=12), recurrence, embedding=16)
    made.prepare(recordings(6))
    return made


@pytest.mark.parametrize("cell", ["mingru", "gru"])
def test_silence_after_the_end_changes_nothing(cell):
    made = network(cell).eval()
    with torch.no_grad():
        plain = made(recordings(3)).value
        longer = made(torch.nn.functional.pad(recordings(3), (0, 1111))).value
    assert plain.shape == (3, 3)
    assert longer == pytest.approx(plain, abs=1e-4)


def test_frames_are_read_by_threes():
    assert network().enter.in_features == STACKED * 12


def test_the_order_of_sounds_matters():
    made = network().eval()
    with torch.no_grad():
        forth = made(recordings(1)).value
        back = made(recordings(1).flip(1)).value
    assert not torch.allclose(forth, back, atol=1e-4)
