import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gnomon.cli import main
from gnomon.core.errors import ArtefactError, DataError, DivergedError, ReproducibilityError, StoppedError

DIGITS = ["train", "digits"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [(DataError, 3), (DivergedError, 5), (ArtefactError, 6), (ReproducibilityError, 7), (StoppedError, 75)],
)
def test_an_error_is_one_block_and_its_exit_code(api, capsys, kind, code):
    api.error = kind("is broken", fix="mend it", path="a\nb", line=3)
    assert main(DIGITS) == code
    assert capsys.readouterr().err == "error: a\\nb:3: is broken\nfix: mend it\n"


def test_an_error_in_json_says_the_same(api, as_json):
    api.error = DataError("is broken", fix="mend it", path="a", line=3)
    code, printed, aside = as_json(*DIGITS)
    assert code == 3
    assert printed == {"error": "is broken", "fix": "mend it", "path": "a", "line": 3, "exit_code": 3}
    assert aside == "error: a:3: is broken\nfix: mend it\n"


def test_an_unknown_flag_is_answered_with_the_nearest(capsys):
    assert main(["train", "--budgt", "3"]) == 2
    assert capsys.readouterr().err == (
        "error: gnomon train has no option --budgt\nfix: did you mean --budget? see gnomon train --help\n"
    )


def test_a_usage_error_in_json_is_one_object(as_json):
    code, printed, _ = as_json("train", "--seed", "x")
    assert (code, printed["exit_code"]) == (2, 2)
    assert "'x' is not a valid integer" in printed["error"]


def test_our_own_bug_keeps_its_traceback_in_a_file(api, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    api.error = ZeroDivisionError("boom")
    assert main(DIGITS) == 70
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert "this is a bug in Gnomon: ZeroDivisionError: boom" in printed.err
    crash = Path(printed.err.split("report it with ")[1].strip())
    assert crash.is_relative_to(tmp_path)
    assert "ZeroDivisionError: boom" in crash.read_text()


def test_a_bug_in_json_is_one_object_that_names_the_file(api, as_json, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    api.error = KeyError("x")
    code, printed, _ = as_json(*DIGITS)
    assert (code, printed["exit_code"]) == (70, 70)
    assert Path(printed["path"]).is_file()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EOFError()])
def test_an_interruption_is_130(api, capsys, error):
    api.error = error
    assert main(DIGITS) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted"


def test_an_interruption_in_json_is_one_object(api, as_json):
    api.error = KeyboardInterrupt()
    assert as_json(*DIGITS)[1]["exit_code"] == 130


def test_no_memory_left_is_a_resource_error(api, capsys):
    api.error = MemoryError()
    assert main(DIGITS) == 4
    assert "error: the machine has not enough memory" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys):
    import importlib.metadata

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"gnomon {importlib.metadata.version('gnomon')}\n"


def test_json_after_an_error_is_parsed_whatever_the_order(capsys):
    assert main(["--json", "nonsense"]) == 2
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


def gnomon(*words, **settings):
    """Run the real program; it is started as ``python -m gnomon``."""
    return subprocess.run([sys.executable, "-m", "gnomon", *words], check=False, stderr=subprocess.PIPE, **settings)


def test_a_reader_that_leaves_early_causes_no_error():
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = gnomon("--help", stdout=write_end)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_that_knows_only_ascii_gets_ascii(tmp_path):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = gnomon("runs", str(tmp_path / "猫"), stdout=subprocess.PIPE, env=plain)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"no runs in ")
    assert done.stdout.isascii()


def test_a_full_disk_under_the_result_is_a_resource_error(tmp_path):
    with Path("/dev/full").open("wb") as full:
        done = gnomon("runs", str(tmp_path), "--json", stdout=full)
    assert done.returncode == 4
    assert b"cannot be written to standard output: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
