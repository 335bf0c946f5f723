"""Colours of classes."""

from gnomon.outputs import treeshades


def test_a_scale_where_classes_are_in_order():
    assert list(treeshades.shades(["0", "1", "2", "3", "4"]).values()) == ["s-4", "s-2", "s0", "s2", "s4"]
    assert list(treeshades.shades(["negative", "positive"]).values()) == ["s-4", "s4"]
    assert list(treeshades.shades(["-1", "0", "1"]).values()) == ["s-4", "s0", "s4"]


def test_hues_where_they_are_not():
    assert list(treeshades.shades(["NP", "S", "VP"]).values()) == ["h0", "h1", "h2"]
    assert treeshades.shades([str(i) for i in range(12)])["11"] == "h1"
    assert not treeshades.are_ordered(["1", "3", "5"])
    assert not treeshades.are_ordered(["0", "1"])
