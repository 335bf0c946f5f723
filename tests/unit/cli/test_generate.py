import sys

import pytest

from gnomon.cli import main
from gnomon.core.errors import UsageError
from gnomon.core.events import Finished

SETTINGS = {"length": 400, "temperature": 0.8, "top_k": "off", "top_p": "off", "seed": 0, "stop": ()}


@pytest.fixture
def writes(api, monkeypatch):
    """Let ``gnomon.api.generate`` write these pieces; returns the calls."""
    calls = []

    def set_pieces(*pieces):
        def generate(run, prompt, *, emit, **settings):
            calls.append((run, prompt, settings))
            yield from pieces
            result = {"run": run, "prompt": prompt, "text": "".join(pieces), "seed": settings["seed"], "num_tokens": 3}
            emit(Finished(result=result))

        monkeypatch.setattr(sys.modules["gnomon.api"], "generate", generate, raising=False)
        return calls

    return set_pieces


def test_prompt_and_text_are_written_as_they_are(writes, capsys):
    calls = writes("a\x1b[2J", "bé\n")
    assert main(["generate", "runs/a", "--prompt", "ROMEO:"]) == 0
    assert capsys.readouterr().out == "ROMEO:a\x1b[2Jbé\n\n"
    assert calls == [("runs/a", "ROMEO:", SETTINGS)]


def test_every_flag_arrives(writes, capsys):
    calls = writes("x")
    numbers = ["--length", "7", "--temperature", "0", "--top-k", "5", "--top-p", "0.9", "--seed", "-3"]
    assert main(["generate", "r", *numbers, "--stop", ".", "--stop", "END"]) == 0
    assert calls[0][2] == {
        "length": 7,
        "temperature": 0.0,
        "top_k": 5,
        "top_p": 0.9,
        "seed": -3,
        "stop": (".", "END"),
    }


def test_on_a_terminal_each_piece_appears_at_once_and_commands_nothing(writes, capsys, monkeypatch):
    from gnomon.cli.shell.streams import Lasting

    shown = []
    writes("a\x1b[2J", "漢\u3000字\t", "\u202eb\n")
    monkeypatch.setattr(Lasting, "isatty", lambda self: self is sys.stdout)
    monkeypatch.setattr(Lasting, "flush", lambda self: shown.append(capsys.readouterr().out))
    monkeypatch.setenv("TERM", "dumb")
    assert main(["generate", "runs/a", "--prompt", ">"]) == 0
    assert shown[:4] == [">a\\x1b[2J", "漢\u3000字\t", "\\u202eb\n", "\n"]


def test_a_text_without_a_piece_is_the_prompt_alone(writes, capsys):
    writes()
    assert main(["generate", "runs/a", "--prompt", "END"]) == 0
    assert capsys.readouterr().out == "END\n"


def test_a_file_takes_the_text_instead_of_the_screen(writes, capsys, tmp_path):
    writes("b\r\n", "ü")
    path = tmp_path / "story.txt"
    assert main(["generate", "runs/a", "--prompt", "a", "-o", str(path)]) == 0
    assert path.read_bytes() == "ab\r\nü".encode()
    assert capsys.readouterr().out.split() == ["written", str(path)]


def test_json_holds_all_of_it(writes, as_json):
    writes("b", "c")
    code, value, _ = as_json("generate", "runs/a", "--prompt", "a", "--seed", "4")
    assert code == 0
    assert value == {"run": "runs/a", "prompt": "a", "text": "bc", "seed": 4, "num_tokens": 3, "out": None}


def test_an_error_is_one_block_and_nothing_is_printed_before_it(api, capsys, monkeypatch):
    def generate(run, prompt, *, emit, **settings):
        raise UsageError("this model writes no text", fix="use gnomon predict")
        yield

    monkeypatch.setattr(sys.modules["gnomon.api"], "generate", generate, raising=False)
    assert main(["generate", "runs/a", "--prompt", "ROMEO:"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == ["error: this model writes no text", "fix: use gnomon predict"]


@pytest.mark.parametrize("words", [["--length", "0"], ["--top-k", "0"], ["--top-p", "0"], ["--temperature", "-1"]])
def test_what_is_not_possible_is_refused(writes, capsys, words):
    writes("x")
    assert main(["generate", "runs/a", *words]) == 2
    assert words[0] in capsys.readouterr().err
