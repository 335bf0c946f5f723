import shutil

import numpy as np
import pytest
from small_sounds import RATE_HZ, folder, tone, wav

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError
from gnomon.core.events import Said, Worked
from gnomon.core.spec import Audio, Label
from gnomon.data import sounds
from gnomon.data.reading import Reading
from gnomon.readers import audio


def read(path, tmp_path, *, emit=lambda event: None, layers=(), **settings):
    reading = Reading(cache_dir=tmp_path / "cache", emit=emit, should_stop=lambda: False, layers=layers)
    return audio.read(path, DataConfig(path=str(path), **settings), reading)


def test_recordings_come_out_as_they_went_in(tmp_path):
    data = folder(tmp_path / "set", per_class=3)
    found = read(data, tmp_path)
    assert found.spec.input == Audio(rate_hz=RATE_HZ)
    assert found.spec.target == Label(classes=("high", "low"))
    part = found.splits["all"]
    assert len(part) == 6
    assert part.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert part.ids[4] == "low/1.wav"
    assert np.array_equal(part.inputs[4], tone(400 * 1.02, seed=101))
    assert part.groups is None


def test_they_are_decoded_once(tmp_path):
    data, told, again = folder(tmp_path / "set", per_class=20), [], []
    first = read(data, tmp_path, emit=told.append)
    assert any(isinstance(event, Worked) for event in told)
    second = read(data, tmp_path, emit=again.append)
    assert again == []
    assert first.fingerprint == second.fingerprint
    assert first.facts == second.facts
    (data / "low" / "0.wav").write_bytes(wav(tone(777, 0.3)))
    assert read(data, tmp_path).fingerprint != first.fingerprint


def test_a_damaged_cache_is_made_again(tmp_path):
    data, told = folder(tmp_path / "set"), []
    first = read(data, tmp_path)
    (store,) = (tmp_path / "cache" / "decoded").iterdir()
    for name in ("pixels.u8", "lengths.i64"):
        content = bytearray((store / name).read_bytes())
        content[9] ^= 1
        (store / name).write_bytes(bytes(content))
        assert read(data, tmp_path, emit=told.append).fingerprint == first.fingerprint
    assert len([event for event in told if isinstance(event, Said) and "damaged" in event.text]) == 2


def test_facts_tell_lengths_rates_and_formats(tmp_path):
    data = folder(tmp_path / "set", per_class=2)
    (data / "low" / "2.wav").write_bytes(wav(tone(440, 0.5, rate_hz=16_000), rate_hz=16_000))
    found = read(data, tmp_path)
    assert found.facts["seconds"] == {"min": 0.2, "median": 0.2, "p95": 0.44, "max": 0.5, "sum": 1.3}
    assert found.facts["rates_hz"] == {"8000": 4, "16000": 1}
    assert found.facts["formats"] == {"WAV PCM_16": 5}
    assert len(found.splits["all"].inputs[4]) == 4000
    (guess,) = found.guesses
    assert guess.what == "recordings are brought to 8,000 Hz"
    assert "reader.rate_hz" in guess.flag


def test_high_rates_are_brought_down_and_a_wished_rate_is_kept(tmp_path):
    data = folder(tmp_path / "set", per_class=1)
    for name in ("high", "low"):
        (data / name / "0.wav").write_bytes(wav(tone(440, 0.3, rate_hz=44_100, seed=len(name)), rate_hz=44_100))
    assert read(data, tmp_path).spec.input.rate_hz == sounds.MAX_RATE_HZ
    wished = read(data, tmp_path, layers=[("user", {"reader.rate_hz": 22_050})])
    assert wished.spec.input.rate_hz == 22_050
    assert wished.guesses == ()


def test_bad_ones_are_skipped_with_a_reason_and_too_many_are_refused(tmp_path):
    data = folder(tmp_path / "set", per_class=10)
    (data / "low" / "3.wav").write_bytes(b"no sound at all, but a text\n" * 9)
    (data / "low" / "4.wav").write_bytes(wav(np.zeros(1000, np.int16)))
    with pytest.raises(DataError, match="2 of 20 samples cannot be used") as caught:
        read(data, tmp_path)
    assert "is silent" in caught.value.what
    found = read(data, tmp_path, max_bad=0.2)
    assert {one.id: one.reason for one in found.skipped} == {
        "low/3.wav": "is text, not a recording",
        "low/4.wav": "is silent",
    }
    assert len(found.splits["all"]) == 18


def test_a_class_without_any_sound_is_refused(tmp_path):
    data = folder(tmp_path / "set", per_class=2)
    for path in (data / "low").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match="1 of 2 classes have no readable sample: low"):
        read(data, tmp_path, max_bad=1.0)
    assert len(read(data, tmp_path, max_bad=1.0, allow_empty=True).splits["all"]) == 2


def test_nothing_readable_at_all_is_refused(tmp_path):
    data = folder(tmp_path / "set", per_class=2)
    for path in data.rglob("*.wav"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"none of 4 recordings can be read: is empty"):
        read(data, tmp_path)


def test_the_cache_does_not_need_the_files(tmp_path):
    found = read(folder(tmp_path / "set"), tmp_path)
    shutil.rmtree(tmp_path / "set")
    assert len(found.splits["all"].inputs[0]) == 1600
