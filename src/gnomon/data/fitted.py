"""Pictures of one shape, seen in another: for measuring a model on data that was not made for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnomon.core.spec import Column, Image
from gnomon.data import decode


class Fitted:
    """Pictures, each brought to the shape of ``image`` when taken: uint8 ``(n, height, width, channels)``."""

    def __init__(self, column: Column, image: Image, fit: decode.Fit) -> None:
        self._column = column
        self._image = image
        self._fit = fit

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, indices: Any, /) -> Any:
        image = self._image
        taken = np.asarray(self._column[indices])
        single = taken.ndim == 3
        made = [
            decode.fit_array(pixels, image.height_px, image.width_px, image.channels, self._fit).pixels
            for pixels in (taken[None] if single else taken)
        ]
        if single:
            return made[0]
        return (
            np.stack(made) if made else np.zeros((0, image.height_px, image.width_px, image.channels), dtype=np.uint8)
        )
