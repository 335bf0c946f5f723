"""core/config.py: layers, who chose what, and helpful refusals."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import tomli_w

from gnomon.core import config
from gnomon.core.config import DataConfig, Setting
from gnomon.core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Toy:
    batch_size: int = 256
    lr: float = 0.1
    size: int | Literal["auto"] = "auto"
    clip: float | Literal["off"] = "off"
    mode: Literal["on", "off"] = "on"
    name: str = "a"
    flip: bool = True
    widths: tuple[int, ...] = (1, 2)


class TestSets:
    @pytest.mark.parametrize(
        ("pair", "value"),
        [
            ("train.batch_size=256", 256),
            ("train.lr=1e-3", 0.001),
            ("train.flip=true", True),
            ("train.flip=True", "True"),
            ("train.mode=auto", "auto"),
            ("train.name='auto'", "auto"),
            ("train.widths=[1, 2]", [1, 2]),
            ("train.name=a=b", "a=b"),
            ("train.name=", ""),
            (" train.lr = 3 ", 3),
            ("data.path=/a b/ü", "/a b/ü"),
        ],
    )
    def test_values_are_toml_or_plain_words(self, pair, value):
        assert list(config.parse_sets([pair]).values()) == [value]
        assert type(next(iter(config.parse_sets([pair]).values()))) is type(value)

    def test_the_last_wins(self):
        assert config.parse_sets(["a.b=1", "a.b=2"]) == {"a.b": 2}

    @pytest.mark.parametrize("pair", ["train.lr", "lr=3", "", "="])
    def test_other_forms_are_refused(self, pair):
        with pytest.raises(UsageError, match="is not of the form"):
            config.parse_sets([pair])


class TestBuild:
    def test_defaults(self):
        toy, settings = config.build(Toy, "train", [])
        assert toy == Toy()
        assert settings["train.lr"] == Setting(value=0.1, who="default")
        assert len(settings) == 8

    def test_later_layers_win_and_are_remembered(self):
        layers = [("recipe", {"train.lr": 1.0, "train.name": "r"}), ("user", {"train.lr": 2.0, "data.path": "x"})]
        toy, settings = config.build(Toy, "train", layers)
        assert (toy.lr, toy.name) == (2.0, "r")
        assert settings["train.lr"] == Setting(value=2.0, who="user")
        assert settings["train.name"] == Setting(value="r", who="recipe")
        assert settings["train.batch_size"].who == "default"

    @pytest.mark.parametrize(
        ("key", "given", "value"),
        [
            ("lr", 3, 3.0),
            ("size", 32, 32),
            ("size", "auto", "auto"),
            ("clip", 1, 1.0),
            ("clip", "off", "off"),
            ("widths", [3, 4], (3, 4)),
            ("flip", False, False),
        ],
    )
    def test_values_become_what_the_setting_holds(self, key, given, value):
        toy, _ = config.build(Toy, "train", [("user", {f"train.{key}": given})])
        assert getattr(toy, key) == value
        assert type(getattr(toy, key)) is type(value)

    @pytest.mark.parametrize(
        ("key", "given", "allowed"),
        [
            ("batch_size", "many", "allowed: int"),
            ("batch_size", 2.5, "allowed: int"),
            ("size", "large", "allowed: int, 'auto'"),
            ("mode", "maybe", "allowed: 'on' or 'off'"),
            ("widths", ["a"], "allowed: int"),
        ],
    )
    def test_a_wrong_value_is_told_with_what_is_allowed(self, key, given, allowed):
        with pytest.raises(UsageError) as caught:
            config.build(Toy, "train", [("user", {f"train.{key}": given})])
        assert caught.value.what.startswith(f"train.{key} = {given!r}: ")
        assert caught.value.fix.startswith(allowed)

    def test_an_unknown_key_is_told_with_the_nearest(self):
        with pytest.raises(UsageError, match=r"there is no setting 'train.batchsize'") as caught:
            config.build(Toy, "train", [("user", {"train.batchsize": 1})])
        assert caught.value.fix.startswith("did you mean train.batch_size? train has: batch_size, lr, ")

    def test_an_unknown_key_that_is_like_none(self):
        with pytest.raises(UsageError) as caught:
            config.build(Toy, "train", [("user", {"train.zzz": 1})])
        assert caught.value.fix.startswith("train has: ")

    def test_the_data_settings_of_gnomon_itself(self):
        data, settings = config.build(DataConfig, "data", [("user", {"data.path": "photos", "data.size_px": 64})])
        assert (data.path, data.size_px, data.fit, data.max_bad) == ("photos", 64, "crop", 0.01)
        assert settings["data.path"].who == "user"


class TestSections:
    def test_known_ones_pass(self):
        config.check_sections([("user", {"train.lr": 1, "data.path": 2})], ["train", "data"])

    def test_unknown_ones_are_told_with_the_nearest(self):
        with pytest.raises(UsageError, match=r"there is no section 'trian' \(in 'trian.lr'\)") as caught:
            config.check_sections([("user", {"trian.lr": 1})], ["train", "data"])
        assert caught.value.fix == "did you mean 'train'? sections: train, data"


class TestFile:
    def write(self, tmp_path: Path, text: str) -> Path:
        path = tmp_path / "run.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_tables_become_dotted_keys(self, tmp_path):
        path = self.write(
            tmp_path, 'loose = 1\n[train]\nlr = 0.5\n[data]\npath = "ü"\n[chosen_by]\n"train.lr" = "user"\n'
        )
        assert config.read_toml(path) == {"train.lr": 0.5, "data.path": "ü"}

    def test_what_is_written_is_read_back(self, tmp_path):
        toy, settings = config.build(Toy, "train", [("user", {"train.lr": 2.0, "train.widths": [5]})])
        path = self.write(tmp_path, tomli_w.dumps(config.as_toml(settings)))
        again, settings_again = config.build(Toy, "train", [("config", config.read_toml(path))])
        assert again == toy
        assert settings_again["train.lr"].who == "config"

    def test_who_chose_is_kept(self):
        _, settings = config.build(Toy, "train", [("user", {"train.lr": 2.0})])
        tree = config.as_toml(settings)
        assert tree["train"]["lr"] == 2.0
        assert tree["chosen_by"]["train.lr"] == "user"
        assert tree["chosen_by"]["train.mode"] == "default"

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
            config.read_toml(tmp_path / "none.toml")

    def test_a_file_that_is_not_toml(self, tmp_path):
        with pytest.raises(UsageError, match="is not valid TOML") as caught:
            config.read_toml(self.write(tmp_path, "[train\n"))
        assert caught.value.path == str(tmp_path / "run.toml")

    def test_bytes_that_are_no_text(self, tmp_path):
        (tmp_path / "run.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(UsageError, match="is not valid TOML"):
            config.read_toml(tmp_path / "run.toml")
