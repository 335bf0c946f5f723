from gnomon.core.spec import Waveform
from gnomon.core.training import Allowance, Speed
from gnomon.layers import sound_size
from gnomon.layers.sound_size import CNN_RUNGS, cnn_rung, num_frames, rnn_rung, sound_settings

SOUND = Waveform(rate_hz=16_000, length=16_000)
SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=2**33)


def allowance(train_s=None, num_train=1000, samples=None):
    return Allowance(train_s=train_s, samples=samples, flop=None, num_train=num_train)


def test_frames_are_counted_from_the_hop():
    assert num_frames(SOUND) == 100
    assert num_frames(Waveform(rate_hz=8000, length=10)) == 1


def test_a_second_affords_the_smallest_and_hours_the_largest():
    assert cnn_rung(allowance(1.0), SOUND, SPEED, 2) == CNN_RUNGS[0]
    assert cnn_rung(allowance(1e7), SOUND, SPEED, 2) == CNN_RUNGS[-1]
    assert rnn_rung(allowance(0.0), SOUND, SPEED) == sound_size.RNN_RUNGS[0][:2]
    assert rnn_rung(allowance(1e7), SOUND, SPEED) == sound_size.RNN_RUNGS[-1][:2]


def test_a_network_is_taken_from_the_samples_on_that_it_wants():
    wants = CNN_RUNGS[2].wants
    assert cnn_rung(allowance(samples=wants - 1), SOUND, SPEED, 2) == CNN_RUNGS[1]
    assert cnn_rung(allowance(samples=wants), SOUND, SPEED, 2) == CNN_RUNGS[2]


def test_the_cost_is_counted_by_hand():
    rung = sound_size.SoundRung(widths=(4, 8), mels=8, wants=0)
    sound = Waveform(rate_hz=1000, length=80)  # 8 frames of 8 mels, then 4 x 4 and 2 x 2
    products = 16 * 9 * (1 * 4 + 4 * 4) + 4 * 9 * (4 * 8 + 8 * 8) + 2 * 2 * 8 * 8
    assert sound_size._cnn_flop(rung, sound, 2) == 6 * products


def test_batches_grow_with_the_data():
    sizes = [sound_settings(allowance(1.0, num_train=count))["train.batch_size"] for count in (10, 1000, 10_000, 10**6)]
    assert sizes == [16, 64, 128, 128]
