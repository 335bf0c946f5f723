import click
import pytest

from gnomon.cli.shell import options
from gnomon.cli.shell.group import Verbs

VERBS = Verbs()
NAMES = VERBS.list_commands(click.Context(VERBS))


def parameters(verb):
    return VERBS.get_command(click.Context(VERBS), verb).params


def test_there_are_verbs():
    assert {"train", "inspect"} < set(NAMES)


@pytest.mark.parametrize("verb", NAMES)
def test_every_flag_has_a_heading_and_says_what_it_does(verb):
    for parameter in parameters(verb):
        if isinstance(parameter, click.Option):
            assert isinstance(parameter, options.Flag), parameter.opts
            assert parameter.section in {"Data", "Plan", "All", "Text", "Pictures, series and tables", "Output"}
            assert parameter.help.endswith("."), parameter.opts


@pytest.mark.parametrize("verb", NAMES)
def test_every_verb_answers_in_json(verb):
    assert "--json" in {name for parameter in parameters(verb) for name in parameter.opts}
