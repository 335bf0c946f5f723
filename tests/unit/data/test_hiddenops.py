"""Functions with a hidden operator."""

from gnomon.data import codetrees, hiddenops

SOURCE = '''
def __lt__(self, other):
    """Less."""
    return self.x < other.x and other.y + 1

def empty():
    pass
'''


def functions(**settings):
    about = {"nodes": 100, "places": 9} | settings
    return list(hiddenops.functions(codetrees.parsed(SOURCE), "salt", **about))


def test_each_operator_is_hidden_once():
    found = functions()
    assert sorted(one.operator for one in found) == ["Add", "And", "Lt"]
    assert [one.number for one in found] == [1, 2, 3]
    assert {one.name for one in found} == {"__lt__"}
    for one in found:
        assert one.tree.symbols.count(hiddenops.HIDDEN) == 1
        assert codetrees.OWN_NAME in one.tree.symbols
        assert "lt" not in one.tree.symbols
        assert not {"str", "less"} & set(one.tree.symbols)
        assert sum(symbol in hiddenops.OPERATORS for symbol in one.tree.symbols) == 2


def test_not_more_than_wished_and_always_the_same():
    assert len(functions(places=2)) == 2
    assert [one.operator for one in functions(places=1)] == [one.operator for one in functions(places=1)]
    assert functions(nodes=5) == []
