import sys

import numpy as np
import pyarrow as pa
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


@pytest.fixture
def draws(api, monkeypatch):
    """Let ``gnomon.api.draw`` draw as many pictures as it is asked for; returns the calls."""
    calls = []

    def draw(run, *, out, emit, **settings):
        calls.append((run, out, settings))
        num = settings.get("count", 64)
        emit(Finished(result={"run": run, "num_pictures": num, "files": [out]}))
        return np.zeros((num, 2, 2, 1), np.uint8)

    api.answers["makes"] = "pictures"
    monkeypatch.setattr(sys.modules["gnomon.api"], "draw", draw, raising=False)
    return calls


def test_a_model_of_pictures_draws_into_the_named_place(draws, capsys):
    assert main(["generate", "runs/a", "-o", "samples.png"]) == 0
    assert draws == [("runs/a", "samples.png", {"seed": 0})]
    assert capsys.readouterr().out.split() == ["written", "samples.png", "(64", "pictures)"]


def test_every_flag_of_pictures_arrives(draws):
    words = ["--count", "7", "--class", "3", "--temperature", "0.7", "--seed", "5"]
    assert main(["generate", "r", "-o", "x/", *words]) == 0
    assert main(["generate", "r", "-o", "x/", "--like", "a.png", "--like", "b/"]) == 0
    assert main(["generate", "r", "-o", "x/", "--between", "a.png", "b.png", "--count", "4"]) == 0
    assert [settings for _, _, settings in draws] == [
        {"count": 7, "label": "3", "temperature": 0.7, "seed": 5},
        {"like": ("a.png", "b/"), "seed": 0},
        {"between": ("a.png", "b.png"), "count": 4, "seed": 0},
    ]


def test_json_names_the_files(draws, as_json):
    code, value, _ = as_json("generate", "runs/a", "--count", "2", "-o", "x.png")
    assert (code, value) == (0, {"run": "runs/a", "num_pictures": 2, "files": ["x.png"], "out": "x.png"})


def test_pictures_need_a_place(draws, capsys):
    assert main(["generate", "runs/a", "--count", "4"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: pictures need a place to be written to",
        "fix: -o samples.png for a grid of all, -o samples/ for a file each",
    ]
    assert draws == []


def test_series_are_drawn_into_a_table(api, draws, capsys):
    api.answers["makes"] = "series"
    assert main(["generate", "runs/a", "-o", "synthetic.csv", "--count", "5"]) == 0
    assert draws == [("runs/a", "synthetic.csv", {"count": 5, "seed": 0})]
    assert capsys.readouterr().out.split() == ["written", "synthetic.csv", "(5", "series)"]
    assert main(["generate", "runs/a"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: series need a place to be written to",
        "fix: -o synthetic.csv, or .tsv, .jsonl, .parquet",
    ]


@pytest.fixture
def synthesises(api, monkeypatch):
    """Let ``gnomon.api.synthesise`` make as many rows as it is asked for; returns the calls."""
    calls = []

    def synthesise(run, *, out, emit, **settings):
        calls.append((run, out, settings))
        made = pa.table({"x": np.zeros(settings.get("count", 1000))})
        emit(Finished(result={"run": run, "num_rows": made.num_rows, "columns": made.column_names}))
        return made

    api.answers["makes"] = "tables"
    monkeypatch.setattr(sys.modules["gnomon.api"], "synthesise", synthesise, raising=False)
    return calls


def test_rows_are_made_into_a_table(synthesises, capsys):
    words = ["--count", "7", "--class", "yes", "--temperature", "0.5", "--seed", "3"]
    assert main(["generate", "runs/a", "-o", "made.csv", *words]) == 0
    assert capsys.readouterr().out.split() == ["written", "made.csv", "(7", "rows)"]
    assert main(["generate", "runs/a", "-o", "made.csv", "--like", "given.csv"]) == 0
    assert [settings for _, _, settings in synthesises] == [
        {"count": 7, "label": "yes", "temperature": 0.5, "seed": 3},
        {"like": "given.csv", "seed": 0},
    ]


def test_rows_need_one_place_and_are_like_one_table(synthesises, capsys):
    assert main(["generate", "runs/a"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: tables need a place to be written to",
        "fix: -o synthetic.csv, or .tsv, .jsonl, .parquet",
    ]
    assert main(["generate", "runs/a", "-o", "made.csv", "--like", "a.csv", "--like", "b.csv"]) == 2
    assert capsys.readouterr().err.splitlines() == ["error: --like takes one table", "fix: name one file"]
    assert synthesises == []


@pytest.mark.parametrize(
    ("makes", "words", "what"),
    [
        ("text", ["--count", "4"], "--count is for models that make pictures, series or tables: this one makes text"),
        (
            "text",
            ["--like", "a.png", "--class", "b"],
            "--class, --like are for models that make pictures, series or tables",
        ),
        ("pictures", ["--prompt", "a"], "--prompt is for models that make text: this one makes pictures"),
        ("pictures", ["--top-k", "4", "--length", "9"], "--length, --top-k are for models that make text"),
        ("series", ["--prompt", "a"], "--prompt is for models that make text: this one makes series"),
        (
            "tables",
            ["--between", "a", "b"],
            "--between is for models that make pictures or series: this one makes tables",
        ),
        ("tables", ["--stop", "a"], "--stop is for models that make text: this one makes tables"),
        ("tables", ["--like", "a", "--seed", "1"], "--like does not go with --seed"),
        ("pictures", ["--like", "a", "--count", "4"], "--like does not go with --count"),
        ("pictures", ["--like", "a", "--between", "b", "c"], "--like does not go with --between"),
        ("pictures", ["--between", "b", "c", "--seed", "1"], "--between does not go with --seed"),
    ],
)
def test_flags_that_do_not_fit_are_refused_before_anything_is_made(api, draws, writes, capsys, makes, words, what):
    writes("x")
    api.answers["makes"] = makes
    assert main(["generate", "runs/a", "-o", "x.png", *words]) == 2
    error, fix = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: {what}")
    assert fix.startswith("fix: leave --")
    assert draws == []
