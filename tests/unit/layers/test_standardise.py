import pytest
import torch

from gnomon.layers.standardise import Standardise


def pixels(*shape, seed=0):
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def test_measured_pixels_have_mean_zero_and_deviation_one_in_each_channel():
    some = pixels(5, 6, 7, 3)
    some[..., 1] //= 4
    layer = Standardise(3)
    layer.measure(some)
    result = layer(some)
    assert result.shape == (5, 3, 6, 7)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(result.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)


def test_by_hand():
    layer = Standardise(1)
    layer.measure(torch.tensor([0, 10, 20], dtype=torch.uint8).reshape(1, 1, 3, 1))
    assert layer.mean.tolist() == [10.0]
    assert layer.scale.tolist() == pytest.approx([0.1])
    assert layer(torch.tensor([[[[30]]]], dtype=torch.uint8)).tolist() == [[[[2.0]]]]


def test_pictures_of_one_colour_do_not_divide_by_zero():
    layer = Standardise(1)
    layer.measure(torch.full((2, 3, 3, 1), 7, dtype=torch.uint8))
    assert layer.scale.tolist() == [1.0]
    assert layer(torch.full((1, 3, 3, 1), 8, dtype=torch.uint8)).eq(1.0).all()


def test_before_measuring_pixels_come_out_between_minus_two_and_two():
    extremes = torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 1, 2, 1)
    assert Standardise(1)(extremes).flatten().tolist() == [-127.5 / 64, 127.5 / 64]


def test_the_result_is_in_channels_last_memory_and_the_statistics_are_saved():
    layer = Standardise(3)
    assert layer(pixels(2, 4, 4, 3)).is_contiguous(memory_format=torch.channels_last)
    assert set(layer.state_dict()) == {"mean", "scale"}
