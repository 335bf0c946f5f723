"""Noise that is a function of the sample: equal for equal content, in any batch, and rightly distributed."""

import pytest
import torch

from gnomon.layers.keyed_noise import DrawnNoise, KeyedNoise, keys_of, mixed


def pixels(count, seed=0):
    return torch.randint(0, 256, (count, 4, 4, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def test_a_row_is_a_function_of_its_key_alone():
    keys = keys_of(pixels(5))
    whole = KeyedNoise(keys).normal((5, 3, 2))
    assert torch.equal(KeyedNoise(keys[3:4]).normal((1, 3, 2)), whole[3:4])


def test_every_call_gives_other_numbers():
    noise = KeyedNoise(keys_of(pixels(2)))
    assert not torch.equal(noise.normal((2, 8)), noise.normal((2, 8)))


def test_keys_tell_content_place_and_salt_apart():
    some = torch.zeros(3, 4, dtype=torch.uint8)
    some[1, 0], some[2, 3] = 1, 1
    keys = keys_of(some)
    assert len(set(keys.tolist())) == 3
    assert not torch.equal(keys, keys_of(some, salt=1))
    assert torch.equal(keys_of(some[[2, 0]]), keys[[2, 0]])


def test_floats_have_keys_too():
    some = torch.tensor([[0.5, 1.0], [0.5, 1.0], [0.5, 1.5]])
    first, same, other = keys_of(some).tolist()
    assert first == same != other


def test_normal_numbers_are_normal():
    found = KeyedNoise(torch.arange(2000)).normal((2000, 50))
    assert found.isfinite().all()
    assert found.mean().abs() < 0.01
    assert (found.std() - 1).abs() < 0.01
    assert ((found.abs() < 1.0).float().mean() - 0.6827).abs() < 0.005


def test_neighbouring_keys_are_not_alike():
    one, two = KeyedNoise(torch.arange(2)).normal((2, 5000))
    assert (one * two).mean().abs() < 0.05


def test_uniform_numbers_leave_the_ends_out():
    found = KeyedNoise(torch.arange(1000)).uniform((1000, 100))
    assert found.min() > 0
    assert found.max() < 1


def test_a_wrong_number_of_rows_is_refused():
    with pytest.raises(ValueError, match="noise for 3 samples with 2 keys"):
        KeyedNoise(torch.arange(2)).normal((3, 1))


def test_mixing_keeps_numbers_apart():
    assert len(set(mixed(torch.arange(10_000)).tolist())) == 10_000


def test_drawn_noise_follows_its_generator():
    draws = [DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(draws[0].normal((2, 3)), draws[1].normal((2, 3)))
    assert torch.equal(draws[0].uniform((4,)), draws[1].uniform((4,)))
    torch.manual_seed(1)
    first = DrawnNoise(torch.device("cpu")).normal((3,))
    torch.manual_seed(1)
    assert torch.equal(DrawnNoise(torch.device("cpu")).normal((3,)), first)
