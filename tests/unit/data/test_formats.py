"""The kind of a file is told from its bytes."""

import io

import pytest
from PIL import Image

from gnomon.data import formats
from gnomon.data.formats import UnreadableError


@pytest.mark.parametrize("name", formats.ALLOWED)
def test_a_real_file_of_each_allowed_format_is_told(name):
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, name)
    assert formats.sniff(buffer.getvalue()[: formats.HEAD_BYTES]) == name


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"", "is empty"),
        (bytes(64), "holds only zeros"),
        (b"just some words\n", "is text"),
        (b"BMW builds cars, which is no bitmap", "is text"),
        (b"<!DOCTYPE html><html>404</html>", "HTML page"),
        (b"\xef\xbb\xbf\n<HTML>", "HTML page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"\xc5\xd0\xd3\xc6\x20\0\0\0", "PostScript"),
        (b"8BPS\0\1\0\0", "Photoshop"),
        (b"SIMPLE  =                    T", "FITS"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\0\0\0\x18ftypisom\0\0", "video"),
        (b"\x7fELF\x02\x01\x01", "not in a known picture format"),
    ],
)
def test_what_is_no_picture_is_named(head, reason):
    with pytest.raises(UnreadableError, match=reason):
        formats.sniff(head)


@pytest.mark.parametrize(("brand", "package"), [(b"heic", "pillow-heif"), (b"avif", "pillow-avif-plugin")])
def test_a_format_without_its_plug_in_names_the_package(brand, package, monkeypatch):
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnreadableError, match=f"pip install {package}"):
        formats.sniff(b"\0\0\0\x1cftyp" + brand + b"\0\0\0\0")


def test_a_format_with_its_plug_in_is_let_through(monkeypatch):
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: object())
    assert formats.sniff(b"\0\0\0\x1cftypheic\0\0\0\0") == "HEIF"
