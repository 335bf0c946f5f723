import pytest

from gnomon.outputs.spreadcharts import class_map, hues, score_histogram


def test_classes_have_colours_of_their_own():
    found = hues(12)
    assert len(set(found)) == 12
    assert all(len(colour) == 7 and colour.startswith("#") for colour in found)
    assert hues(0) == []


def test_points_keep_their_proportions_and_up_is_up():
    svg = class_map([[0.0, 0.0], [10.0, 5.0]], [0, -1], ["cat"])
    assert '<circle cx="14.0" cy="338.0" r="3.4" style=' in svg
    assert '<circle cx="446.0" cy="122.0" r="3.4"/>' in svg
    assert 'viewBox="0 108 460 244"' in svg


def test_each_class_that_is_there_is_named_once_and_escaped():
    svg = class_map([[0, 0], [1, 1], [2, 0]], [0, 0, 2], ["<b>", "never", "x" * 30])
    assert svg.count("<text") == 2
    assert "&lt;b&gt;" in svg and "<b>" not in svg
    assert "xxx…" in svg and "never" not in svg


def test_points_in_one_place_and_none_at_all():
    assert 'cx="230.0" cy="230.0"' in class_map([[3.0, 3.0]], [-1], [])
    assert class_map([], [], []) == ""


def test_bars_are_shares_of_their_own_number():
    svg = score_histogram([0, 1, 2], [30, 10], [0, 4], form=str, mark=(1.5, "the limit"))
    assert svg.count('class="usual"') == 2
    assert svg.count('class="strange"') == 1
    assert "0 to 1: 75.0% of the usual samples" in svg
    assert "1 to 2: 100.0% of the strange samples" in svg
    assert 'class="limit" x1="480.0"' in svg


@pytest.mark.parametrize(("edges", "usual"), [([], []), ([0, 1], [0]), ([1], [])])
def test_nothing_counted_draws_nothing(edges, usual):
    assert score_histogram(edges, usual, form=str) == ""


def test_a_mark_outside_is_left_out():
    assert "limit" not in score_histogram([0, 1], [3], form=str, mark=(7.0, "far"))


def test_a_last_bin_for_all_that_is_beyond_is_drawn_as_wide_as_the_others():
    svg = score_histogram([0, 1, 2, 900], [1, 1, 2], form=str)
    assert [part.split('"')[0] for part in svg.split(' x="')[1:4]] == ["0.0", "213.33", "426.67"]
    assert "2 to 900: 50.0% of the usual samples" in svg
