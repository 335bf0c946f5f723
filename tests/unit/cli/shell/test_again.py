import click
import pytest
from click.testing import CliRunner

from gnomon.cli.shell import options
from gnomon.cli.shell.again import again


@click.command()
@options.path
@options.target
@options.label_from
@options.budget
@options.seed
@options.settings
def command(**given):
    click.echo(again("train"))


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["digits"], "gnomon train digits"),
        (["my data", "--budget", "9s"], "gnomon train 'my data'"),
        (["d", "--seed", "0", "--target", "p"], "gnomon train d --target p --seed 0"),
        (
            ["d", "--label-from", "{label}_{index}", "--set", "a.b=1", "--set", "c.d=[1, 2]"],
            "gnomon train d --label-from '{label}_{index}' --set a.b=1 --set 'c.d=[1, 2]'",
        ),
    ],
)
def test_what_was_asked_for_is_asked_for_again(words, wanted):
    done = CliRunner().invoke(command, words)
    assert (done.exit_code, done.output) == (0, wanted + "\n")
