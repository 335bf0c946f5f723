"""Run and model folders from strangers: refused with exit 6 and nothing of them is run; data that went away is said."""

import json
import os
import shutil

import pytest
import small_data

from gnomon import api
from gnomon.cli import main
from gnomon.core.errors import ArtefactError, DataError, GnomonError
from gnomon.core.events import Said
from gnomon.core.run import list_runs

PICTURE = small_data.picture_bytes()


def refused(run, capsys, tmp_path):
    """Return what predict says about a run that it must refuse."""
    (tmp_path / "x.png").write_bytes(PICTURE)
    assert main(["predict", str(run), str(tmp_path / "x.png"), "--json"]) == 6
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert told["exit_code"] == 6
    assert told["fix"]
    assert "Traceback" not in printed.err
    return told["error"]


def change_card(run, change):
    """Change ``model.json`` in place."""
    path = run / "model" / "model.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


def test_a_pickle_named_as_weights_is_refused_and_not_run(copied, tmp_path, capsys):
    witness = tmp_path / "ran"
    code = b"\x80\x04\x95" + b"cos\nsystem\n(S'touch " + str(witness).encode() + b"'\ntR."
    (copied / "model" / "weights.safetensors").write_bytes(code)
    assert "can run code" in refused(copied, capsys, tmp_path)
    assert not witness.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card["family"].update(name="os.system"),
        lambda card: card["family"].update(name="../../../etc/passwd"),
        lambda card: card["family"].update(name="gnomon.core.files:remove_tree"),
        lambda card: card["family"].update({"class": "subprocess.Popen"}),
        lambda card: card["family"]["config"].update(widths=[-32]),
        lambda card: card["family"]["config"].update(widths=[0]),
        lambda card: card["family"]["config"].update(widths=[2**40]),
        lambda card: card["family"]["config"].update(widths=[33]),
        lambda card: card["family"]["config"].update(widths="32"),
        lambda card: card["family"]["config"].update(widths=[]),
        lambda card: card["family"]["config"].update(depth=-1),
        lambda card: card["family"]["config"].update(depth=10**9),
        lambda card: card["family"]["config"].update(patch_px=0),
        lambda card: card["family"]["config"].update(activation="__import__('os')"),
        lambda card: card["family"]["config"].update(surprise=1),
        lambda card: card["task"].update(name="unknown"),
        lambda card: card["task"]["config"].update(label_smoothing="often"),
        lambda card: card["spec"]["input"].update(height_px=-8),
        lambda card: card["spec"]["input"].update(height_px=10**9, width_px=10**9),
        lambda card: card["spec"]["target"].update(classes=["0"]),
        lambda card: card["spec"]["target"].update(classes="0123456789"),
        lambda card: card["spec"].clear(),
        lambda card: card.update(precision="int0"),
        lambda card: card.update(size_px=-1),
        lambda card: card.update(size_px=10**9),
        lambda card: card.update(fit="explode"),
        lambda card: card.update(temperature="hot"),
        lambda card: card.update(temperature=0),
        lambda card: card.update(schema=99),
        lambda card: card.update(weights={"file": "weights.safetensors", "size": -1, "sha256": "0" * 64}),
        lambda card: card.pop("family"),
        lambda card: card.clear(),
    ],
)
def test_a_card_that_says_something_else_is_refused(copied, tmp_path, capsys, change):
    change_card(copied, change)
    assert refused(copied, capsys, tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"schema": 1}', "[" * 100_000])
def test_a_card_that_is_no_card_is_refused(copied, tmp_path, capsys, text):
    (copied / "model" / "model.json").write_text(text)
    assert refused(copied, capsys, tmp_path)


def test_one_flipped_bit_in_the_weights_is_refused(copied, tmp_path, capsys):
    path = copied / "model" / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    assert "SHA-256" in refused(copied, capsys, tmp_path)


def test_a_folder_that_is_no_run_is_refused_with_the_near_one(copied, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "copid", "--json"]) == 6
    assert "copied" in json.loads(capsys.readouterr().out)["fix"]
    with pytest.raises(ArtefactError):
        api.load_run(tmp_path)


@pytest.mark.parametrize("verb", ["evaluate", "resume"])
@pytest.mark.parametrize("name", ["plan.jsonl", "data.json", "run.toml"])
@pytest.mark.parametrize("text", ["", "\x00\xff", '{"event": "plan"}\n', "[1, 2]\n", "run = 3\n"])
def test_records_that_are_damaged_are_refused_and_never_a_bug(copied, capsys, verb, name, text):
    plan = (copied / "plan.jsonl").read_text().splitlines()
    (copied / "plan.jsonl").write_text(plan[0] + "\n")  # so that there is something to resume
    (copied / name).write_text(text)
    code = main([verb, str(copied), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == told["exit_code"]
    assert code in (2, 6), told


def test_damaged_runs_are_listed_as_broken(trained, tmp_path, capsys):
    for name in ("good", "bad"):
        shutil.copytree(trained, tmp_path / "runs" / name)
    (tmp_path / "runs" / "bad" / "evaluation.json").write_text("{")
    (tmp_path / "runs" / "not a run").mkdir()
    states = {record["name"]: record["state"] for record in list_runs(tmp_path / "runs")}
    assert states == {"good": "finished", "bad": "broken"}
    assert main(["runs", str(tmp_path / "runs")]) == 0
    assert "broken" in capsys.readouterr().out


@pytest.fixture
def photos(cache, tmp_path):
    return small_data.class_folder(tmp_path / "photos", per_class=20)


@pytest.fixture
def run(photos, tmp_path):
    settings = ("family.width=32",)
    return api.train(str(photos), budget="20steps", family="mlp", settings=settings, out=str(tmp_path / "run"))


def test_without_its_data_a_run_still_has_its_report_and_says_what_it_lacks(run, photos):
    shutil.rmtree(photos)
    before = run.scores
    run.folder.report.unlink()
    heard = []
    path = api.report(run, emit=heard.append)
    assert any("no pictures" in event.text for event in heard if isinstance(event, Said) and event.level == "warning")
    text = path.read_text()
    assert f"{100 * before['test']['accuracy']['value']:.1f}" in text
    with pytest.raises(GnomonError):
        api.evaluate(run)


def test_a_model_predicts_wherever_its_run_was_moved(run, photos, tmp_path):
    (tmp_path / "x.png").write_bytes(PICTURE)
    before = run.predict([str(tmp_path / "x.png")])
    shutil.rmtree(photos)
    moved = shutil.move(run.path, tmp_path / "moved")
    assert api.load_run(moved).predict([str(tmp_path / "x.png")]) == before


def test_other_data_with_the_same_classes_is_measured(run, tmp_path):
    other = small_data.class_folder(tmp_path / "other", per_class=12, first=300)
    (other / "cross" / "300.png").write_bytes(b"")
    result = api.evaluate(run, str(other))
    assert result["scores"]["test"]["accuracy"]["n"] == 35
    some = small_data.class_folder(tmp_path / "some", per_class=10, shapes=("cross", "square"), first=400)
    assert api.evaluate(run, str(some))["scores"]["test"]["accuracy"]["n"] == 20


def test_other_data_with_a_class_that_the_model_does_not_know_is_refused(run, tmp_path, capsys):
    other = small_data.class_folder(tmp_path / "other", per_class=5, shapes=("cross", "star"))
    assert main(["evaluate", str(run.path), str(other), "--json"]) == 3
    assert "star" in json.loads(capsys.readouterr().out)["error"]


def test_links_out_of_the_folder_are_not_followed(cache, tmp_path):
    folder = small_data.class_folder(tmp_path / "photos", per_class=20)
    (tmp_path / "secret.png").write_bytes(PICTURE)
    (folder / "cross" / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "cross" / "loop").symlink_to(folder)
    found = api.inspect(str(folder), budget="5steps")
    assert sum(split["num_samples"] for split in found["splits"].values()) == 60


def test_a_pipe_as_data_does_not_hang(cache, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe"):
        api.train(str(tmp_path / "pipe"), budget="5steps", out=str(tmp_path / "run"))
