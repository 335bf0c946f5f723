"""Variations of training pictures, in batches, on whatever device the pictures are.

Every draw is a pure function of (seed, epoch, sample): a picture is varied in the same way whatever batch, worker or
rank it meets and however often the training was resumed.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from gnomon.core import seed as seeds
from gnomon.core.training import AugmentConfig

_NUM_DRAWS = 10


class Augment:
    """Varies uint8 pictures ``(batch, height, width, channels)`` and brings them to a resolution."""

    def __init__(self, config: AugmentConfig, *, seed: int) -> None:
        self._config = config
        self._key = seeds.key("augment", seed)
        self._flip_key = seeds.key("flip", seed)

    def __call__(
        self, pixels: Tensor, ids: npt.NDArray[np.int64], epochs: npt.NDArray[np.int64], size_px: int
    ) -> Tensor:
        """Return the varied pictures, shape ``(batch, size_px or its aspect, …, channels)``, uint8.

        ``ids`` and ``epochs`` have shape ``(batch,)``: which sample each picture is, and in which epoch it is seen.
        """
        config = self._config
        draws = torch.from_numpy(seeds.uniform(self._key, ids * 1_000_003 + epochs, _NUM_DRAWS)).to(pixels.device)
        mirror = torch.from_numpy(self._mirrored(ids, epochs)).to(pixels.device)
        if config.crop_min_area < 1:
            pixels = _random_crop(pixels, draws, mirror, config.crop_min_area, size_px)
        elif config.turn_deg or config.zoom:
            pixels = _turn(pixels, draws, mirror, config)
        else:
            pixels = _shift(pixels, draws, mirror, config.shift_px)
        if config.cutout_px:
            pixels = _cut_out(pixels, draws, config.cutout_px * pixels.shape[1] / max(pixels.shape[1:3]))
        return resize(pixels, size_px)

    def _mirrored(self, ids: npt.NDArray[np.int64], epochs: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Alternating flip: a coin a sample decides the first epoch, and every epoch after it turns the picture round.

        Source: Jordan, arXiv 2404.00498, section 3.6.
        """
        if self._config.flip != "alternate":
            return np.zeros(len(ids), dtype=bool)
        coin = seeds.uniform(self._flip_key, ids, 1)[:, 0] < 0.5
        return coin ^ (epochs % 2 == 1)


def resize(pixels: Tensor, size_px: int) -> Tensor:
    """Return uint8 pictures whose longer side is ``size_px``, antialiased; ``(batch, height, width, channels)``."""
    height, width = pixels.shape[1:3]
    longest = max(height, width)
    if longest == size_px:
        return pixels
    shape = (max(1, round(height * size_px / longest)), max(1, round(width * size_px / longest)))
    planes = pixels.permute(0, 3, 1, 2)
    if pixels.device.type != "cpu":  # uint8 interpolation exists on processors only
        scaled = F.interpolate(planes.float(), shape, mode="bilinear", antialias=True).round_().clamp_(0, 255)
        return scaled.to(torch.uint8).permute(0, 2, 3, 1)
    return F.interpolate(planes, shape, mode="bilinear", antialias=True).permute(0, 2, 3, 1)


def _shift(pixels: Tensor, draws: Tensor, mirror: Tensor, shift_px: int) -> Tensor:
    """Move every picture by up to ``shift_px`` with mirrored borders and flip some, in one gather."""
    count, height, width, _ = pixels.shape
    reach = 2 * min(shift_px, height - 1, width - 1) + 1
    down = (draws[:, 0] * reach).long() - reach // 2
    right = (draws[:, 1] * reach).long() - reach // 2
    rows = _mirror_index(torch.arange(height, device=pixels.device) + down[:, None], height)
    columns = torch.arange(width, device=pixels.device).expand(count, width)
    columns = torch.where(mirror[:, None], width - 1 - columns, columns)
    columns = _mirror_index(columns + right[:, None], width)
    picture = torch.arange(count, device=pixels.device)[:, None, None]
    return pixels[picture, rows[:, :, None], columns[:, None, :]]


def _mirror_index(index: Tensor, size: int) -> Tensor:
    index = index.abs()
    return torch.where(index > size - 1, 2 * (size - 1) - index, index)


def _turn(pixels: Tensor, draws: Tensor, mirror: Tensor, config: AugmentConfig) -> Tensor:
    """Rotate, scale, move and flip by one bilinear sampling with repeated borders."""
    height, width = pixels.shape[1:3]
    angle = (draws[:, 0] * 2 - 1) * math.radians(config.turn_deg)
    scale = 1 + (draws[:, 1] * 2 - 1) * config.zoom
    move_x = (draws[:, 2] * 2 - 1) * config.shift_px * 2 / width
    move_y = (draws[:, 3] * 2 - 1) * config.shift_px * 2 / height
    side = torch.where(mirror, -1.0, 1.0)
    row_x = torch.stack([angle.cos() * scale * side, -angle.sin() * scale * height / width, move_x], dim=1)
    row_y = torch.stack([angle.sin() * scale * side * width / height, angle.cos() * scale, move_y], dim=1)
    return _sample(pixels, torch.stack([row_x, row_y], dim=1).float(), (height, width))


def _random_crop(pixels: Tensor, draws: Tensor, mirror: Tensor, min_area: float, size_px: int) -> Tensor:
    """Cut a random box out and bring it to ``size_px`` squared.

    Source: area uniform in [min_area, 1], aspect log-uniform in [3/4, 4/3]: Szegedy et al., arXiv 1409.4842, section 6.
    """
    area = min_area + (1 - min_area) * draws[:, 0]
    aspect = torch.exp((draws[:, 1] * 2 - 1) * math.log(4 / 3))
    wide = torch.sqrt(area * aspect).clamp(max=1.0)
    tall = torch.sqrt(area / aspect).clamp(max=1.0)
    centre_x = (draws[:, 2] * 2 - 1) * (1 - wide)
    centre_y = (draws[:, 3] * 2 - 1) * (1 - tall)
    side = torch.where(mirror, -1.0, 1.0)
    zero = torch.zeros_like(wide)
    theta = torch.stack(
        [torch.stack([wide * side, zero, centre_x], dim=1), torch.stack([zero, tall, centre_y], dim=1)], dim=1
    )
    # Shrinking by sampling would alias: first bring the picture close to the size where a crop of mean area fits.
    mean_side = math.sqrt((1 + min_area) / 2)
    source = resize(pixels, min(max(pixels.shape[1:3]), max(size_px, round(size_px / mean_side))))
    return _sample(source, theta.float(), (size_px, size_px))


def _sample(pixels: Tensor, theta: Tensor, shape: tuple[int, int]) -> Tensor:
    planes = pixels.permute(0, 3, 1, 2).float()
    grid = F.affine_grid(theta, [len(planes), planes.shape[1], *shape], align_corners=False)
    sampled = F.grid_sample(planes, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return sampled.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _cut_out(pixels: Tensor, draws: Tensor, side_px: float) -> Tensor:
    """Paint a square of each picture over with its mean colour. Source: DeVries and Taylor, arXiv 1708.04552."""
    height, width = pixels.shape[1:3]
    rows = torch.arange(height, device=pixels.device)[None] - draws[:, 8, None] * height
    columns = torch.arange(width, device=pixels.device)[None] - draws[:, 9, None] * width
    inside = (rows.abs() < side_px / 2)[:, :, None] & (columns.abs() < side_px / 2)[:, None, :]
    colour = pixels.float().mean(dim=(1, 2), keepdim=True).round().to(torch.uint8)
    return torch.where(inside[..., None], colour, pixels)
