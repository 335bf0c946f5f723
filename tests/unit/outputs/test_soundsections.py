import base64
import io
import json
import wave

import numpy as np
import pytest
from PIL import Image
from raw_data import dataset, numbered
from small_sounds import RATE_HZ, tone

from gnomon.core.errors import DataError
from gnomon.core.run import RunFolder
from gnomon.core.spec import Audio, Label, Spec, Split, spec_as_dict
from gnomon.data.ragged import Ragged
from gnomon.outputs import report, soundsections
from gnomon.outputs.examples import examples_of
from gnomon.outputs.record import read_record

SPEC = Spec(input=Audio(rate_hz=RATE_HZ), target=Label(classes=("high", "low")))


def split(count):
    arrays = [tone((1600, 400)[i % 2] * (1 + 0.01 * i), 0.2, seed=i) for i in range(count)]
    column = Ragged.of(arrays, like=np.zeros(0, np.int16))
    hashes = np.arange(2 * count, dtype=np.uint64).view("V16")
    targets = np.arange(count, dtype=np.int64) % 2
    return Split(inputs=column, targets=targets, ids=numbered(count, "low/<b>"), hashes=hashes)


DATA = dataset(SPEC, train=split(20), test=split(6))


@pytest.fixture
def record(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.config.write_text('[run]\ntask = "classify"\n')
    sizes = {name: {"num_samples": len(part), "counts": [0, 0]} for name, part in DATA.splits.items()}
    run.data.write_text(json.dumps({"spec": spec_as_dict(SPEC), "splits": sizes}))
    worst = [
        {"index": i, "id": f"low/<b>{i}", "true": "low", "predicted": "high", "confidence": 0.9 - 0.1 * i}
        for i in (1, 3)
    ]
    found = {"scores": {"test": {}}, "details": {"test": {"classes": ["high", "low"], "worst": worst}}}
    run.evaluation.write_text(json.dumps(found))
    return read_record(run)


def unpacked(address):
    head, _, content = address.partition(";base64,")
    return head.removeprefix("data:"), base64.b64decode(content)


def test_each_class_has_recordings_to_hear(record):
    found = soundsections.glance(record, examples_of(DATA))
    assert [row["name"] for row in found["rows"]] == ["high", "low"]
    assert [len(row["players"]) for row in found["rows"]] == [4, 4]
    player = found["rows"][1]["players"][0]
    kind, sound = unpacked(player["sound"])
    assert kind == "audio/wav"
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(samples) == 1600
    assert np.abs(samples).max() == pytest.approx(0.8 * 32767, abs=2)
    assert player["seconds"] == pytest.approx(0.2)
    assert not player["is_cut"]


def test_a_spectrogram_is_brightest_where_the_tone_is():
    picture = Image.open(io.BytesIO(soundsections.spectrogram_png(tone(3000, 0.5), RATE_HZ))).convert("L")
    bright = np.asarray(picture, float).mean(axis=1)
    assert picture.height == 48
    assert bright.argmax() < 12  # high tones are at the top
    low = Image.open(io.BytesIO(soundsections.spectrogram_png(tone(200, 0.5), RATE_HZ))).convert("L")
    assert np.asarray(low, float).mean(axis=1).argmax() > 36


def test_the_worst_mistakes_are_played(record):
    found = soundsections.worst(record, examples_of(DATA))
    assert found["template"] == "errors_sounds.html"
    assert [row["id"] for row in found["rows"]] == ["low/<b>1", "low/<b>3"]
    assert all(row["player"]["sound"].startswith("data:audio/wav;base64,") for row in found["rows"])
    assert found["absent"] == ""


def test_without_the_data_the_mistakes_stay(record):
    found = soundsections.worst(record, None)
    assert len(found["rows"]) == 2
    assert "no recordings are shown" in found["absent"]

    def gone(split, indices):
        raise DataError("the folder is gone", fix="bring it back")

    from dataclasses import replace

    found = soundsections.worst(record, replace(examples_of(DATA), samples=gone))
    assert "the folder is gone" in found["absent"]


def test_sound_does_not_make_the_report_too_large(record, monkeypatch):
    monkeypatch.setattr(soundsections, "_MOST_PLAYED_BYTES", 12_000)
    found = soundsections.glance(record, examples_of(DATA))
    players = [player for row in found["rows"] for player in row["players"]]
    assert [bool(player["sound"]) for player in players] == [True] + [False] * 7
    assert all(player["picture"].startswith("data:image/png") for player in players)


def test_long_recordings_are_played_in_part():
    (player,) = soundsections._players([tone(seconds=6.0)], ["long.wav"], RATE_HZ)
    assert player["is_cut"]
    assert player["seconds"] == pytest.approx(6.0)
    assert len(unpacked(player["sound"])[1]) == 44 + 2 * 4 * RATE_HZ


def test_the_report_holds_players_and_names_are_only_names(record):
    page = report.render(record, examples=examples_of(DATA))
    assert page.count("<audio ") == 8 + 2
    assert "media-src data:" in page
    assert "<b>1" not in page
    assert "&lt;b&gt;1" in page
