import subprocess
import sys

import pytest

HEAVY = {"torch", "numpy", "sklearn", "scipy", "pyarrow", "PIL", "rich", "jinja2", "safetensors"}

PROGRAM = """
import sys
from gnomon.cli import main
code = main({words!r})
print("\\n", code, *sorted({heavy!r} & set(sys.modules)))
"""


def loaded(words):
    program = PROGRAM.format(words=words, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, *modules = done.stdout.splitlines()[-1].split()
    return int(code), modules


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["--version"], ["train", "--nonsense"], ["trian"]])
def test_help_and_usage_errors_import_nothing_heavy(words):
    code, modules = loaded(words)
    assert code == (2 if words[-1] in {"--nonsense", "trian"} else 0)
    assert modules == []


def test_runs_and_report_need_no_torch(tmp_path):
    code, modules = loaded(["runs", str(tmp_path)])
    assert code == 0
    assert "torch" not in modules


def test_importing_the_package_imports_nothing_heavy():
    program = f"import sys, gnomon; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
