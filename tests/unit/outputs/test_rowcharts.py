from gnomon.outputs.rowcharts import pair_of_bars


def test_a_bar_for_each_share_that_is_there_under_a_safe_title():
    svg = pair_of_bars([0.5, 0.5, 0.0], [1.0, 0.0, 0.0], ["<a>", "b", "c"], title="how <x> is spread")
    assert svg.count("<rect") == 3
    assert svg.count('class="strange"') == 1
    assert "&lt;a&gt;" in svg and "<a>" not in svg and "how &lt;x&gt;" in svg


def test_nothing_to_draw_is_an_empty_drawing():
    assert "<rect" not in pair_of_bars([], [], [], title="nothing")
