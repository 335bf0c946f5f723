import subprocess
import sys

import pytest


def run(*words, **streams):
    return subprocess.run([sys.executable, "-m", "gnomon", *words], text=True, **streams)


def test_all_that_was_printed_arrives_and_the_exit_code_is_kept(tmp_path):
    done = run("--help", capture_output=True)
    assert done.returncode == 0
    assert "gnomon train photos/ --budget 5m" in done.stdout
    refused = run("inspect", str(tmp_path / "nowhere"), "--json", capture_output=True)
    assert refused.returncode in (2, 3)
    assert refused.stderr.startswith("error: ")
    assert refused.stdout.endswith("}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="the shell's way of closing streams")
def test_closed_streams_are_no_trouble():
    closed = subprocess.run(["sh", "-c", f"{sys.executable} -m gnomon --help >&- 2>&-"])
    assert closed.returncode == 0


def test_nothing_is_taken_down_piece_by_piece():
    code = (
        "import atexit, sys; atexit.register(print, 'taken down'); sys.argv = ['gnomon', '--version'];"
        "from gnomon.cli import process; process()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("gnomon ")
    assert "taken down" not in done.stdout
