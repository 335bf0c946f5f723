import inspect

import pytest

from gnomon import api as REAL_API
from gnomon.cli import main


def test_every_flag_reaches_the_api_under_its_name(api, capsys):
    words = "photos --target t --valid v --test w --split 0.8,0.2 --horizon 9 --data-dir d --max-bad 0.5 --budget 90s"
    words += " --time when"
    words += " --task classify --family mlp --seed 7 --config c.toml --set train.lr=1 --set a.b=2 --replay r --out o"
    words += " --label-from {label}_{index} --group g"
    assert main(["train", *words.split()]) == 0
    assert api.calls[0][2].pop("already_s") > 0
    assert api.calls == [
        (
            "train",
            ("photos",),
            {
                "target": "t",
                "valid": "v",
                "test": "w",
                "split": "0.8,0.2",
                "time": "when",
                "horizon": 9,
                "label_from": "{label}_{index}",
                "group": "g",
                "data_dir": "d",
                "max_bad": 0.5,
                "budget": "90s",
                "task": "classify",
                "family": "mlp",
                "seed": 7,
                "config": "c.toml",
                "settings": ("train.lr=1", "a.b=2"),
                "replay": "r",
                "out": "o",
            },
        )
    ]


def test_the_real_api_takes_what_the_verb_gives(api, capsys):
    main(["train", "photos"])
    given = set(api.calls[0][2]) | {"path", "emit"}
    assert given == set(inspect.signature(REAL_API.train).parameters)


def test_defaults_leave_the_choice_to_gnomon(api, capsys):
    main(["train", "photos"])
    _, args, settings = api.calls[0]
    assert args == ("photos",)
    assert settings["budget"] == "5m"
    assert [settings[name] for name in ("task", "family", "target", "split", "horizon")] == ["auto"] * 5
    assert settings["label_from"] == "auto"
    assert [settings[name] for name in ("valid", "test", "group")] == ["off"] * 3
    assert [settings[name] for name in ("data_dir", "config", "replay", "out")] == [None] * 4


def test_the_data_folder_may_come_from_the_environment(api, capsys, monkeypatch):
    monkeypatch.setenv("GNOMON_DATA", "elsewhere")
    main(["train", "cifar10"])
    assert api.calls[0][2]["data_dir"] == "elsewhere"


def test_people_read_data_plan_score_beside_baseline_and_what_to_try_next(api, capsys):
    assert main(["train", "my photos", "--budget", "5m"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    order = ["pictures of 8 × 8 px", "Plan", "1.23M parameters", "this model", "91.6", "91.1 – 92.2"]
    order += ["linear model (ridge)", "38.1", "299.0 s planned, 298.9 s taken", "report.html", "gnomon predict"]
    order += ["gnomon train 'my photos' --budget 20m"]
    places = [printed.out.find(text) for text in order]
    assert -1 not in places
    assert places == sorted(places)


def test_json_is_the_result_and_all_else_is_on_standard_error(api, as_json):
    code, printed, aside = as_json("train", "digits")
    assert code == 0
    assert set(printed) == {
        "run",
        "task",
        "family",
        "budget_s",
        "elapsed_s",
        "steps",
        "scores",
        "baseline",
        "report",
    } | {"peak_memory_bytes"}
    assert "pictures of 8 × 8 px" in aside
    assert "this model" in aside


@pytest.mark.parametrize("share", ["-0.1", "1.1", "half"])
def test_a_share_that_is_none_is_refused(api, capsys, share):
    assert main(["train", "photos", "--max-bad", share]) == 2
    assert capsys.readouterr().err.startswith("error: Invalid value for '--max-bad'")
    assert api.calls == []
