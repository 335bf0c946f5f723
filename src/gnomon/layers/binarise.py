"""Pictures of two values: drawn anew at each look, drawn once, or cut at the middle.

Source: drawing each pixel white with the probability of its grey value: Salakhutdinov and Murray, "On the quantitative
analysis of deep belief networks", ICML 2008; drawn anew for each use ("dynamic"): Burda et al., arXiv 1509.00519.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnomon.layers.keyed_noise import DrawnNoise, KeyedNoise, keys_of

SALT = 0x62696E
"""What makes the draws of a fixed binarisation differ from other draws for the same picture."""


def binarise(pixels: Tensor, how: str, *, anew: bool) -> Tensor:
    """Return uint8 pixels ``(batch, height, width, channels)`` as 0 or 1, ``(batch, channels, height, width)`` float32.

    ``dynamic`` draws them anew where ``anew`` is set (in training), else, like ``static``, once for each picture, as a
    function of its content; ``threshold`` takes 128 and more for white; ``off`` scales 0 to 255 to 0 to 1 instead.
    """
    grey = pixels.permute(0, 3, 1, 2).float() / 255
    if how == "off":
        return grey
    if how == "threshold":
        return (pixels >= 128).permute(0, 3, 1, 2).float()
    if how == "dynamic" and anew:
        return (DrawnNoise(pixels.device).uniform(tuple(grey.shape)) < grey).float()
    if how in ("dynamic", "static"):
        return (KeyedNoise(keys_of(pixels, salt=SALT)).uniform(tuple(grey.shape)) < grey).to(torch.float32)
    raise ValueError(f"there is no binarisation {how!r}")
