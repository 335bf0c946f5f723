"""Small recordings, as samples and as files."""

import io
import wave
from pathlib import Path

import numpy as np

RATE_HZ = 8000


def tone(hz=440.0, seconds=0.2, *, rate_hz=RATE_HZ, loud=0.3, seed=None):
    """A sine as int16 ``(samples,)``, with a little noise where a seed is given."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    found = loud * np.sin(2 * np.pi * hz * time)
    if seed is not None:
        found = found + np.random.default_rng(seed).normal(0, 0.005, len(found))
    return np.rint(found * 32767).astype(np.int16)


def wav(samples, *, rate_hz=RATE_HZ, channels=1):
    """The bytes of a 16-bit WAV file; samples of several channels are ``(samples, channels)``."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.ascontiguousarray(samples, "<i2").tobytes())
    return stream.getvalue()


def folder(root, *, per_class=6, classes=("high", "low"), seconds=0.2):
    """Class folders of tones; which octave is the class."""
    for number, name in enumerate(classes):
        place = Path(root, name)
        place.mkdir(parents=True, exist_ok=True)
        for index in range(per_class):
            hz = 1600 / 4**number * (1 + 0.02 * index)
            (place / f"{index}.wav").write_bytes(wav(tone(hz, seconds, seed=100 * number + index)))
    return Path(root)


def speakers(root, *, names=("ann", "bob", "cid"), per_speaker=4, classes=("one", "two")):
    """Recordings with label, speaker and number in their names, as of spoken digits."""
    Path(root).mkdir(parents=True, exist_ok=True)
    for number, label in enumerate(classes):
        for who, name in enumerate(names):
            for index in range(per_speaker):
                hz = (300 if number else 1200) * (1 + 0.1 * who + 0.01 * index)
                sound = tone(hz, 0.15 + 0.01 * index, seed=index + 10 * who + 100 * number)
                Path(root, f"{label}_{name}_{index}.wav").write_bytes(wav(sound))
    return Path(root)
