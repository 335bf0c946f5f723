import zipfile

import numpy as np
import pytest
import torch
from small_sounds import RATE_HZ, folder, tone, wav

from gnomon.assemble import Model
from gnomon.core import plugins
from gnomon.core.errors import UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Image, Label, Spec, Waveform
from gnomon.families import mlp
from gnomon.outputs import predict
from gnomon.outputs.ask_audio import AskAudio
from gnomon.training.precision import Precision

SPEC = Spec(input=Waveform(rate_hz=RATE_HZ, length=1600), target=Label(classes=("high", "low")))
FACTS = {"kind": "audio", "rate_hz": RATE_HZ, "length": 1600, "loudness": "level"}


def model(spec=SPEC):
    task = plugins.load("task", "classify")
    torch.manual_seed(0)
    return Model(
        network=mlp.build(mlp.Config(width=8, depth=1, mels=8), SPEC).eval(),
        task=task.Task(task.Config(), SPEC),
        spec=spec,
        precision=Precision("fp32", torch.device("cpu")),
        preparation=FACTS,
    )


def rows(*words):
    asked = AskAudio(model())
    return list(predict.predict(model(), asked, asked.paths([str(word) for word in words]), emit=silent))


def test_files_folders_and_archives_are_answered_in_order(tmp_path):
    data = folder(tmp_path / "set", per_class=2)
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("x/b.wav", wav(tone()))
        archive.writestr("x/a.wav", wav(tone(900)))
    found = rows(data / "low" / "1.wav", tmp_path / "more.zip", data / "high")
    inside = [f"{tmp_path}/more.zip/x/{name}.wav" for name in "ba"]
    assert [row["file"] for row in found] == [
        str(data / "low" / "1.wav"),
        *inside,
        *(str(data / "high" / f"{number}.wav") for number in range(2)),
    ]
    assert all(row["label"] in ("high", "low") and row["error"] == "" for row in found)
    assert found[1]["confidence"] >= 0.5


def test_a_broken_file_keeps_its_row(tmp_path):
    good = tmp_path / "good.wav"
    good.write_bytes(wav(tone()))
    (tmp_path / "text.wav").write_bytes(b"a text " * 30)
    (tmp_path / "cut.wav").write_bytes(wav(tone())[:500])
    (tmp_path / "broken.zip").write_bytes(b"PK nothing")
    (tmp_path / "empty.zip").write_bytes(b"PK\5\6" + bytes(18))
    names = ["text.wav", "good.wav", "cut.wav", "missing.wav", "broken.zip", "empty.zip"]
    found = rows(*(tmp_path / name for name in names))
    assert [row["file"].rsplit("/", 1)[1] for row in found] == names
    told = [row["error"] for row in found]
    assert told[0] == "is text, not a recording"
    assert told[1] == ""
    assert told[2] == "is cut short (truncated)"
    assert told[3].startswith("cannot be read")
    assert told[4].startswith("cannot be unpacked")
    assert told[5] == "holds no recordings"
    assert "label" not in found[0]


def test_recordings_of_any_rate_loudness_and_channels_get_one_answer(tmp_path):
    plain, high, quiet, both = (tmp_path / f"{name}.wav" for name in ("plain", "high", "quiet", "both"))
    plain.write_bytes(wav(tone(500)))
    high.write_bytes(wav(tone(500, rate_hz=44_100), rate_hz=44_100))
    quiet.write_bytes(wav(tone(500, loud=0.02)))
    both.write_bytes(wav(np.stack([tone(500)] * 2, 1), channels=2))
    found = rows(plain, high, quiet, both)
    assert {row["label"] for row in found} == {found[0]["label"]}
    assert [row["confidence"] for row in found] == pytest.approx([found[0]["confidence"]] * 4, abs=0.02)


def test_nothing_to_ask_is_refused(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("x")
    with pytest.raises(UsageError, match="the folder has no recordings"):
        AskAudio(model()).paths([str(tmp_path / "texts")])
    with pytest.raises(UsageError, match="nothing to predict"):
        AskAudio(model()).paths([])
    with pytest.raises(TypeError, match="takes no recordings"):
        AskAudio(model(Spec(input=Image(height_px=8, width_px=8, channels=1), target=SPEC.target)))
