import subprocess
import sys
from pathlib import Path


def test_no_room_imports_from_a_floor_above_or_from_a_stranger(root):
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_training_knows_no_plugin(modules):
    import ast

    folders = {"families", "readers", "tasks", "recipes"}
    for path, tree in modules.items():
        if path.parts[0] != "training":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("gnomon."):
                assert node.module.split(".")[1] not in folders, f"{path}:{node.lineno}"
