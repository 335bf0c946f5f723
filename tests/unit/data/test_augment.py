import numpy as np
import pytest
import torch
from PIL import Image

from gnomon.core.training import AugmentConfig
from gnomon.data import augment
from gnomon.data.augment import Augment, resize

THREE = torch.arange(1, 10, dtype=torch.uint8).reshape(1, 3, 3, 1)
VARIATIONS = {
    "nothing": AugmentConfig(flip="off"),
    "flip": AugmentConfig(flip="alternate"),
    "shift": AugmentConfig(flip="alternate", shift_px=2),
    "turn": AugmentConfig(flip="alternate", turn_deg=20.0, zoom=0.2, shift_px=1),
    "crop": AugmentConfig(flip="alternate", crop_min_area=0.3),
    "cutout": AugmentConfig(shift_px=1, cutout_px=4),
}


def pixels(count, height=12, width=12, channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, height, width, channels), dtype=torch.uint8, generator=generator)


def photos(count, side=32, channels=3, seed=0):
    """Smooth pictures, where a small difference in sampling is a small difference in value."""
    small = pixels(count, 4, 4, channels, seed).permute(0, 3, 1, 2).float()
    large = torch.nn.functional.interpolate(small, (side, side), mode="bicubic").clamp(0, 255)
    return large.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def vary(config, pictures, ids=None, epoch=0, size_px=12, seed=0):
    ids = np.arange(len(pictures)) if ids is None else np.asarray(ids)
    epochs = np.broadcast_to(np.asarray(epoch, dtype=np.int64), ids.shape)
    return Augment(config, seed=seed)(pictures, ids.astype(np.int64), epochs.copy(), size_px)


def rows(picture):
    return picture.reshape(picture.shape[-3], -1).tolist()


class TestEveryVariation:
    @pytest.fixture(params=sorted(VARIATIONS))
    def config(self, request):
        return VARIATIONS[request.param]

    def test_a_picture_is_varied_the_same_in_any_batch(self, config):
        pictures = photos(8)
        together = vary(config, pictures, size_px=24)
        alone = torch.cat([vary(config, pictures[i : i + 1], [i], size_px=24) for i in range(8)])
        backwards = vary(config, pictures.flip(0), np.arange(8)[::-1], size_px=24).flip(0)
        assert torch.equal(together, alone)
        assert torch.equal(together, backwards)

    def test_shape_and_type(self, config):
        for size in (6, 12, 20):
            found = vary(config, pixels(2, channels=1), size_px=size)
            assert found.shape == (2, size, size, 1)
            assert found.dtype == torch.uint8

    def test_the_given_pictures_are_left_alone(self, config):
        pictures = pixels(4)
        before = pictures.clone()
        vary(config, pictures)
        assert torch.equal(pictures, before)

    def test_the_same_seed_gives_the_same_bits(self, config):
        assert torch.equal(vary(config, pixels(8)), vary(config, pixels(8)))


@pytest.mark.parametrize("name", sorted(set(VARIATIONS) - {"nothing"}))
def test_another_seed_epoch_or_sample_is_varied_otherwise(name):
    config, pictures = VARIATIONS[name], pixels(1).expand(16, -1, -1, -1)
    first = vary(config, pictures)
    assert not torch.equal(first, vary(config, pictures, seed=1))
    assert not torch.equal(first, vary(config, pictures, epoch=1))
    assert not torch.equal(first, vary(config, pictures, ids=np.arange(16) + 100))
    assert len({bytes(picture.numpy().tobytes()) for picture in first}) > 1


def test_without_variation_pictures_stay_as_they_are():
    assert torch.equal(vary(VARIATIONS["nothing"], pixels(4)), pixels(4))


class TestFlip:
    config = AugmentConfig(flip="alternate")

    def mirrored(self, epoch, count=400):
        pictures = THREE.expand(count, -1, -1, -1)
        found = vary(self.config, pictures, epoch=epoch, size_px=3)
        straight = (found == pictures).flatten(1).all(1)
        turned = (found == pictures.flip(2)).flatten(1).all(1)
        assert (straight ^ turned).all()
        return turned

    def test_every_epoch_turns_every_picture_round(self):
        first = self.mirrored(0)
        for epoch in range(1, 6):
            assert torch.equal(self.mirrored(epoch), first ^ (epoch % 2 == 1))

    def test_a_coin_decides_the_first_epoch(self):
        assert 160 < self.mirrored(0).sum() < 240

    @pytest.mark.parametrize("flip", ["off", "auto"])
    def test_switched_off_nothing_is_turned(self, flip):
        found = [vary(AugmentConfig(flip=flip), THREE, epoch=epoch, size_px=3) for epoch in (0, 1)]
        assert all(torch.equal(picture, THREE) for picture in found)

    def test_epochs_may_differ_inside_a_batch(self):
        pictures = THREE.expand(2, -1, -1, -1)
        found = vary(self.config, pictures, ids=[5, 5], epoch=[0, 1], size_px=3)
        assert torch.equal(found[0], found[1].flip(1))


class TestShift:
    def by_hand(self, down, right, mirror=False):
        """Shift the nine numbers with draws that mean exactly this move."""
        draws = torch.zeros(1, 10, dtype=torch.float64)
        draws[0, 0], draws[0, 1] = (down + 1.5) / 3, (right + 1.5) / 3
        return rows(augment._shift(THREE, draws, torch.tensor([mirror]), 1))

    def test_on_three_by_three_with_mirrored_borders(self):
        assert self.by_hand(0, 0) == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
        assert self.by_hand(1, 0) == [[4, 5, 6], [7, 8, 9], [4, 5, 6]]
        assert self.by_hand(-1, 0) == [[4, 5, 6], [1, 2, 3], [4, 5, 6]]
        assert self.by_hand(0, 1) == [[2, 3, 2], [5, 6, 5], [8, 9, 8]]
        assert self.by_hand(-1, -1) == [[5, 4, 5], [2, 1, 2], [5, 4, 5]]

    def test_mirrored_as_well(self):
        assert self.by_hand(0, 0, mirror=True) == [[3, 2, 1], [6, 5, 4], [9, 8, 7]]
        found = self.by_hand(1, 0, mirror=True)
        assert found == [[6, 5, 4], [9, 8, 7], [6, 5, 4]]

    def test_all_moves_are_equally_frequent(self):
        found = vary(AugmentConfig(shift_px=1), THREE.expand(9000, -1, -1, -1), size_px=3)
        _, counts = torch.unique(found.flatten(1), dim=0, return_counts=True)
        assert len(counts) == 9
        assert counts.min() > 850
        assert counts.max() < 1150

    def test_a_shift_larger_than_the_picture_is_held_in(self):
        found = vary(AugmentConfig(shift_px=50), THREE.expand(50, -1, -1, -1), size_px=3)
        assert set(found.flatten().tolist()) <= set(range(1, 10))
        one = vary(AugmentConfig(shift_px=3), THREE[:, :1, :1], size_px=1)
        assert rows(one[0]) == [[1]]


class TestTurn:
    def test_by_nothing_is_the_picture_itself(self):
        assert torch.equal(vary(AugmentConfig(turn_deg=1e-6), pixels(4)), pixels(4))

    def test_a_quarter_turn(self):
        draws = torch.tensor([[1.0, 0.5, 0.5, 0.5, *[0.0] * 6]], dtype=torch.float64)
        found = augment._turn(THREE, draws, torch.tensor([False]), AugmentConfig(turn_deg=90.0))
        assert rows(found[0]) == [[3, 6, 9], [2, 5, 8], [1, 4, 7]]

    def test_a_picture_that_is_not_square_is_turned_and_not_sheared(self):
        wide = torch.zeros(1, 21, 41, 1, dtype=torch.uint8)
        wide[0, 10, 12:29] = 255  # a bar of 17 pixels through the middle
        draws = torch.tensor([[1.0, 0.5, 0.5, 0.5, *[0.0] * 6]], dtype=torch.float64)
        found = augment._turn(wide, draws, torch.tensor([False]), AugmentConfig(turn_deg=90.0))[0, ..., 0]
        assert found[2:19, 20].tolist() == [255] * 17
        assert found.sum() == 17 * 255

    def test_mirrored(self):
        draws = torch.full((1, 10), 0.5, dtype=torch.float64)
        found = augment._turn(THREE, draws, torch.tensor([True]), AugmentConfig(turn_deg=10.0))
        assert torch.equal(found, THREE.flip(2))


class TestCrop:
    def test_the_whole_area_is_the_picture_itself(self):
        draws = torch.full((1, 10), 0.5, dtype=torch.float64)
        draws[0, 0] = 1.0
        found = augment._random_crop(photos(1), draws, torch.tensor([False]), 0.3, 32)
        assert torch.equal(found, photos(1))

    def test_a_quarter_of_the_area_in_a_corner(self):
        draws = torch.tensor([[0.0, 0.5, 0.0, 0.0, *[0.0] * 6]], dtype=torch.float64)
        source = photos(1)
        found = augment._random_crop(source, draws, torch.tensor([False]), 0.25, 16)
        # first brought to 16 / sqrt(0.625) = 20 pixels, then its upper left half to 16
        expected = resize(resize(source, 20)[:, :10, :10], 16)
        assert (found.int() - expected.int()).abs().float().mean() < 3

    def test_no_crop_leaves_the_picture(self):
        flat = torch.full((50, 40, 40, 3), 77, dtype=torch.uint8)
        found = vary(VARIATIONS["crop"], flat, size_px=24)
        assert (found == 77).all()


class TestCutout:
    def test_a_square_gets_the_mean_of_its_own_picture(self):
        pictures = torch.zeros(2, 12, 12, 1, dtype=torch.uint8)
        pictures[1] = 200
        pictures[:, ::2] += 10
        found = vary(AugmentConfig(flip="off", cutout_px=4), pictures)
        assert set(found[0].unique().tolist()) <= {0, 5, 10}
        assert set(found[1].unique().tolist()) <= {200, 205, 210}
        assert (found == torch.tensor([5, 205]).reshape(2, 1, 1, 1)).flatten(1).sum(1).gt(0).all()

    def test_it_covers_at_most_its_square(self):
        pictures = pixels(200)
        changed = (vary(AugmentConfig(flip="off", cutout_px=4), pictures) != pictures).any(-1)
        assert changed.flatten(1).sum(1).max() == 16
        assert changed.any(0).all()  # every place can be hit


class TestResize:
    @pytest.mark.parametrize("size", [5, 16, 24, 31, 48])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_as_pillow_does_it_within_one_level(self, size, channels):
        picture = pixels(1, 32, 32, channels)
        wanted = Image.fromarray(picture[0].squeeze(-1).numpy() if channels == 1 else picture[0].numpy())
        wanted = np.asarray(wanted.resize((size, size), Image.Resampling.BILINEAR)).reshape(size, size, channels)
        found = resize(picture, size)[0].numpy()
        assert np.abs(found.astype(int) - wanted.astype(int)).max() <= 1

    def test_the_longer_side_is_as_wanted_and_the_shape_stays(self):
        assert resize(pixels(2, 10, 40), 20).shape == (2, 5, 20, 3)
        assert resize(pixels(2, 40, 10), 20).shape == (2, 20, 5, 3)
        assert resize(pixels(2, 1, 40), 10).shape == (2, 1, 10, 3)

    def test_at_its_size_a_picture_is_not_touched(self):
        picture = pixels(2)
        assert resize(picture, 12) is picture

    def test_fine_stripes_become_grey_and_not_black(self):
        stripes = torch.zeros(1, 32, 32, 1, dtype=torch.uint8)
        stripes[:, :, ::2] = 254
        assert resize(stripes, 8)[:, :, 1:-1].unique().tolist() == [127]
