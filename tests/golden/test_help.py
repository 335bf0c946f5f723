import click
import pytest

from gnomon.cli.shell.entry import gnomon

VERBS = gnomon.list_commands(click.Context(gnomon))


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_as_reviewed(golden, verb, capsys):
    words = [verb, "--help"] if verb else ["--help"]
    gnomon.main(words, prog_name="gnomon", standalone_mode=False, terminal_width=90)
    text = capsys.readouterr().out
    assert "\nUsage\n" in text
    assert max(len(line) for line in text.splitlines()) <= 92
    golden(f"help/{verb or 'gnomon'}.txt", text)


def test_no_golden_file_is_left_over(request):
    kept = {path.stem for path in (request.path.parent / "help").glob("*.txt")}
    assert kept == {"gnomon", *VERBS}
