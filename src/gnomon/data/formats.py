"""Which kind of file some bytes are, told from the bytes themselves: a name's ending is never believed.

Only the six formats of ``ALLOWED`` (and HEIC and AVIF where the user has installed their plug-in) reach a decoder.
"""

from __future__ import annotations

import importlib.util

ALLOWED = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")

SUFFIXES = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".avif",
    )
)
"""Endings of file names that are taken to be pictures when a folder is listed."""

PLUG_INS = {"HEIF": ("HEIC", "pillow_heif", "pillow-heif"), "AVIF": ("AVIF", "pillow_avif", "pillow-avif-plugin")}
"""Format: its name for people, the module that reads it, the package that has the module."""

HEAD_BYTES = 512

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_REFUSED = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript (EPS) file"),
    (b"8BPS", "a Photoshop file"),
    (b"SIMPLE  =", "a FITS file"),
    (b"\0\0\1\0", "an icon file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 file"),
    (b"\xff\x0a", "a JPEG XL file"),
    (b"PK\3\4", "a zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself"),
)
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")


class UnreadableError(Exception):
    """A picture that cannot be used. Its text is the reason, for people."""


def sniff(head: bytes) -> str:
    """Return the format (one of ``ALLOWED``, ``HEIF`` or ``AVIF``) of a file that begins with ``head``.

    Raises ``UnreadableError`` with what the file is instead.
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    if head[4:8] == b"ftyp":
        return _with_plug_in(head[8:12])
    raise UnreadableError(_what_it_is(head))


def _with_plug_in(brand: bytes) -> str:
    name = "HEIF" if brand in _HEIF_BRANDS else "AVIF" if brand in _AVIF_BRANDS else ""
    if not name:
        raise UnreadableError("is a video or audio file, not a picture")
    shown, module, package = PLUG_INS[name]
    if importlib.util.find_spec(module) is None:
        raise UnreadableError(f"is {shown}, which needs the package {package}: pip install {package}")
    return name


def _what_it_is(head: bytes) -> str:
    if not head:
        return "is empty"
    if not head.strip(b"\0"):
        return "holds only zeros: an unfinished copy"
    for magic, what in _REFUSED:
        if head.startswith(magic):
            return f"is {what}, not a picture"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "is an HTML page, not a picture"
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "is an SVG drawing, which is not read"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "is text, not a picture"
    return "is not in a known picture format"
