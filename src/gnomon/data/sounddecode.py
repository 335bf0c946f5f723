"""One recording's bytes become int16 samples at one rate, mixed to one channel. Training and prediction both go here.

What the files hold is not trusted: the format is told from the bytes, a length is believed only as far as samples
follow, and whatever a decoder raises becomes one reason in words.
"""

from __future__ import annotations

import importlib
import io
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import UsageError
from gnomon.data.formats import UnreadableError

MAX_S = 3600.0
MAX_SAMPLES = 400_000_000
"""Samples of all channels together that are decoded of one file."""
LEAST_S = 0.005
CLIPPED_SHARE = 1e-3
"""Where more of a recording's samples than this lie at its two ends, in runs, it was too loud for its device."""

Samples = npt.NDArray[np.int16]

_FULL = 32768.0
_SILENT = 2
"""Largest distance from the mean, in int16 steps, that still is silence."""
_CANCELLED = 0.1
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFF000)
"""Sizes that programs write into a WAV header when they cannot know how much will follow."""
_ELSE = (
    (b"PK\3\4", "a zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"version https://git-lfs", "a Git LFS pointer, not the recording itself"),
)


@dataclass(frozen=True)
class Heard:
    """What a recording's file says, and what was noticed in it."""

    rate_hz: int
    channels: int
    format: str
    """Container and encoding, such as ``WAV PCM_16``."""
    seconds: float
    clipped: bool = False


@dataclass(frozen=True)
class Sound:
    """A decoded recording: int16 ``(samples,)``, and what it was before."""

    samples: Samples
    heard: Heard


def require_decoder() -> ModuleType:
    """Return the library that decodes. Raises ``UsageError`` that names the extra where it is not installed."""
    return _library("soundfile")


def look(data: bytes) -> Heard:
    """Return what a recording's header says, without decoding it. Raises ``UnreadableError`` with the reason."""
    with _open(data) as file:
        return _heard(file)


def decode(data: bytes, rate_hz: int) -> Sound:
    """Decode one recording to ``rate_hz``, its channels mixed to one. Raises ``UnreadableError`` with the reason."""
    with _open(data) as file:
        heard = _heard(file)
        waves = _read(file)
    if not np.isfinite(waves).all():
        raise UnreadableError("holds values that are not finite (NaN or infinity)")
    if len(waves) < max(1.0, LEAST_S * heard.rate_hz):
        raise UnreadableError("holds no sound" if not len(waves) else f"is too short: {len(waves):,} samples")
    clipped = _is_clipped(waves)
    mono = resample(_mixed(waves), heard.rate_hz, rate_hz)
    samples = to_int16(mono)
    if np.abs(samples - samples.mean()).max(initial=0) <= _SILENT:
        raise UnreadableError("is silent")
    seconds = len(waves) / heard.rate_hz
    return Sound(samples, Heard(heard.rate_hz, heard.channels, heard.format, seconds, clipped))


def resample(waves: npt.NDArray[Any], from_hz: int, to_hz: int) -> npt.NDArray[np.float32]:
    """Return samples ``(samples,)`` at another rate, as float32 in the same unit.

    Source: the SoX resampler, band-limited interpolation: Smith, "Digital audio resampling", 2002.
    """
    found = np.ascontiguousarray(waves, np.float32)
    if from_hz != to_hz:
        found = _library("soxr").resample(found, from_hz, to_hz, quality="HQ")
    return found


def to_int16(waves: npt.NDArray[np.float32]) -> Samples:
    """Return samples of full scale 1.0 as int16; what is louder than full scale makes all of it quieter."""
    peak = float(np.abs(waves).max(initial=0.0))
    scale = _FULL if peak <= 1.0 else _FULL / peak
    return np.clip(np.rint(waves * scale), -_FULL, _FULL - 1).astype(np.int16)


def _library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise UsageError(
            f"recordings need the package {name}, which is not installed", fix="pip install 'gnomon[audio]'"
        ) from error


def _open(data: bytes) -> Any:
    library = require_decoder()
    _sniff(data)
    try:
        return library.SoundFile(io.BytesIO(data))
    except Exception as error:  # decoders raise anything at all when they are fed broken bytes
        raise UnreadableError(_reason(error)) from error


def _sniff(data: bytes) -> None:
    """Raise ``UnreadableError`` where the bytes are no recording, or less of a WAV file than its header says."""
    if not data:
        raise UnreadableError("is empty")
    head = data[:512]
    if not head.strip(b"\0"):
        raise UnreadableError("holds only zeros: an unfinished copy")
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
        _require_whole(data, "big" if head[:4] == b"RIFX" else "little")
        return
    if head[:4] in (b"fLaC", b"OggS", b".snd", b"caff") or head[:3] == b"ID3":
        return
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return
    if head[0] == 0xFF and head[1:2] >= b"\xe0" and head[:3] != b"\xff\xd8\xff":
        return  # the sync word of an MP3 frame
    for magic, what in _ELSE:
        if head.startswith(magic):
            raise UnreadableError(f"is {what}, not a recording")
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        raise UnreadableError("is text, not a recording")
    raise UnreadableError("is not in a known format of recordings")


def _require_whole(data: bytes, order: Any) -> None:
    """Raise ``UnreadableError`` where a WAV file ends before its header says: the library would not tell."""
    place = 12
    while place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], order)
        if data[place : place + 4] == b"data":
            if size not in _UNKNOWN_SIZES and place + 8 + size > len(data):
                raise UnreadableError("is cut short (truncated)")
            return
        place += 8 + size + size % 2
    raise UnreadableError("is cut short (truncated)")


def _heard(file: Any) -> Heard:
    if not (file.channels >= 1 and 1 <= file.samplerate <= 768_000):
        raise UnreadableError(f"has {file.channels} channels at {file.samplerate} Hz")
    seconds = max(0, file.frames) / file.samplerate
    return Heard(file.samplerate, file.channels, f"{file.format} {file.subtype}", seconds)


def _read(file: Any) -> npt.NDArray[np.float32]:
    """Return all samples ``(samples, channels)``, a second at a time: the header is not believed."""
    most = min(MAX_S * file.samplerate, MAX_SAMPLES / file.channels)
    blocks: list[npt.NDArray[np.float32]] = []
    total = 0
    try:
        while len(block := file.read(file.samplerate, dtype="float32", always_2d=True)):
            blocks.append(block)
            total += len(block)
            if total > most:
                raise UnreadableError(f"is too long: more than {most / file.samplerate:,.0f} s")
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(_reason(error)) from error
    if file.format == "FLAC" and 0 < total < file.frames < 1 << 40:
        raise UnreadableError("is cut short (truncated)")
    return np.concatenate(blocks) if blocks else np.zeros((0, file.channels), np.float32)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    text = (str(error).splitlines() or [""])[0].rpartition(": ")[2][:120].rstrip(".")
    return f"cannot be decoded: {text or type(error).__name__}"


def _mixed(waves: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the mean of all channels, or the loudest one where they cancel each other, as a turned wire makes them."""
    if waves.shape[1] == 1:
        return waves[:, 0]
    mean = waves.mean(axis=1, dtype=np.float32)
    energies = np.square(waves, dtype=np.float64).mean(axis=0)
    loudest = int(energies.argmax())
    if np.square(mean, dtype=np.float64).mean() < _CANCELLED**2 * energies[loudest]:
        return waves[:, loudest]
    return mean


def _is_clipped(waves: npt.NDArray[np.float32]) -> bool:
    """Return whether too many samples lie at the extremes, several in a row: a peak that is cut off flat."""
    peak = np.abs(waves).max(initial=0.0)
    if peak < 0.25:
        return False
    flat = np.abs(waves) >= peak * 0.9999
    runs = flat[2:] & flat[1:-1] & flat[:-2]
    return bool(runs.mean() > CLIPPED_SHARE) if len(runs) else False
