import inspect

import pytest

from gnomon import api as REAL_API
from gnomon.cli import main

FOUND = {
    "name": "pets",
    "reader": "image_folder",
    "spec": {"input": {"kind": "Number"}, "target": {"kind": "Label", "classes": ["cat"]}},
    "splits": {"train": {"num_samples": 3, "counts": [3]}},
    "skipped": {"count": 0, "first": []},
    "would": {"task": "classify", "family": "mlp", "why": []},
}


def test_nothing_is_trained_and_the_command_that_would_train_is_shown(api, capsys):
    assert main(["inspect", "my photos", "--budget", "90s"]) == 0
    assert [name for name, _, _ in api.calls] == ["inspect"]
    assert "gnomon train 'my photos' --budget 90s" in capsys.readouterr().out


@pytest.fixture(autouse=True)
def found(api):
    api.answers["inspect"] = FOUND


def test_flags_are_those_of_train_less_what_only_training_needs(api, capsys):
    main(["inspect", "photos", "--set", "data.size_px=32"])
    main(["train", "photos", "--set", "data.size_px=32"])
    looked, trained = (set(settings) for _, _, settings in api.calls)
    assert trained - looked == {"out", "replay", "already_s"}
    assert {*looked, "path", "emit"} == set(inspect.signature(REAL_API.inspect).parameters)
    assert looked < trained


def test_json_is_what_was_found(api, as_json):
    assert as_json("inspect", "digits")[:2] == (0, api.answers["inspect"])
