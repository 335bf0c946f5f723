import subprocess
import sys

import pytest

from gnomon.core.errors import UsageError
from gnomon.sitting import asked
from gnomon.training.budget import parse_budget


def test_what_was_asked_is_known_without_torch():
    code = "import sys, gnomon.sitting.asked, gnomon.sitting.reading; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_flag_left_at_its_default_says_nothing(tmp_path):
    wanted = {"budget": "5m", "seed": 3}
    layers = asked.layers_of(wanted, {"path": "photos", "valid": "off"}, None, ["train.clip=1.5"])
    assert layers == [("user", {"run.seed": 3, "data.path": "photos", "train.clip": 1.5})]
    config = tmp_path / "run.toml"
    config.write_text('[run]\nbudget = "9s"\n[chosen_by]\n"run.budget" = "user"\n')
    layers = asked.layers_of(wanted, {"path": None}, str(config), [])
    assert layers == [("config", {"run.budget": "9s"}), ("user", {"run.seed": 3})]
    assert asked.value_of(layers, "run.budget") == "9s"
    assert asked.value_of(layers, "run.family") == "auto"


@pytest.mark.parametrize(
    ("budget", "used_s", "train_s", "samples", "flop"),
    [
        ("100s", 20.0, 68.0, None, None),
        ("10s", 20.0, 0.0, None, None),
        ("3epochs", 0.0, None, 600.0, None),
        ("50samples", 0.0, None, 50.0, None),
        ("1e9flop", 0.0, None, None, 1e9),
    ],
)
def test_what_a_family_may_plan_with(budget, used_s, train_s, samples, flop):
    found = asked.allowance_of(parse_budget(budget), 200, used_s=used_s)
    assert (found.train_s, found.samples, found.flop, found.num_train) == (train_s, samples, flop, 200)


def test_what_is_left_and_what_is_granted():
    old = parse_budget("60s")
    assert asked.allotment(old, None, 20.0, 3.0) == (old, 23.0)
    granted, already_s = asked.allotment(old, "10s", 20.0, 3.0)
    assert (granted.seconds, already_s) == (30.0, 23.0)
    with pytest.raises(UsageError, match="not a time"):
        asked.allotment(old, "10steps", 20.0, 3.0)
    with pytest.raises(UsageError, match="counts its budget in steps"):
        asked.allotment(parse_budget("10steps"), "10s", 20.0, 3.0)


def test_data_of_a_name_is_looked_for_where_it_lay(tmp_path, monkeypatch):
    monkeypatch.setenv("GNOMON_DATA", "elsewhere")
    (tmp_path / "mnist").mkdir()
    assert asked.where_it_lay({"source": str(tmp_path / "mnist")}) == tmp_path
    assert str(asked.where_it_lay({"source": str(tmp_path / "gone")})) == "elsewhere"
    assert str(asked.where_it_lay([])) == "elsewhere"
