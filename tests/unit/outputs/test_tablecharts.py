"""Small drawings for tables."""

from gnomon.outputs.tablecharts import piles, scatter, spark


def test_a_spark_has_a_bar_for_each_count_that_is_not_zero():
    drawn = spark([1, 0, 4], label="a & b")
    assert drawn.count("<rect") == 2
    assert 'height="25.00"' in drawn
    assert "a &amp; b" in drawn


def test_points_lie_on_the_line_where_both_values_are_equal():
    drawn = scatter([0.0, 10.0], [0.0, 10.0], x_title="true", y_title="predicted")
    assert drawn.count("<circle") == 2
    assert 'cx="62.0" cy="420.0"' in drawn
    assert 'cx="482.0" cy="0.0"' in drawn
    assert scatter([1.0], [1.0], x_title="x", y_title="y") == ""


def test_a_histogram_marks_zero():
    drawn = piles([1, 3], [-1.0, 0.0, 1.0], title="errors")
    assert drawn.count('class="pile"') == 2
    assert 'class="limit" x1="50.0%"' in drawn
    assert 'class="limit"' not in piles([1, 3], [1.0, 2.0, 3.0], title="errors")
