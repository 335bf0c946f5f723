import xml.etree.ElementTree as ET

from gnomon.outputs.bars import Estimate, Piece, histogram, intervals, time_bar
from gnomon.outputs.wording import number

MODEL = Estimate(name="this <model>", value=0.5, low=0.25, high=0.75, main=True)


def test_intervals_stand_at_their_percentages():
    svg = intervals([MODEL], form=number, tick_form=number, low=0.0, high=1.0, title="Accuracy")
    tree = ET.fromstring(str(svg))
    span = next(element for element in tree.iter("rect"))
    assert (span.get("x"), span.get("width")) == ("25.0%", "50.0%")
    assert tree.find(".//line[@class='point']").get("x1") == "50.0%"
    assert tree.get("aria-label") == "Accuracy: this <model> 0.5 (0.25 to 0.75)"
    assert [text.text for text in tree.iter("text")][:5] == ["0", "0.25", "0.5", "0.75", "1"]


def test_values_off_the_axis_stay_on_it():
    row = Estimate(name="a", value=3.0, low=2.0, high=4.0)
    tree = ET.fromstring(str(intervals([row], form=number, tick_form=number, low=0.0, high=1.0, title="t")))
    assert tree.find(".//line[@class='point']").get("x1") == "100.0%"


def test_time_bar_lays_pieces_end_to_end():
    pieces = [Piece(name="start-up", seconds=5, role="start-up"), Piece(name="training", seconds=15, role="training")]
    tree = ET.fromstring(str(time_bar(pieces, full_s=40, budget_s=30, title="Used")))
    assert [(r.get("x"), r.get("width")) for r in tree.iter("rect")] == [("0.000%", "12.500%"), ("12.500%", "37.500%")]
    assert tree.find("line").get("x1") == "75.000%"
    assert ET.fromstring(str(time_bar(pieces, full_s=40, budget_s=None, title="Used"))).find("line") is None


def test_a_histogram_has_a_bar_for_each_size_that_occurs():
    tree = ET.fromstring(str(histogram([4, 0, 1], [10, 20, 30, 40], unit="words", title="Length")))
    bars = list(tree.iter("rect"))
    assert [(bar.get("x"), bar.get("width")) for bar in bars] == [("0.0%", "33.333%"), ("66.667%", "33.333%")]
    assert float(bars[0].get("height")) == 4 * float(bars[1].get("height"))
    assert bars[1].find("title").text == "30 to 40 words: 1"
    few = ET.fromstring(str(histogram([4, 1], [7, 8, 9], unit="nodes", title="Size")))
    assert [text.text for text in few.iter("text")] == ["7", "8", "9"]
