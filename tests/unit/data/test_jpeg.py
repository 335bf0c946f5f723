"""JPEG at a smaller scale, with and without the faster decoder."""

import io

import numpy as np
import pytest
from PIL import Image

from gnomon.data import jpeg
from gnomon.data.decode import decode_for_model


def saved(width, height, mode="RGB", **options):
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    noise = np.random.default_rng(0).normal(0, 20, (height, width, 3))
    picture = Image.fromarray(np.clip(np.stack([x, y, 255 - x], axis=2) + noise, 0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    picture.convert(mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("size", "least", "scale"),
    [((500, 375), (192, 192), 1), ((500, 384), (192, 192), 2), ((4000, 3000), (300, 225), 8), ((10, 10), (20, 20), 1)],
)
def test_the_scale_is_the_one_of_pillow(size, least, scale):
    opened = Image.open(io.BytesIO(saved(*size)))
    assert jpeg._scale(size, least) == scale
    opened.draft("", least)
    assert opened.size == tuple(-(-side // scale) for side in size)


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 1}, {"quality": 30}]
)
@pytest.mark.parametrize("size", [(501, 377), (97, 1001), (33, 33)])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_faster_decoder_gives_the_same_pixels(monkeypatch, options, size, mode):
    pytest.importorskip("simplejpeg")
    data = saved(*size, mode, **options)
    for side in (300, 96, 20):
        fast = decode_for_model(data, side, side, 3, "crop")
        with monkeypatch.context() as without:
            without.setattr(jpeg, "_fast", lambda: None)
            assert np.array_equal(decode_for_model(data, side, side, 3, "crop"), fast)


def test_other_colours_are_left_to_pillow():
    opened = Image.open(io.BytesIO(saved(64, 64, "CMYK")))
    assert jpeg.pixels(saved(64, 64, "CMYK"), opened, (16, 16)) is None
    assert opened.size == (16, 16)


def test_without_the_faster_decoder_pillow_is_left_to_decode(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(jpeg.importlib, "import_module", missing)
    opened = Image.open(io.BytesIO(saved(64, 64)))
    assert jpeg.pixels(saved(64, 64), opened, (32, 32)) is None
    assert opened.size == (32, 32)


def test_damaged_files_are_left_to_pillow():
    pytest.importorskip("simplejpeg")
    data = saved(64, 64)
    assert jpeg.pixels(data[: len(data) // 2], Image.open(io.BytesIO(data)), (64, 64)) is None
