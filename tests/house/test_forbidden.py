"""Nothing that is loaded can run code, and a few of the nevers of the design."""

import ast
import re

import pytest

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "runpy", "code"}
CALLS = {"eval", "exec", "compile", "__import__", "torch.load", "torch.save", "torch.jit.load", "torch.hub.load"}
CALLS |= {"os.system", "os.popen", "np.load", "numpy.load"}
METHODS = {"extractall", "extract"}


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def imported(node):
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").split(".")[0]}
    return set()


def runs_code(node):
    """Return what in this piece of syntax could run code that was loaded, or None."""
    if bad := imported(node) & MODULES:
        return f"imports {bad}"
    if not isinstance(node, ast.Call):
        return None
    name = dotted(node.func)
    if name in CALLS or name.rpartition(".")[2] in METHODS:
        return name
    for keyword in node.keywords:
        switched_on = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        if switched_on and keyword.arg in {"shell", "allow_pickle"}:
            return f"{keyword.arg}=True"
    return None


@pytest.mark.parametrize(
    "text",
    [
        *("import pickle", "from joblib import load", "import yaml", "torch.load(p)", "eval(t)", "exec(t)"),
        *("run(c, shell=True)", "tar.extractall(d)", "numpy.load(p, allow_pickle=True)"),
    ],
)
def test_this_test_can_fail(text):
    assert any(runs_code(node) for node in ast.walk(ast.parse(text)))


def test_nothing_can_run_code_that_was_loaded(modules):
    found = [
        f"{path}:{node.lineno}: {reason}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if (reason := runs_code(node))
    ]
    assert found == []


def is_asked_for_by_name(node):
    """Tell whether syntax compares ``family``, ``reader`` or ``task`` with a plug-in's name."""
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    kinds = {"family", "reader", "task"}
    asks = any(dotted(side).rpartition(".")[2] in kinds for side in sides if isinstance(side, ast.Name | ast.Attribute))
    literals = {side.value for side in sides if isinstance(side, ast.Constant) and isinstance(side.value, str)}
    return asks and bool(literals - {"auto", "off"})


def test_no_plugin_is_asked_for_by_name_outside_its_folder(modules):
    assert is_asked_for_by_name(ast.parse("plan.family == 'cnn'").body[0].value)
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules.items()
        if path.parts[0] not in {"families", "readers", "tasks"}
        for node in ast.walk(tree)
        if is_asked_for_by_name(node)
    ]
    assert found == []


def test_only_ranks_and_events_ask_for_the_rank(modules):
    def asks(node):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            return False
        sides = [node.left, *node.comparators]
        first = any(isinstance(side, ast.Constant) and side.value == 0 for side in sides)
        # The rank of a process, not that of an answer among answers.
        return first and any(re.fullmatch(r"(.*ranks\.|self\.)?rank", dotted(side)) for side in sides)

    assert asks(ast.parse("ranks.rank == 0").body[0].value)
    allowed = {"core/ranks.py", "core/events.py"}
    found = {str(path) for path, tree in modules.items() for node in ast.walk(tree) if asks(node)}
    assert found <= allowed


def test_keyword_arguments_are_not_passed_through(modules):
    def passes_through(function):
        name = function.args.kwarg.arg if function.args.kwarg else None
        calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
        return name is not None and any(
            keyword.arg is None and dotted(keyword.value) == name for call in calls for keyword in call.keywords
        )

    assert passes_through(ast.parse("def f(**settings): g(**settings)").body[0])
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and passes_through(node)
    ]
    assert found == []
