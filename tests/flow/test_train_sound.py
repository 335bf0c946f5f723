"""From recordings to a model that is asked, measured anew and reported: folders, and names in an archive."""

import json
import shutil
import zipfile

import pytest
import small_sounds

from gnomon import api
from gnomon.cli import main
from gnomon.core.errors import DataError, UsageError
from gnomon.core.run import read_json

SMALL = ("family.widths=[8, 12]", "family.mels=16", "train.batch_size=8", "train.threads=1", "train.precision=fp32")
PATTERN = "{label}_{speaker}_{index}.wav"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GNOMON_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="module")
def archive(place):
    spoken = small_sounds.speakers(place / "spoken", per_speaker=8)
    with zipfile.ZipFile(place / "recordings.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(spoken.iterdir()):
            packed.write(path, f"recordings/{path.name}")
        packed.writestr("recordings/README.txt", "about")
    shutil.rmtree(spoken)
    return place / "recordings.zip"


@pytest.fixture(scope="module")
def run(place, archive):
    return api.train(
        str(archive), label_from=PATTERN, budget="40steps", settings=SMALL, out=str(place / "run"), max_bad=0.0
    )


def test_it_learns_tones_and_says_what_it_heard(run):
    scores = run.scores["test"]
    assert scores["accuracy"]["value"] > 0.7
    assert "linear model of MFCC" in json.dumps(run.evaluation["baselines"])
    data = read_json(run.folder.data)
    assert data["spec"]["input"] == {"kind": "Audio", "rate_hz": 8000, "channels": 1}
    assert read_json(run.folder.preparation)["kind"] == "audio"
    assert "<audio " in run.folder.report.read_text()


def test_asked_in_any_form_it_answers_every_recording(run, place, archive):
    rows = run.predict([str(archive)])
    assert len(rows) == 48
    assert sum(row["label"] == row["file"].rsplit("/", 1)[1].split("_")[0] for row in rows) > 38
    out = place / "answers.jsonl"
    broken = place / "broken.wav"
    broken.write_bytes(b"nothing to hear " * 20)
    assert main(["predict", str(run.path), str(broken), str(archive), "-o", str(out)]) == 0
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert answers[0]["error"] == "is text, not a recording"
    assert [answer["label"] for answer in answers[1:]] == [row["label"] for row in rows]


def test_other_recordings_with_the_same_names_measure_it(run, place):
    other = small_sounds.speakers(place / "other", names=("dan", "eve"), per_speaker=3)
    found = run.evaluate(str(other))
    assert found["scores"]["test"]["accuracy"]["n"] == 12


def test_a_speaker_that_is_left_out_is_the_test(place, archive):
    held = api.train(
        str(archive),
        label_from=PATTERN,
        budget="10steps",
        family="mlp",
        settings=("data.held_out=bob", "family.width=16", "family.mels=12", *SMALL[2:]),
        out=str(place / "held"),
    )
    splits = read_json(held.folder.data)["splits"]
    assert splits["test"]["num_samples"] == 16
    assert splits["test"]["made_by"] == "data"
    worst = held.evaluation["details"]["test"]["worst"]
    assert all("_bob_" in error["id"] for error in worst)


def test_test_recordings_of_another_rate_are_brought_to_the_rate_of_the_others(place):
    data = small_sounds.folder(place / "tones", per_class=10)
    other = place / "higher"
    for name, hz in (("high", 1600), ("low", 400)):
        (other / name).mkdir(parents=True)
        for index in range(4):
            samples = small_sounds.tone(hz + 9 * index, 0.2, rate_hz=44_100, seed=index)
            (other / name / f"{index}.wav").write_bytes(small_sounds.wav(samples, rate_hz=44_100))
    found = api.inspect(str(data), test=str(other), budget="10steps")
    assert found["spec"]["input"]["rate_hz"] == 8000
    assert found["splits"]["test"]["num_samples"] == 8


def test_a_hostile_archive_is_refused_in_one_block(place, capsys):
    (place / "bad.zip").write_bytes(b"PK\3\4" + bytes(400))
    assert main(["train", str(place / "bad.zip"), "--budget", "5steps"]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_what_does_not_fit_is_said(archive):
    with pytest.raises(DataError, match="fewer than two class folders"):
        api.inspect(str(archive), budget="5steps")
    with pytest.raises(UsageError, match="does not say where the label is"):
        api.inspect(str(archive), label_from="{speaker}_{index}", budget="5steps")


def test_groups_are_kept_apart_where_that_is_asked(archive):
    found = api.inspect(str(archive), label_from=PATTERN, group="speaker", budget="5steps")
    sizes = {name: split["num_samples"] for name, split in found["splits"].items()}
    assert sizes == {"train": 16, "valid": 16, "test": 16}
