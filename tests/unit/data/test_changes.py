from gnomon.data.changes import Changes


def changes(added=(), edited=(), removed=(), reordered=False):
    return Changes(added=added, edited=edited, removed=removed, reordered=reordered)


def test_each_kind_of_change_is_a_line_that_names_some():
    found = changes(added={"b\n", "a"}, removed=[f"{i}" for i in range(7)])
    assert found.any
    assert found.lines("texts") == ["2 added: a, b\\n", "7 removed: 0, 1, 2, 3, 4, …"]
    assert found.lines("texts", named=False) == ["2 added", "7 removed"]


def test_another_order_alone_is_a_change():
    assert changes(reordered=True).lines("texts") == ["the same texts come in another order"]
    assert changes(reordered=True).any
    assert not changes().any
