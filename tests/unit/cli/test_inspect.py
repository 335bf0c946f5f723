import inspect

from gnomon import api as REAL_API
from gnomon.cli import main


def test_nothing_is_trained_and_the_command_that_would_train_is_shown(api, capsys):
    api.answers["inspect"] = {"name": "digits"}
    assert main(["inspect", "my photos", "--budget", "90s"]) == 0
    assert [name for name, _, _ in api.calls] == ["inspect"]
    assert "gnomon train 'my photos' --budget 90s" in capsys.readouterr().out


def test_flags_are_those_of_train_less_what_only_training_needs(api, capsys):
    main(["inspect", "photos", "--set", "data.size_px=32"])
    main(["train", "photos", "--set", "data.size_px=32"])
    looked, trained = (set(settings) for _, _, settings in api.calls)
    assert trained - looked == {"out", "replay", "already_s"}
    assert {*looked, "path", "emit"} == set(inspect.signature(REAL_API.inspect).parameters)
    assert looked < trained


def test_json_is_what_was_found(api, as_json):
    api.answers["inspect"] = {"name": "digits", "splits": {"train": {"num_samples": 3}}}
    assert as_json("inspect", "digits")[:2] == (0, api.answers["inspect"])
