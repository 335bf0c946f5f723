from pathlib import Path

import click
import pytest

import gnomon.cli
from gnomon.cli import main
from gnomon.cli.shell.group import Verbs, exit_codes

FILES = {path.stem for path in Path(gnomon.cli.__file__).parent.glob("*.py") if path.stem != "__init__"}


def test_the_folder_is_the_list_of_verbs():
    verbs = Verbs()
    assert len(FILES) >= 8
    assert set(verbs.list_commands(click.Context(verbs))) == FILES


def test_help_shows_every_verb_and_every_exit_code(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {verb} " in shown for verb in FILES)
    assert all(f"\n  {code} " in shown for code, _ in exit_codes())


def test_nothing_typed_shows_help(capsys):
    assert main([]) == 0
    bare = capsys.readouterr().out
    main(["-h"])
    assert bare == capsys.readouterr().out


@pytest.mark.parametrize("verb", sorted(FILES))
def test_help_of_a_verb_has_examples_that_begin_with_it(capsys, verb):
    assert main([verb, "--help"]) == 0
    examples = capsys.readouterr().out.split("\nExamples\n")[1].split("\n\n")[0].splitlines()
    assert examples
    assert all(example.startswith(f"  gnomon {verb}") for example in examples)


def test_exit_codes_are_those_of_the_design():
    assert [code for code, _ in exit_codes()] == [0, 2, 3, 4, 5, 6, 7, 70, 75, 130]


def test_an_unknown_verb_is_answered_with_the_nearest_and_all(capsys):
    assert main(["trian", "photos"]) == 2
    error, fix = capsys.readouterr().err.splitlines()
    assert error == "error: there is no verb 'trian'"
    assert fix.startswith("fix: did you mean 'gnomon train'? verbs: inspect, train, resume")
