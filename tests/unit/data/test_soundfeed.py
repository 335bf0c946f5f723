import numpy as np
import pytest
import torch
from small_sounds import RATE_HZ

from gnomon.core.ranks import Ranks
from gnomon.core.spec import Label, Spec, Split, Waveform
from gnomon.core.training import AugmentConfig
from gnomon.data.ragged import Ragged
from gnomon.data.soundfeed import SoundFeed, looks_sounds
from gnomon.data.waves import Waves

CPU = torch.device("cpu")
SPEC = Spec(input=Waveform(rate_hz=RATE_HZ, length=160), target=Label(classes=("a", "b", "c")))
PLAIN = AugmentConfig()


def split(count=24, length=160):
    """Recording i is i + 1 repeated, 40 to 200 samples long."""
    arrays = [np.full(40 + 160 * i // count, i + 1, np.int16) for i in range(count)]
    column = Ragged.of(arrays, like=np.zeros(0, np.int16))
    return Split(
        inputs=Waves(column, rate_hz=RATE_HZ, length=length, level=False),
        targets=np.arange(count, dtype=np.int64) % 3,
        ids=np.array([str(i) for i in range(count)], object),
        hashes=np.arange(2 * count, dtype=np.uint64).view("V16"),
    )


def feed(part=None, *, augment=PLAIN, seed=0, ranks=None, batch_size=6):
    about = {"batch_size": batch_size, "seed": seed, "device": CPU, "ranks": ranks or Ranks()}
    return SoundFeed(part or split(), SPEC, augment=augment, **about)


def test_an_epoch_sees_every_recording_once():
    made = feed()
    seen = np.concatenate([made.batch(step, size=0).ids for step in range(4)])
    assert sorted(seen.tolist()) == list(range(24))
    assert made.num_samples == 24


def test_batches_are_as_wide_as_their_longest_recording_and_zeros_follow_the_others():
    made = feed()
    for step in range(4):
        batch = made.batch(step, size=0)
        lengths = split().inputs.lengths[batch.ids]
        assert lengths.max() <= batch.inputs.shape[1] <= lengths.max() + 10
        assert batch.inputs.dtype == torch.int16
        for row, index, length in zip(batch.inputs, batch.ids, lengths, strict=True):
            assert row[:length].tolist() == [index + 1] * length
            assert not row[length:].any()
        assert batch.targets.tolist() == (batch.ids % 3).tolist()


def test_a_batch_is_a_function_of_the_step_alone():
    varied = AugmentConfig(shift_s=0.002, mix=0.5)
    one, other = feed(augment=varied), feed(augment=varied)
    other.batch(9, size=0)
    for step in (0, 7, 2):
        a, b = one.batch(step, size=0), other.batch(step, size=0)
        assert torch.equal(a.inputs, b.inputs)
        assert torch.equal(a.targets, b.targets)
    assert not np.array_equal(one.batch(0, size=0).ids, feed(seed=1).batch(0, size=0).ids)


def test_ranks_share_a_batch():
    whole = feed(batch_size=6).batch(3, size=0)
    parts = [feed(ranks=Ranks(rank=rank, world_size=2)).batch(3, size=0) for rank in range(2)]
    assert torch.equal(torch.cat([part.inputs for part in parts]), whole.inputs)


def test_a_shift_moves_the_beginning():
    made = feed(augment=AugmentConfig(shift_s=0.005), batch_size=12)
    begins = []
    for step in range(6):
        batch = made.batch(step, size=0)
        begins += [int((row != 0).int().argmax()) for row in batch.inputs]
    assert max(begins) <= 40
    assert len(set(begins)) > 10
    assert 0.3 < np.mean(np.array(begins) == 0) < 0.7


def test_mixing_adds_another_recording_and_its_share_of_the_target():
    made = feed(augment=AugmentConfig(mix=1.0), batch_size=12)
    batch = made.batch(0, size=0)
    assert batch.targets.shape == (12, 3)
    assert batch.targets.dtype == torch.float32
    assert batch.targets.sum(1) == pytest.approx(torch.ones(12))
    own = batch.targets[torch.arange(12), torch.from_numpy(batch.ids % 3)]
    assert (own >= 0.5 - 1e-6).all()
    assert (own < 1).any()
    none = feed(augment=AugmentConfig(mix=0.001)).batch(0, size=0)
    assert set(none.targets.unique().tolist()) == {0.0, 1.0}


def test_long_recordings_are_heard_from_other_places_in_other_epochs():
    column = Ragged.of([np.arange(1, 1001, dtype=np.int16)] * 4, like=np.zeros(0, np.int16))
    part = split(4)
    part = Split(
        inputs=Waves(column, rate_hz=RATE_HZ, length=160, level=False),
        targets=part.targets,
        ids=part.ids,
        hashes=part.hashes,
    )
    made = feed(part, batch_size=4)
    firsts = {int(row[0]) for step in range(5) for row in made.batch(step, size=0).inputs}
    assert len(firsts) > 15


def test_a_typical_step_is_of_about_the_mean_width():
    made = feed(split(96), batch_size=6)
    widths = [made.batch(step, size=0).inputs.shape[1] for step in range(4)]
    assert abs(widths[made.typical_step] - np.mean(widths)) == min(abs(np.array(widths) - np.mean(widths)))


def test_looking_is_in_order_and_unvaried():
    part = split()
    batches = list(looks_sounds(part, batch_size=10, device=CPU))
    assert [len(batch) for batch in batches] == [10, 10, 4]
    assert torch.equal(batches[0].inputs, torch.from_numpy(part.inputs[np.arange(10)]))
    (some,) = looks_sounds(part, batch_size=10, device=CPU, rows=np.array([3, 20]))
    assert some.ids.tolist() == [3, 20]
    assert some.targets.tolist() == [0, 2]


def test_other_columns_are_refused():
    with pytest.raises(TypeError, match="no column of waveforms"):
        list(
            looks_sounds(split().__class__(**{**vars(split()), "inputs": np.zeros((24, 3))}), batch_size=4, device=CPU)
        )
