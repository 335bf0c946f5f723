"""Syntax trees of Python source."""

import ast

import pytest

from gnomon.data import codetrees, prefix
from gnomon.data.codetrees import CodeError


def printed(source, **settings):
    return prefix.printed(codetrees.tree_of(codetrees.parsed(source).body[0], **settings))


def test_a_statement():
    assert printed("x = maxSize + 1") == "[Assign [Name x ] [BinOp [Name max size ] Add 1 ] ]"
    assert printed("if a: pass\nelse: b") == "[If [Name a ] Pass [else [Expr [Name b ] ] ] ]"


def test_constants():
    assert printed("f(1234, 'Hello, big wide world now', None, 2.5, b'x')") == (
        "[Expr [Call [Name f ] int [str hello big wide world ] None float bytes ] ]"
    )


def test_a_function_without_what_tells_its_name():
    source = "def get(self, n=1):\n    'Get it.'\n    return self.get(n)"
    found = printed(source, hidden="get", without_docstring=True)
    assert "str" not in found
    assert "get" not in found
    assert found.count(codetrees.OWN_NAME) == 2


def test_words_of_identifiers():
    assert codetrees.words_of("parse_HTMLPage2") == ["parse", "html", "page", "2"]
    assert codetrees.words_of("getValue") == codetrees.words_of("GET_VALUE") == ["get", "value"]
    assert codetrees.words_of("größe") == ["größe"]
    assert printed("_ = 1") == "[Assign [Name _ ] 1 ]"


def test_functions_inside_functions():
    module = codetrees.parsed("def f():\n  def g(): pass\nclass C:\n  async def h(self): pass\n")
    assert [one.name for one in codetrees.functions(module)] == ["f", "g", "h"]


def test_large_trees_are_given_up():
    root = codetrees.parsed("x = 1 + 2").body[0]
    size = len(codetrees.tree_of(root))
    assert codetrees.tree_of(root, most=size) == codetrees.tree_of(root)
    assert codetrees.tree_of(root, most=size - 1) is None


@pytest.mark.parametrize(
    ("source", "what", "place"),
    [
        ("def f(:", "is no Python: invalid syntax", (1, 7)),
        ("x\n  y", "unexpected indent", (2, 2)),
        ("\0", "null bytes", None),
        (b"# coding: nonsense\n", "unknown encoding", None),
    ],
)
def test_what_is_no_python(source, what, place):
    with pytest.raises(CodeError, match=what) as caught:
        codetrees.parsed(source)
    if place:
        assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize("source", ["(" * 5000, "x=" + "-" * 100_000 + "1", "a" + "+a" * 200_000, "x" + ".b" * 100_000])
def test_what_is_nested_too_deeply_is_left_out(source):
    with pytest.raises(CodeError, match="nest"):
        codetrees.parsed(source)


def test_a_tree_that_is_deep_is_no_matter():
    deep: ast.AST = ast.Name(id="x", ctx=ast.Load())
    for _ in range(50_000):
        deep = ast.Expr(value=deep)
    tree = codetrees.tree_of(deep)
    assert len(tree) == 50_002
    while isinstance(deep, ast.Expr):  # so that it is freed without recursion
        deep = deep.value
