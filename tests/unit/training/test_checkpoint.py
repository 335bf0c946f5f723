"""training/checkpoint.py: whatever fails while a checkpoint is written, one that is whole can be loaded."""

import json
import os
import random
import shutil
import signal
from pathlib import Path

import pytest
import torch

from gnomon.core.errors import ArtefactError, ResourceError
from gnomon.core.events import Said, silent
from gnomon.core.run import RunFolder
from gnomon.training import checkpoint

FILES = ("state.safetensors", "state.json", "manifest.json")


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def state(step: int) -> dict[str, torch.Tensor]:
    return {
        "model.weight": torch.full((3, 2, 2, 2), step / 3).contiguous(memory_format=torch.channels_last),
        "optimizer.step": torch.tensor(step),
        "ema.bias": torch.full((5,), step / 7, dtype=torch.bfloat16),
    }


def facts(step: int) -> dict[str, object]:
    return {"elapsed_s": step / 10 + 0.1, "best": None, "skipped": [1, 2], "name": "caf\udce9", "worst": float("-inf")}


def save(run: RunFolder, *steps: int, keep: int = 2) -> None:
    for step in steps:
        checkpoint.save(run, step, state(step), facts(step), keep=keep)


def assert_is(loaded: checkpoint.Loaded | None, step: int) -> None:
    assert loaded is not None
    assert loaded.step == step
    assert loaded.facts == facts(step)
    assert set(loaded.tensors) == set(state(step))
    assert all(torch.equal(loaded.tensors[name], tensor) for name, tensor in state(step).items())
    assert all(loaded.tensors[name].dtype == tensor.dtype for name, tensor in state(step).items())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestSaveAndLoad:
    def test_before_the_first_save_there_is_nothing(self, run):
        assert checkpoint.load(run, silent) is None
        run.checkpoints.mkdir(parents=True)
        (run.checkpoints / "notes.txt").write_text("not a checkpoint")
        (run.checkpoints / "step-7").mkdir()
        assert checkpoint.load(run, silent) is None

    def test_what_was_saved_comes_back(self, run):
        path = checkpoint.save(run, 400, state(400), facts(400))
        assert path == run.checkpoints / "step-000400"
        assert names(path) == sorted(FILES)
        assert_is(checkpoint.load(run, silent), 400)

    def test_the_newest_two_stay_by_number_not_by_name(self, run):
        save(run, 0, 99, 999_999, 1_000_000)
        assert names(run.checkpoints) == ["step-1000000", "step-999999"]
        assert_is(checkpoint.load(run, silent), 1_000_000)

    @pytest.mark.parametrize(
        ("keep", "left"), [(1, ["step-000004"]), (3, ["step-000002", "step-000003", "step-000004"])]
    )
    def test_keep(self, run, keep, left):
        save(run, 1, 2, 3, 4, keep=keep)
        assert names(run.checkpoints) == left

    def test_the_same_step_again_takes_the_old_ones_place(self, run):
        save(run, 5, 6)
        checkpoint.save(run, 6, state(6), {"elapsed_s": 99})
        assert names(run.checkpoints) == ["step-000005", "step-000006"]
        assert checkpoint.load(run, silent).facts == {"elapsed_s": 99}

    def test_after_a_roll_back_the_future_that_was_lost_goes(self, run):
        save(run, 100, 200)
        save(run, 150)
        assert names(run.checkpoints) == ["step-000100", "step-000150"]
        assert_is(checkpoint.load(run, silent), 150)

    def test_leftovers_of_a_killed_save_are_cleaned(self, run):
        save(run, 1)
        (run.checkpoints / ".gnomon-1-abc.tmp").mkdir()
        (run.checkpoints / ".gnomon-1-abc.tmp" / "state.json").write_text("{}")
        save(run, 2)
        assert names(run.checkpoints) == ["step-000001", "step-000002"]

    def test_floats_keep_every_bit(self, run):
        values = [0.1 + 0.2, 1e-320, 1 / 3, 5e300]
        checkpoint.save(run, 1, {}, {"values": values})
        assert checkpoint.load(run, silent).facts == {"values": values}

    def test_memory_format_is_the_parameters_own(self, run):
        save(run, 3)
        parameter = torch.zeros(3, 2, 2, 2).contiguous(memory_format=torch.channels_last)
        parameter.copy_(checkpoint.load(run, silent).tensors["model.weight"])
        assert parameter.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(parameter, state(3)["model.weight"])

    def test_a_disk_that_reads_back_other_bytes_keeps_the_old_one(self, run, monkeypatch):
        save(run, 1, 2)
        real = checkpoint.write_tensors

        def rot(path, tensors, *, sync):
            digest = real(path, tensors, sync=sync)
            flip(path, 8 * 100)
            return digest

        monkeypatch.setattr(checkpoint, "write_tensors", rot)
        with pytest.raises(ResourceError, match="reads back differently"):
            save(run, 3)
        assert names(run.checkpoints) == ["step-000001", "step-000002"]


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


DAMAGES = {
    "truncated": truncate,
    "one bit flipped": lambda path: flip(path, 8 * (path.stat().st_size // 2)),
    "zero length": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
    "a pickle": lambda path: path.write_bytes(b"\x80\x04."),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


class TestDamage:
    @pytest.mark.parametrize("name", FILES)
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_the_one_before_is_used_and_both_are_named(self, run, damage, name):
        save(run, 300, 400)
        DAMAGES[damage](run.checkpoints / "step-000400" / name)
        said = []
        assert_is(checkpoint.load(run, said.append), 300)
        assert [type(event) for event in said] == [Said]
        assert said[0].level == "warning"
        assert f"step-000400 ({name} " in said[0].text
        assert said[0].text.endswith("going on from step-000300")

    def test_all_damaged_is_refused(self, run):
        save(run, 300, 400)
        for step in ("step-000300", "step-000400"):
            truncate(run.checkpoints / step / "state.json")
        with pytest.raises(ArtefactError, match="none of 2 checkpoints is whole") as caught:
            checkpoint.load(run, silent)
        assert "step-000400 (state.json has " in str(caught.value)
        assert caught.value.exit_code == 6
        assert len(str(caught.value).splitlines()) <= 8

    def test_200_random_bit_flips_are_all_seen(self, run):
        save(run, 1)
        folder = run.checkpoints / "step-000001"
        whole = {name: (folder / name).read_bytes() for name in FILES}
        chance = random.Random(0)
        seen = 0
        for _ in range(200):
            name = chance.choice(FILES)
            flip(folder / name, chance.randrange(8 * len(whole[name])))
            with pytest.raises(ArtefactError):
                checkpoint.load(run, silent)
            seen += 1
            (folder / name).write_bytes(whole[name])
        assert seen == 200
        assert_is(checkpoint.load(run, silent), 1)

    def test_a_checkpoint_under_another_name_is_not_another_step(self, run):
        save(run, 1, 2)
        (run.checkpoints / "step-000002").rename(run.checkpoints / "step-000009")
        said = []
        assert_is(checkpoint.load(run, said.append), 1)
        assert "belongs to step 2" in said[0].text

    @pytest.mark.parametrize(
        "change", [{"schema": 2}, {"schema": None}, {"schema": True}, {"schema": "1"}, {"files": {}}]
    )
    def test_manifests_of_another_make(self, run, change):
        save(run, 1)
        manifest = run.checkpoints / "step-000001" / "manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
        with pytest.raises(ArtefactError):
            checkpoint.load(run, silent)

    def test_names_in_the_manifest_are_not_paths_to_follow(self, run, tmp_path):
        save(run, 1)
        folder = run.checkpoints / "step-000001"
        digests = checkpoint._read_manifest(run.checkpoint(1)).files
        digests["../../../secret"] = digests.pop("state.json")
        (folder / "manifest.json").write_bytes(checkpoint._manifest_bytes(1, digests))
        with pytest.raises(ArtefactError, match="lists other files"):
            checkpoint.load(run, silent)


class TestEveryCallFails:
    """One commit, with its n-th call failing, for every n until none fails."""

    @pytest.mark.parametrize("mode", ["enospc", "eio", "edquot", "short"])
    def test_an_error_leaves_a_checkpoint_that_loads_and_no_rubbish(self, run, monkeypatch, mode):
        save(run, 1, 2)
        failed = 0
        for n in range(1, 200):
            monkeypatch.setenv("GNOMON_FAULT", f"any:{n}:{mode}")
            try:
                save(run, 3)
                break
            except ResourceError as error:
                failed += 1
                assert error.path.startswith(str(run.checkpoints))
                assert ".gnomon" not in error.path
            monkeypatch.delenv("GNOMON_FAULT")
            loaded = checkpoint.load(run, no_warning)
            assert_is(loaded, loaded.step)
            assert loaded.step in (2, 3)
            save(run, 1, 2)
            assert names(run.checkpoints) == ["step-000001", "step-000002"]
        assert failed > 25
        assert_is(checkpoint.load(run, no_warning), 3)

    @pytest.mark.parametrize("mode", ["kill", "kill-after"])
    def test_a_kill_leaves_a_checkpoint_that_loads(self, run, mode, in_child, tmp_path):
        save(run, 1, 2)
        shutil.copytree(run.path, tmp_path / "before")

        def die(n):
            os.environ["GNOMON_FAULT"] = f"any:{n}:{mode}"
            save(run, 3)

        codes, steps = [], []
        while 0 not in codes:
            n = len(codes) + 1
            codes.append(in_child(lambda n=n: die(n)))
            loaded = checkpoint.load(run, no_warning)
            assert_is(loaded, loaded.step)
            steps.append(loaded.step)
            save(run, 4)  # the next save finds its way and cleans up
            assert names(run.checkpoints) in (["step-000002", "step-000004"], ["step-000003", "step-000004"])
            shutil.rmtree(run.path)
            shutil.copytree(tmp_path / "before", run.path)
        assert set(codes[:-1]) == {-signal.SIGKILL}
        assert 25 < len(codes) < 100
        assert set(steps) == {2, 3}
        assert steps == sorted(steps)  # once the new one is there, it stays

    def test_a_kill_while_the_same_step_is_saved_again(self, run, in_child, tmp_path):
        save(run, 3, keep=1)
        shutil.copytree(run.path, tmp_path / "before")

        def die(n):
            os.environ["GNOMON_FAULT"] = f"rename:{n}:kill-after"
            save(run, 3, keep=1)

        codes = []
        while 0 not in codes:
            n = len(codes) + 1
            codes.append(in_child(lambda n=n: die(n)))
            assert_is(checkpoint.load(run, no_warning), 3)
            shutil.rmtree(run.path)
            shutil.copytree(tmp_path / "before", run.path)
        assert len(codes) >= 4


def no_warning(event: object) -> None:
    raise AssertionError(f"a half-written checkpoint was met: {event}")


CARD = {"task": "classify", "classes": ["a", "b"], "input": {"height_px": 8}}
WEIGHTS = {"w": torch.arange(6.0).reshape(2, 3), "flags": torch.tensor([True])}


class TestModel:
    def test_it_needs_nothing_but_its_folder(self, run, tmp_path):
        assert checkpoint.save_model(run, WEIGHTS, CARD) == run.model
        moved = shutil.move(run.model, tmp_path / "elsewhere")
        tensors, card = checkpoint.load_model(Path(moved))
        assert all(torch.equal(tensors[name], WEIGHTS[name]) for name in WEIGHTS)
        assert {key: card[key] for key in CARD} == CARD
        assert card["schema"] == 1
        assert set(card["weights"]) == {"file", "size", "sha256"}

    def test_a_newer_model_takes_the_old_ones_place(self, run):
        checkpoint.save_model(run, WEIGHTS, CARD)
        checkpoint.save_model(run, {"w": torch.ones(1)}, {"task": "other"})
        tensors, card = checkpoint.load_model(run.model)
        assert (set(tensors), card["task"]) == ({"w"}, "other")
        assert names(run.path) == ["model"]

    def test_the_card_may_not_claim_what_is_measured(self, run):
        with pytest.raises(ValueError, match="weights"):
            checkpoint.save_model(run, WEIGHTS, {"weights": "mine"})

    def test_a_kill_leaves_the_old_or_the_new_model(self, run, in_child):
        checkpoint.save_model(run, WEIGHTS, {"version": 1})

        def die(n):
            os.environ["GNOMON_FAULT"] = f"any:{n}:kill"
            checkpoint.save_model(run, {"w": torch.ones(1)}, {"version": 2})

        codes, versions = [], []
        while 0 not in codes:
            n = len(codes) + 1
            codes.append(in_child(lambda n=n: die(n)))
            tensors, card = checkpoint.load_model(run.model)
            versions.append(card["version"])
            assert set(tensors) == ({"w", "flags"} if card["version"] == 1 else {"w"})
            checkpoint.save_model(run, WEIGHTS, {"version": 1})
        assert len(codes) > 20
        assert set(versions) == {1, 2}

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_damaged_weights_are_refused(self, run, damage):
        checkpoint.save_model(run, WEIGHTS, CARD)
        DAMAGES[damage](run.weights)
        with pytest.raises(ArtefactError) as caught:
            checkpoint.load_model(run.model)
        assert caught.value.path == str(run.weights)

    def test_code_is_named_as_such(self, run):
        checkpoint.save_model(run, WEIGHTS, CARD)
        torch.save({"w": torch.ones(1)}, run.weights)
        with pytest.raises(ArtefactError, match="such files can run code"):
            checkpoint.load_model(run.model)

    @pytest.mark.parametrize(
        ("card", "what"),
        [
            ("[1, 2]", "is not a JSON object"),
            ("{broken", "is not valid JSON"),
            ("[" * 100_000, "is not valid JSON"),
            ('{"schema": 1, "n": ' + "9" * 10_000 + "}", "is not valid JSON"),
            ("{}", "names no format that is known"),
            ('{"schema": 0}', "names no format that is known"),
            ('{"schema": 7}', "was written by a newer Gnomon: its format is 7"),
            ('{"schema": 1}', "does not say what the weights must be"),
            ('{"schema": 1, "weights": {"size": -1, "sha256": "%s"}}' % ("0" * 64), "must be"),
            ('{"schema": 1, "weights": {"size": 1, "sha256": "../../x"}}', "must be"),
        ],
    )
    def test_hostile_cards_are_refused(self, run, card, what):
        checkpoint.save_model(run, WEIGHTS, CARD)
        run.card.write_text(card)
        with pytest.raises(ArtefactError, match=what):
            checkpoint.load_model(run.model)

    def test_a_card_too_large_to_be_one(self, run):
        checkpoint.save_model(run, WEIGHTS, CARD)
        with run.card.open("wb") as file:
            file.truncate(2**40)
        with pytest.raises(ArtefactError, match=r"is not a plain file of at most 16.8 MB"):
            checkpoint.load_model(run.model)

    def test_weights_that_are_not_numbers_are_refused(self, run):
        checkpoint.save_model(run, {"w": torch.tensor([1.0, float("nan")])}, CARD)
        with pytest.raises(ArtefactError, match="the tensor 'w' holds values that are not numbers"):
            checkpoint.load_model(run.model)

    def test_a_folder_without_a_model(self, tmp_path):
        for folder in (tmp_path, tmp_path / "missing"):
            with pytest.raises(ArtefactError, match="is not a model"):
                checkpoint.load_model(folder)
