import html
import json
import re
import xml.etree.ElementTree as ET

import pytest

from gnomon.outputs.charts import Axes, Band, Line, Scale, curve, finite, reliability, smooth, ticks
from gnomon.outputs.wording import number

AXES = Axes(
    x_low=0.0, x_high=10.0, x_form=number, marks=[(4.0, "re-fit <b>")], bands=[(0, 5, "16 px"), (5, 10, "32 px")]
)


def drawn(svg):
    return ET.fromstring(str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


@pytest.mark.parametrize(
    ("low", "high", "num", "found"),
    [(0, 1, 4, [0, 0.25, 0.5, 0.75, 1]), (0, 10, 5, [0, 2, 4, 6, 8, 10]), (3.4, 29, 5, [10, 20]), (7, 7, 5, [7]),
     (-0.2, 0.2, 4, [-0.2, -0.1, 0, 0.1, 0.2])],
)  # fmt: skip
def test_ticks_are_round_and_inside(low, high, num, found):
    assert ticks(low, high, num) == pytest.approx(found)


def test_scale_maps_values_to_pixels_from_the_top():
    scale = Scale(0.0, 2.0, 20, 120)
    assert [scale.y(v) for v in (0, 1, 2)] == [120, 70, 20]
    assert scale.y(100) == 15  # far outside values end just outside
    assert Scale(1.0, 1.0, 0, 10).y(1.0) == 10


def test_a_curve_is_valid_xml_with_places_in_percent():
    svg = curve([Line(label="loss", xs=[0, 5, 10], ys=[2, 1, 0])], AXES, title="Loss", form=number, height_px=146)
    tree = drawn(svg)
    path = next(element for element in tree.iter() if element.tag.endswith("path"))
    assert path.get("d") == "M0 22L50 72 100 122"
    assert "Loss: loss from 2 to 0" in tree.get("aria-label")
    reading = json.loads(tree.get("data-plot"))
    assert reading["x"] == [[0, 50, 100]]
    assert reading["words"] == [["2", "1", "0"]]
    assert tree[0].tag.endswith("title")


def test_names_in_a_chart_are_escaped():
    line = Line(label='<script>"&', xs=[0, 1], ys=[0, 1])
    svg = str(curve([line], AXES, title="<i>", form=lambda _: "<u>"))
    assert "<script>" not in svg
    assert "<u>" not in svg
    assert "<b>" not in svg
    assert json.loads(html.unescape(re.search('data-plot="([^"]*)"', svg)[1]))["labels"] == ['<script>"&']


def test_too_few_points_draw_nothing():
    assert curve([Line(label="a", xs=[1], ys=[1])], AXES, title="t", form=number) == ""


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    svg = curve([Line(label="a", xs=range(5000), ys=range(5000))], AXES, title="t", form=number)
    reading = json.loads(drawn(svg).get("data-plot"))
    assert len(reading["x"][0]) == 360
    assert (reading["words"][0][0], reading["words"][0][-1]) == ("0", "4,999")


def test_bands_marks_and_baseline_are_drawn():
    svg = curve(
        [Line(label="a", xs=[0, 10], ys=[0, 1], dots=True)], AXES, title="t", form=number, baseline=(0.5, "base")
    )
    kinds = [element.get("class") for element in drawn(svg).iter()]
    assert {"band0", "band1", "mark", "base", "dot main"} <= set(kinds)
    assert [e.get("x1") for e in drawn(svg).iter() if e.get("class") == "mark"] == ["40.0%"]


def test_a_band_widens_the_scale_and_the_cursor_may_read_x_otherwise():
    axes = Axes(x_low=0, x_high=1, x_form=number, at_form=lambda x: f"day {x:.0f}")
    line = Line(label="a", xs=[0, 1], ys=[1, 2])
    svg = curve([line], axes, title="t", form=number, height_px=120, band=Band(xs=[0, 1], lows=[0, 0], highs=[4, 4]))
    # From 0 to 4 the scale has 74 px, down from 22: the band covers it all.
    assert 'class="between" d="M0 22L100 22L100 96L0 96Z"' in svg
    assert json.loads(html.unescape(re.search(r'data-plot="([^"]*)"', svg)[1]))["at"] == [["day 0", "day 1"]]


def test_flat_lines_have_a_scale():
    assert "nan" not in str(curve([Line(label="a", xs=[0, 1], ys=[3, 3])], AXES, title="t", form=number))


def test_finite_leaves_out_what_is_no_number():
    pairs = [(1, 2), (2, float("nan")), (None, 1), (3, "x"), (4, 5.5), (5, float("inf"))]
    assert finite(pairs) == ([1, 4], [2, 5.5])


def test_smooth_is_a_centred_mean():
    assert smooth([0, 3, 6, 0], 3) == [1.5, 3, 3, 3]


def test_reliability_draws_bins_with_samples():
    bins = [{"low": 0.0, "high": 0.5, "confidence": 0.0, "accuracy": 0.0, "n": 0},
            {"low": 0.5, "high": 1.0, "confidence": 0.9, "accuracy": 0.75, "n": 8}]  # fmt: skip
    bars = [element for element in drawn(reliability(bins)).iter() if element.get("class") == "bar"]
    assert len(bars) == 1
    assert bars[0].get("height") == "225.0"
    assert "stated 90.0%, right 75.0%, 8 samples" in str(reliability(bins))
