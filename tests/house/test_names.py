import ast

import gnomon

VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}


def test_public_names_are_these():
    assert set(gnomon.__all__) == {
        *("inspect", "train", "resume", "evaluate", "predict", "generate", "draw", "synthesise", "report", "runs"),
        *("load_run", "Run", "GnomonError"),
    }
    assert all(hasattr(gnomon, name) for name in gnomon.__all__)
    assert set(gnomon.__all__) <= set(dir(gnomon))


def test_no_module_has_a_name_that_says_nothing(modules):
    assert [path for path in modules if set(path.with_suffix("").parts) & VAGUE] == []


def test_names_inside_a_run_folder_are_spelled_in_one_place(modules):
    names = {"run.toml", "plan.jsonl", "data.json", "env.json", "metrics.jsonl", "evaluation.json", "report.html"}
    names |= {"skipped.jsonl", "weights.safetensors", "model.json", "checkpoints", "crash.txt"}
    found = {
        f"{path}:{node.lineno}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
        if isinstance(node.right, ast.Constant) and node.right.value in names
    }
    assert {spot.partition(":")[0] for spot in found} == {"core/run.py"}, found


def test_no_public_name_is_also_that_of_a_room(root):
    # importing a room puts it into the package under its name, in place of what was there
    rooms = {path.stem for path in (root / "src" / "gnomon").iterdir()}
    assert "training" in rooms
    assert rooms.isdisjoint(gnomon.__all__)
