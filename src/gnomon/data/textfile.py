"""From the bytes of a file to text: the one place where encodings are found. Gzip is undone on the way."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Guess
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import read_bytes, read_head

if TYPE_CHECKING:
    from charset_normalizer.models import CharsetMatches

MAX_BYTES = 2_000_000_000
FLAG = "--set reader.encoding=NAME"

_GZIP_HEAD_BYTES = 1 << 12
_GZIP = b"\x1f\x8b"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257")
_LIKELY = [
    *("gb18030", "big5", "cp932", "euc_jp", "cp949"),
    *("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874", *_LATIN),
]
_SAMPLE_BYTES = 1 << 15
_LOOKED_AT = 1 << 14
_NEVER_WESTERN = re.compile(
    r"ø[^\n]*ì|ì[^\n]*ø|(?<=[^\W\d_])[³¹¿¼¾](?=[^\W\d_])|(?<![^\W\d_])[³¼](?=[^\W\d_])|(?<=[a-zà-ÿ])Ÿ"
)
"""What Czech, Polish, Romanian or Baltic letters become in cp1252: signs within words, letters of two languages."""
_STRAY = re.compile(r"[^\x00-\x7f\w\s](?=[^\W\d_])|(?<=[^\W\d_])[^\x00-\x7f\w\s]")
"""A sign that touches a letter."""
_HARDLY_WESTERN = re.compile(r"[šžŠŽðþýÐÞÝº\ufffd]")
"""Letters that these languages and Turkish have, and that are rare in others."""
_CONTROLS = (*range(9), *range(14, 27), 28, 29, 30, 31, 127)
_BY_LOOKS = "it is not UTF-8, and its characters make most sense so"
_AROUND = 1 << 19
_MANY_NULS = 0.3
_KANA_SHARE = 0.2
_FEW_ODD = 16
_ODD_SHARE = 0.01
"""So few bytes that are not ASCII are accents of a Latin page, or damage, and no other script."""
_NOT_WRITTEN = ("Cc", "Cn", "Co")


@dataclass(frozen=True)
class Decoded:
    """The text of some bytes, how it was found, and the number of CRLF line ends that became LF."""

    text: str
    encoding: str
    why: str
    num_crlf: int = 0


def read_text(path: Path, encoding: str = "auto") -> Decoded:
    """Return the text of a file, gzip or not, whose CRLF line ends become LF; all other characters stay.

    Raises ``DataError`` with the line and the byte where it cannot be decoded, ``UsageError`` for an unknown encoding.
    """
    return decode(content(path), encoding, path)


def content(path: Path) -> bytes:
    """Return all bytes of a file, unpacked where it is gzip. Raises ``DataError`` where it cannot be read."""
    try:
        return unpacked(read_bytes(path, MAX_BYTES))
    except UnreadableError as error:
        raise DataError(str(error), fix="check the file, or give a smaller one", path=path) from error


def head(path: Path, num_bytes: int = _LOOKED_AT) -> bytes:
    """Return the first bytes of a file's content, of a gzip file the first unpacked ones; b"" if it is unreadable."""
    try:
        data = read_head(path, max(num_bytes, _GZIP_HEAD_BYTES))
    except UnreadableError:
        return b""
    if not data.startswith(_GZIP):
        return data[:num_bytes]
    unpacker = zlib.decompressobj(wbits=31)
    try:
        return unpacker.decompress(data, num_bytes)
    except zlib.error:
        return b""


def unpacked(data: bytes) -> bytes:
    """Return what gzip packed, or ``data`` where it is no gzip. Raises ``UnreadableError`` for damage or a bomb."""
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            found = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableError(f"is damaged gzip: {error}") from error
    if len(found) > MAX_BYTES:
        raise UnreadableError(f"unpacks to more than {MAX_BYTES:,} bytes")
    return found


def is_packed(path: Path) -> bool:
    """Return whether a file is gzip, by its first bytes."""
    try:
        return read_head(path, len(_GZIP)).startswith(_GZIP)
    except UnreadableError:
        return False


def looks_like_text(data: bytes) -> bool:
    """Tell whether the beginning of a file is text in some encoding: no NUL or control characters where none belong."""
    if not data:
        return False
    if is_marked(data) or _wide(data):
        return True
    if b"\0" in data or _num_controls(data) > len(data) // 500:
        return False
    bad = _first_bad(data, "utf-8")
    if bad is None or bad >= len(data) - 3:  # the last character may be cut
        return True
    lines = data[: data.rfind(b"\n") + 1] or data
    return _is_utf8_with_damage(lines) is not None or detect(lines) is not None


def decode(data: bytes, encoding: str = "auto", path: Path | None = None) -> Decoded:
    """Return the text of bytes: by the user's word, a byte order mark, as UTF-8, else by what the characters look like.

    Raises as `read_text`; ``path`` is named in the errors.
    """
    if encoding != "auto":
        name, why = known(encoding), "as you said"
        name = "utf-8-sig" if name == "utf-8" else name
    else:
        name, why = _found(data, path)
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise undecodable(data, name, error.start, path) from error
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise DataError(
            f"holds a NUL character after {text.index(chr(0)):,} others: it is no text, or of another encoding",
            fix=f"give a text file, or say its encoding: {FLAG}",
            path=path,
            line=text.count("\n", 0, text.index("\0")) + 1,
        )
    num_crlf = text.count("\r\n")
    return Decoded(text.replace("\r\n", "\n") if num_crlf else text, name.removesuffix("-sig"), why, num_crlf)


def detect(data: bytes) -> str | None:
    """Return the encoding whose characters make most sense of bytes that are no UTF-8, or None."""
    sample = _sample(data)
    name = _best_encoding(data)
    if name is None or not _makes_sense(sample.decode(name, "ignore")):
        return None
    num_odd = len(sample) - len(sample.decode("ascii", "ignore"))
    damaged = name not in _LATIN and num_odd < min(_FEW_ODD, _ODD_SHARE * len(sample))
    return None if damaged else name


def _best_encoding(data: bytes) -> str | None:
    import charset_normalizer

    if (name := _japanese(_sample(data))) is not None:
        return name
    matches = charset_normalizer.from_bytes(_sample(data), cp_isolation=_LIKELY)
    best = matches.best()
    if best is None:
        return None
    if best.encoding in _LATIN:
        return _latin(matches, _sample(data))
    return str(best.encoding)


def _latin(matches: CharsetMatches, data: bytes) -> str:
    """Return which of the Latin code pages text is in: few words, as in a table, tell no language.

    Of those that fit equally well, cp1252 is by far the most frequent. It is none where signs would stand within words.
    """
    found = [match for match in matches if match.encoding in _LATIN]
    best, western = found[0], next((match for match in found if match.encoding == "cp1252"), None)
    text = data.decode("cp1252", "replace")
    if _NEVER_WESTERN.search(text):
        return min(_LATIN[1:], key=lambda name: len(_STRAY.findall(data.decode(name, "replace"))))
    as_good = western is not None and western.coherence >= best.coherence
    if best.language != "Hungarian" and (as_good or not _HARDLY_WESTERN.search(text)):
        return "cp1252"
    return "cp1252" if str(best) == text else str(best.encoding)


def _makes_sense(text: str) -> bool:
    """Return whether all characters are ones that people write: none unassigned, for private use, or a C1 control."""
    odd = {c for c in set(text) if not c.isascii() and not c.isprintable() and unicodedata.category(c) in _NOT_WRITTEN}
    return not odd


def _japanese(data: bytes) -> str | None:
    """Return the Japanese encoding in which many characters are kana, which no other text becomes by chance."""
    for name in ("cp932", "euc_jp"):
        try:
            text = codecs.getincrementaldecoder(name)().decode(data)
        except UnicodeDecodeError:
            continue
        others = [c for c in text if not c.isascii()]
        if sum("\u3040" <= c <= "\u30ff" for c in others) > _KANA_SHARE * len(others) > 0:
            return name
    return None


def pool(contents: Sequence[bytes]) -> bytes:
    """Return the beginnings of several files as one, in which `detect` finds the encoding that they share."""
    return b"\n".join(content[: max(256, _SAMPLE_BYTES // max(1, len(contents)))] for content in contents[:200])


def undecodable(data: bytes, encoding: str, start: int, path: Path | None, *, line: int | None = None) -> DataError:
    """Return the error that names file, line and byte of what cannot be decoded; ``line`` where ``data`` is a part."""
    line = line or data.count(b"\n", 0, start) + 1
    return DataError(
        f"is not {encoding.removesuffix('-sig')} text: byte {start:,} is 0x{data[start : start + 1].hex()}",
        fix=f"save it as UTF-8, or say its encoding: {FLAG} (such as cp1252 or gb18030)",
        path=path,
        line=line,
    )


def is_plain(data: bytes) -> bool:
    """Return whether bytes are UTF-8, or say by themselves what they are: nothing has to be found out."""
    return _first_bad(data, "utf-8") is None or is_marked(data) or bool(_wide(data))


def is_marked(data: bytes) -> bool:
    """Return whether bytes begin with a byte order mark."""
    return marked(data) is not None


def marked(data: bytes) -> str | None:
    """Return the encoding that a byte order mark at the beginning of bytes tells, or None."""
    return next((name for bom, name in _BOMS if data.startswith(bom)), None)


def decode_shared(data: bytes, encoding: str | None, path: Path) -> Decoded:
    """Return text that is no UTF-8 in the encoding that was found for many files together. Raises as `decode`."""
    start = _is_utf8_with_damage(data)
    if encoding is None or start is not None:
        raise undecodable(data, "utf-8", start or _first_bad(data, "utf-8") or 0, path)
    return replace(decode(data, encoding, path), why=_BY_LOOKS)


def told(decoded: Sequence[Decoded]) -> tuple[Guess, ...]:
    """Return as guesses what was decided about some files: encodings other than UTF-8, and line ends."""
    guesses = []
    others = {one.encoding: one.why for one in decoded if one.encoding not in ("utf-8", "ascii")}
    for name, why in sorted(others.items()):
        if why != "as you said":
            count = sum(one.encoding == name for one in decoded)
            what = "the text is" if len(decoded) == 1 else f"{count:,} of {len(decoded):,} files are"
            guesses.append(Guess(what=f"{what} {name}", why=why, flag=FLAG))
    if num := sum(one.num_crlf for one in decoded):
        guesses.append(Guess(what=f"{num:,} line ends CRLF become LF", why="so that all systems see one text", flag=""))
    return tuple(guesses)


def known(encoding: str) -> str:
    """Return the one name of an encoding. Raises ``UsageError`` where there is none."""
    try:
        with contextlib.suppress(UnicodeError):
            b"text".decode(encoding)  # looking it up alone would also find codecs that are no text encodings
        return codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"there is no text encoding {encoding!r}", fix="try utf-8, utf-16, cp1252, gb18030, big5 or shift_jis"
        ) from error


def _found(data: bytes, path: Path | None) -> tuple[str, str]:
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name, "it begins with a byte order mark"
    if wide := _wide(data):
        return wide, "every other byte is NUL"
    start = _first_bad(data, "utf-8")
    if start is None:
        return "utf-8", "its bytes are valid"
    name = None if _is_utf8_with_damage(data) is not None else detect(data)
    if name is None:
        raise undecodable(data, "utf-8", start, path)
    return name, _BY_LOOKS


def _num_controls(data: bytes) -> int:
    return sum(data.count(byte) for byte in _CONTROLS)


def _wide(data: bytes) -> str | None:
    """Return which UTF-16 text without a mark is in, seen by the NUL bytes of its Latin characters."""
    some = data[:_LOOKED_AT]
    if len(some) < 16 or b"\0" not in some:
        return None
    even, odd = some[::2].count(0), some[1::2].count(0)
    if _num_controls(some) - even - odd > len(some) // 500:
        return None
    least = _MANY_NULS * (len(some) // 2)
    if odd > least and even < odd // 20 + 1:
        return "utf-16-le"
    return "utf-16-be" if even > least and odd < even // 20 + 1 else None


def _is_utf8_with_damage(data: bytes) -> int | None:
    """Return the first bad byte where most of what is not ASCII around it is valid UTF-8; None where it is not."""
    start = _first_bad(data, "utf-8")
    if start is None:
        return None
    before = data.rfind(b"\n", 0, max(0, start - _AROUND)) + 1
    text = data[before : start + _AROUND].decode("utf-8", "surrogateescape")
    bad = sum(1 for c in text if "\udc80" <= c <= "\udcff")
    good = sum(1 for c in text if c > "\x7f") - bad
    return start if good >= bad else None


def _first_bad(data: bytes, encoding: str) -> int | None:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return None


def _sample(data: bytes) -> bytes:
    """Return the lines around the first bytes that are not ASCII."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    first = _first_bad(data, "ascii") or 0
    start = data.rfind(b"\n", max(0, first - _SAMPLE_BYTES), first) + 1
    stop = data.rfind(b"\n", first, start + _SAMPLE_BYTES)
    return data[start : stop if stop > first else first + _SAMPLE_BYTES]
