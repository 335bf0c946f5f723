"""Recordings in the report: some of each class, and the worst mistakes, each to be heard beside its spectrogram."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from gnomon.core.errors import GnomonError
from gnomon.data.spectrogram import log_mel
from gnomon.outputs.choosing import by_class, num_samples
from gnomon.outputs.examples import Examples
from gnomon.outputs.mistakes import absent, mistakes
from gnomon.outputs.record import Record
from gnomon.outputs.subject import classes_of, leaf
from gnomon.outputs.verdict import headline_split

Context = dict[str, Any]
Samples = npt.NDArray[np.int16]

_PER_CLASS = 4
_MOST_CLASSES = 12
_MOST_PLAYED_BYTES = 3_000_000
"""All sound in a report together: a page that can still be mailed."""
_LONGEST_S = 4.0
_MELS = 48
_COLUMNS = 120
_RANGE = 9.0
"""Powers this far below the loudest, as natural logarithms, are the darkest: about 40 dB."""
_COLOURS = ((13, 18, 43), (52, 35, 104), (124, 43, 118), (200, 72, 96), (245, 140, 84), (253, 231, 165))


def glance(record: Record, examples: Examples) -> Context:
    """Return some training recordings of each class with their sound."""
    names, labels = classes_of(record), examples.labels("train")
    if labels is None or not num_samples(record.data, "train"):
        return {}
    rows = by_class(labels, names, _PER_CLASS)[:_MOST_CLASSES]
    order = [index for _, chosen in rows for index in chosen]
    played = iter(_players(examples.samples("train", order), examples.names("train", order), _rate(record)))
    return {
        "template": "glance_sounds.html",
        "rows": [{"name": name, "players": [next(played) for _ in chosen]} for name, chosen in rows],
        "num_shown": len(rows),
        "num_classes": len(names),
    }


def worst(record: Record, examples: Examples | None) -> Context:
    """Return the most confident mistakes, each with its sound and its spectrogram."""
    rows = mistakes(record)
    if not rows:
        return {}
    gone = absent(record)
    if examples is not None:
        try:
            order = [row["index"] for row in rows]
            heard = examples.samples(headline_split(record), order)
            for row, player in zip(rows, _players(heard, [row["id"] for row in rows], _rate(record)), strict=True):
                row["player"] = player
            gone = ""
        except GnomonError as error:
            gone = absent(record, error)
    return {"template": "errors_sounds.html", "rows": rows, "split": headline_split(record), "absent": gone}


def _rate(record: Record) -> int:
    return int(leaf(record, "input").get("rate_hz") or 0)


def _players(sounds: Sequence[Samples], names: Sequence[str], rate_hz: int) -> list[Context]:
    """Return spectrogram and sound of each recording; sound as long as there is room for it in the report."""
    room = _MOST_PLAYED_BYTES // 2
    players = []
    for samples, name in zip(sounds, names, strict=True):
        heard = np.asarray(samples)[: round(_LONGEST_S * rate_hz)]
        sound = _wav(heard, rate_hz)
        room -= len(sound)
        players.append(
            {
                "name": name,
                "picture": _address("image/png", spectrogram_png(heard, rate_hz)),
                "sound": _address("audio/wav", sound) if room >= 0 else "",
                "seconds": len(samples) / rate_hz,
                "is_cut": len(heard) < len(samples),
            }
        )
    return players


def spectrogram_png(samples: Samples, rate_hz: int) -> bytes:
    """Return the picture of a recording ``(samples,)``: time to the right, mel upwards, louder is brighter."""
    hop_s = max(0.005, len(samples) / rate_hz / _COLUMNS)
    frames = log_mel(samples, rate_hz, num_mels=_MELS, hop_s=hop_s)
    share = np.clip((frames - frames.max()) / _RANGE + 1, 0, 1)[::-1]
    palette = np.array(_COLOURS, np.float64)
    place = share * (len(palette) - 1)
    low = np.minimum(place.astype(int), len(palette) - 2)
    part = (place - low)[..., None]
    colours = np.rint(palette[low] * (1 - part) + palette[low + 1] * part).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(colours).quantize(64).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _wav(samples: Samples, rate_hz: int) -> bytes:
    """Return a recording as 16-bit WAV, made as loud as it can be, for hearing what was quiet."""
    peak = max(1.0, float(np.abs(samples.astype(np.int32)).max(initial=0)))
    louder = np.rint(samples * min(30.0, 0.8 * 32767 / peak)).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(louder.tobytes())
    return stream.getvalue()


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
