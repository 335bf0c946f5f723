"""One picture's bytes, good, odd and hostile. Every file is made here."""

import io
import resource
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from gnomon.data import decode
from gnomon.data.decode import decode_for_model, look
from gnomon.data.formats import UnreadableError


def saved(image, format_name, **options):
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def noise(width, height, mode="RGB"):
    shape = (height, width) if mode == "L" else (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, shape, np.uint8), mode)


def photo(width, height):
    """A smooth picture that JPEG keeps well."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, 255 - x], axis=2).astype(np.uint8))


def decoded(data, image_or_size, channels=3):
    width, height = image_or_size
    return decode_for_model(data, height, width, channels, "crop")


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, *chunks, depth=8, colour=0):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b"")


def idat(rows):
    return chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))


@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_lossless_files_give_their_very_pixels(format_name):
    image = Image.fromarray(np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6))
    options = {"lossless": True} if format_name == "WEBP" else {}
    pixels = decoded(saved(image, format_name, **options), (6, 4))
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, np.repeat(np.asarray(image)[:, :, None], 3, axis=2))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_a_jpeg_at_full_size_is_what_the_reference_decoder_gives(options):
    data = saved(photo(50, 40), "JPEG", **options)
    assert np.array_equal(decoded(data, (50, 40)), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_decoding_at_a_smaller_scale_stays_near_decoding_whole(fit):
    data = saved(photo(900, 700), "JPEG", quality=95)
    ours = decode_for_model(data, 96, 96, 3, fit).astype(int)
    whole = decode.fit_into(np.array(Image.open(io.BytesIO(data))), 96, 96, fit)
    assert np.abs(ours - np.asarray(whole)).max() <= 6
    assert np.abs(ours - np.asarray(whole)).mean() < 1


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_a_file_cut_at_any_hundredth_is_refused(format_name):
    data = saved(noise(64, 48), format_name)
    for percent in range(100):
        with pytest.raises(UnreadableError):
            decoded(data[: len(data) * percent // 100], (64, 48))


@pytest.mark.parametrize("format_name", ["GIF", "BMP", "TIFF", "WEBP"])
def test_other_formats_cut_in_the_middle_are_refused(format_name):
    data = saved(noise(64, 48), format_name)
    with pytest.raises(UnreadableError):
        decoded(data[: len(data) // 2], (64, 48))


def test_an_unfinished_copy_that_ends_in_zeros_is_refused():
    data = saved(noise(64, 48), "JPEG")
    with pytest.raises(UnreadableError, match="unfinished copy"):
        decoded(data[: len(data) // 2] + bytes(len(data) // 2), (64, 48))


def test_a_cmyk_jpeg_shows_its_colour():
    # Cyan 0, magenta 128, yellow 255, no black: red stays, green is halved, blue goes.
    pixels = decoded(saved(Image.new("CMYK", (16, 16), (0, 128, 255, 0)), "JPEG", quality=100), (16, 16))
    assert np.abs(pixels.reshape(-1, 3).astype(int) - (255, 127, 0)).max() <= 3


def test_an_adobe_ycck_jpeg_shows_its_colour():
    # For the colour (200, 100, 50), Adobe stores YCbCr of its complement (55, 155, 205) and inverted black, 255.
    # Y = 130.8, Cb = 169.9, Cr = 73.9. Pillow writes CMYK inverted, so the complements are given to it, and the
    # Adobe marker's transform is set from 0 (CMYK) to 2 (YCCK).
    stored = (131, 170, 74, 255)
    data = bytearray(saved(Image.new("CMYK", (16, 16), tuple(255 - v for v in stored)), "JPEG", quality=100))
    marker = data.index(b"Adobe")
    assert data[marker + 11] == 0
    data[marker + 11] = 2
    pixels = decoded(bytes(data), (16, 16))
    assert np.abs(pixels.reshape(-1, 3).astype(int) - (200, 100, 50)).max() <= 3


def test_a_16_bit_grey_ramp_keeps_its_levels():
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (4, 1))
    pixels = decoded(saved(Image.fromarray(ramp), "PNG"), (256, 4), channels=1)
    assert np.array_equal(pixels[0, :, 0], np.arange(256))


def test_a_16_bit_grey_value_meant_to_be_clear_is_white():
    rows = [struct.pack(">4H", 0, 257 * 100, 257 * 200, 65535)]
    data = png(4, 1, chunk(b"tRNS", struct.pack(">H", 257 * 100)), idat(rows), depth=16)
    assert decoded(data, (4, 1), 1).ravel().tolist() == [0, 255, 200, 255]


def test_a_16_bit_rgb_ramp_keeps_its_levels():
    values = np.linspace(0, 65535, 256).astype(">u2")
    row = np.repeat(values, 3).tobytes()
    pixels = decoded(png(256, 1, idat([row]), depth=16, colour=2), (256, 1))
    assert len(np.unique(pixels[0, :, 0])) >= 250
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[0, -1].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([0.0, 0.0, 0.0], [0, 0, 0]),
    ],
)
def test_a_float_tiff_is_scaled_by_its_range(values, expected):
    data = saved(Image.fromarray(np.array([values], np.float32)), "TIFF")
    assert np.abs(decoded(data, (3, 1), 1).ravel().astype(int) - expected).max() <= 1


def test_a_float_tiff_with_nan_is_refused():
    data = saved(Image.fromarray(np.array([[0, np.nan]], np.float32)), "TIFF")
    with pytest.raises(UnreadableError, match="not finite"):
        decoded(data, (2, 1), 1)


def test_a_32_bit_tiff_with_16_bit_values_is_scaled_like_16_bits():
    data = saved(Image.fromarray(np.array([[0, 25700, 65535]], np.int32)), "TIFF")
    assert decoded(data, (3, 1), 1).ravel().tolist() == [0, 100, 255]


def test_one_bit_is_black_and_white():
    data = saved(Image.fromarray(np.array([[True, False]])), "PNG")
    assert look(data).mode == "1"
    assert decoded(data, (2, 1), 1).ravel().tolist() == [255, 0]


def test_a_palette_with_transparency_lies_on_white():
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    pixels = decoded(saved(image, "PNG", transparency=1), (3, 1))
    assert pixels[0].tolist() == [[255, 0, 0], [255, 255, 255], [0, 0, 255]]


def test_half_transparent_colour_is_mixed_with_white():
    image = Image.new("RGBA", (2, 1))
    image.putdata([(0, 100, 200, 128), (9, 9, 9, 0)])
    pixels = decoded(saved(image, "PNG"), (2, 1)).astype(int)
    # 128/255 of the colour, 127/255 of white: (127, 177.2, 227.4)
    assert np.abs(pixels[0] - [[127, 177, 227], [255, 255, 255]]).max() <= 1


def test_half_transparent_grey_stays_grey():
    image = Image.new("LA", (1, 1), (0, 128))
    data = saved(image, "PNG")
    assert look(data).grey
    assert abs(int(decoded(data, (1, 1), 1)[0, 0, 0]) - 127) <= 1


def test_a_clear_colour_of_an_rgb_png_is_white():
    data = saved(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert decoded(data, (1, 1))[0, 0].tolist() == [255, 255, 255]


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_exif_orientation_gives_the_pixels_of_the_upright_picture(orientation, format_name):
    # The file holds the upright picture turned back, and the tag that says how to turn it.
    upright = np.asarray(noise(37, 20))
    undo = {6: 8, 8: 6}.get(orientation, orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if format_name == "JPEG" else {}
    options |= {"lossless": True} if format_name == "WEBP" else {}
    turned = Image.fromarray(np.ascontiguousarray(UPRIGHT[undo](upright)))
    data = saved(turned, format_name, exif=exif, **options)
    pixels = decoded(data, (37, 20))
    seen = look(data)
    assert (seen.width_px, seen.height_px, seen.turned) == (37, 20, orientation != 1)
    assert np.abs(pixels.astype(int) - upright).max() <= (16 if format_name == "JPEG" else 0)
    if format_name == "PNG":
        shrunk = decode_for_model(data, 16, 16, 3, "crop")
        assert np.array_equal(shrunk, decode_for_model(saved(Image.fromarray(upright), "PNG"), 16, 16, 3, "crop"))


def test_a_damaged_exif_block_does_not_spoil_the_picture():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(photo(20, 10), "JPEG", exif=exif)
    at = data.index(b"Exif\0\0")
    broken = data[: at + 6] + b"\xff" * 8 + data[at + 14 :]
    assert decoded(broken, (20, 10)).shape == (10, 20, 3)


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_the_first_picture_of_several_is_taken_and_counted(format_name):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if format_name == "WEBP" else {}
    data = saved(frames[0], format_name, save_all=True, append_images=frames[1:], **options)
    assert look(data).animated
    assert np.abs(decoded(data, (8, 8)).reshape(-1, 3).astype(int) - (255, 0, 0)).max() <= 2
    assert not look(saved(frames[0], "JPEG" if format_name == "MPO" else format_name)).animated


def max_rss_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_a_picture_of_too_many_pixels_is_refused_before_memory_is_taken():
    before = max_rss_mb()
    for side in (50_000, 9_000):
        with pytest.raises(UnreadableError, match="is too large"):
            decoded(png(side, side, idat([bytes(10)])), (32, 32))
    assert max_rss_mb() - before < 50


def test_a_huge_text_chunk_is_refused_before_memory_is_taken():
    before = max_rss_mb()
    packed = zlib.compress(bytes(300_000_000), 1)
    with pytest.raises(UnreadableError):
        decoded(png(1, 1, chunk(b"zTXt", b"key\0\0" + packed), idat([b"\7"])), (1, 1))
    assert max_rss_mb() - before < 330  # the 300 MB that this test itself made


def test_a_gif_of_ten_thousand_frames_is_read_to_its_first():
    frame = b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    data = b"GIF89a" + struct.pack("<2HBBB", 1, 1, 0x80, 0, 0) + bytes(3) + b"\xff" * 3 + frame * 10_000 + b";"
    assert look(data).animated
    assert decoded(data, (1, 1)).shape == (1, 1, 3)


def test_a_tiff_whose_folders_form_a_loop_is_read_or_refused():
    data = bytearray(saved(Image.new("L", (2, 2), 9), "TIFF"))
    start = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[start : start + 2])[0]
    after = start + 2 + 12 * count
    data[after : after + 4] = struct.pack("<I", start)
    assert decoded(bytes(data), (2, 2), 1).ravel().tolist() == [9, 9, 9, 9]


def test_a_jpeg_of_thousands_of_passes_is_refused():
    data = saved(photo(3000, 2000), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    with pytest.raises(UnreadableError, match="passes"):
        decoded(data[:-2] + data[scan:-2] * 1000 + data[-2:], (32, 32))


def test_a_file_above_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(decode, "MAX_FILE_BYTES", 100)
    with pytest.raises(UnreadableError, match="the limit is 100"):
        decoded(saved(noise(20, 20), "PNG"), (20, 20))


@pytest.mark.parametrize(
    "data", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"8BPS\0\1" + bytes(30), b"%PDF-1.4 ", b"<svg/>"]
)
def test_formats_that_are_not_allowed_never_reach_a_parser(data, monkeypatch):
    def parser(*args, **options):
        raise AssertionError("a parser was called")

    monkeypatch.setattr(Image, "open", parser)
    with pytest.raises(UnreadableError, match="is "):
        decoded(data, (9, 9))


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000)])
def test_extreme_sizes_work(size):
    assert decode_for_model(saved(Image.new("RGB", size, "red"), "PNG"), 32, 32, 3, "crop")[5, 5].tolist() == [
        255,
        0,
        0,
    ]


def test_grey_among_colour_gets_three_equal_channels_and_colour_among_grey_its_luminance():
    grey = decode_for_model(saved(Image.new("L", (4, 4), 77), "JPEG"), 4, 4, 3, "crop")
    assert grey[0, 0].tolist() == [77, 77, 77]
    red = decode_for_model(saved(Image.new("RGB", (4, 4), (255, 0, 0)), "PNG"), 4, 4, 1, "crop")
    assert red[0, 0].tolist() == [76]  # 0.299 * 255


def test_no_warning_of_the_decoder_gets_out_and_the_filters_come_back():
    before = list(warnings.filters)
    image = Image.new("P", (2, 2))
    image.putpalette([0, 0, 0, 255, 255, 255])
    decoded(saved(image, "PNG", transparency=b"\0\xff"), (2, 2))
    assert list(warnings.filters) == before


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_random_damage_gives_a_picture_or_a_reason_and_nothing_else(format_name):
    good = saved(photo(24, 16), format_name)
    generator = np.random.default_rng(7)
    refused = 0
    for _ in range(150):
        data = bytearray(good)
        for at in generator.integers(0, len(data), 6):
            data[at] = generator.integers(0, 256)
        try:
            assert decoded(bytes(data), (24, 16)).shape == (16, 24, 3)
        except UnreadableError as error:
            refused += 1
            assert str(error)
    assert refused > 0
