import json
import re

import numpy as np
from markupsafe import Markup

from gnomon.outputs.forecastcharts import forecast, small_lines, step, strip

WINDOW = {
    "id": "Monday", "channel": "load", "times": ["sun 22", "sun 23", "mon 0", "mon 1"], "past": [1.0, 2.0],
    "truth": [3.0, 4.0], "forecast": [2.5, 3.5], "low": [2.0, 2.5], "high": [3.0, 9.0], "seasonal": [1.0, 2.0],
}  # fmt: skip


def reading(svg):
    return json.loads(Markup(re.search(r'data-plot="([^"]*)"', svg)[1]).unescape())


def test_a_forecast_has_its_band_the_truth_and_the_seasonal_line():
    svg, lines = forecast(WINDOW)
    assert [(line.label, line.role) for line in lines] == [
        ("last season", "rival"), ("truth", "truth"), ("forecast", "main"),
    ]  # fmt: skip
    assert lines[1].xs == [-1, 0, 1, 2]
    assert 'class="between"' in svg
    assert reading(svg)["at"][1] == WINDOW["times"]
    assert "the forecast begins" in svg


def test_the_band_is_inside_the_drawing():
    svg, _ = forecast(WINDOW)
    points = re.search(r'class="between" d="M([^Z]*)Z', svg)[1]
    assert all(22 <= float(point.split()[1]) <= 186 for point in points.split("L"))


def test_without_times_the_cursor_tells_steps():
    svg, lines = forecast(WINDOW | {"past": [0.0] * 500, "times": []})
    assert (lines[1].xs[0], lines[1].xs[-1]) == (-499, 2)
    assert reading(svg)["at"][1][0] == "−499"


def test_without_quantiles_there_is_no_band():
    assert "between" not in forecast(WINDOW | {"low": [], "high": []})[0]


def test_distances_are_steps():
    assert [step(x) for x in (-1200.0, 0.0, 24.0)] == ["−1,200", "now", "+24"]


def test_a_strip_shows_every_extreme_and_skips_gaps():
    values = np.zeros(10_000)
    values[[17, 9_000]] = (5.0, -5.0)
    values[200:5_000] = np.nan
    svg = strip(values, [0.6, 0.8, 1.0])
    assert svg.count("<rect") == 3
    heights = [float(point.split()[1]) for point in re.search(r'd="M([^Z]*)Z', svg)[1].split("L")]
    assert (min(heights), max(heights)) == (4.0, 42.0)
    assert "nan" not in svg


def test_a_series_without_any_number_draws_nothing():
    assert 'd=""' in strip(np.full(9, np.nan), [1.0])
    assert 'd=""' in small_lines([np.full(9, np.nan)], 0.0, 1.0, label="empty")


def test_small_lines_share_one_scale():
    svg = small_lines([np.array([0.0, 1.0]), np.array([0.5, 0.5])], 0.0, 1.0, label="two <lines>")
    assert re.findall(r'd="([^"]*)"', svg) == ["M0 60L150 4", "M0 32L150 32"]
    assert "two &lt;lines&gt;" in svg
