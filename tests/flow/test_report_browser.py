"""The report in a real Chromium: nothing is asked of the network, nothing overflows, everything that moves works."""

from __future__ import annotations

import pytest
from browser import Browser, chromium
from fake_generative_runs import DIGITS, FakeDreams
from fake_run import FakeRun
from fake_sequence_runs import FakeCurves, FakeForecast, FakeTags, FakeTexts, FakeWriter, questions, tagged

from gnomon.core.spec import Density, Normality
from gnomon.outputs.report import write_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium is installed"),
]

HOSTILE = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(chromium(), tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    kinds = {
        "plain": {},
        "hostile": {"classes": ["cat", HOSTILE]},
        "hundred": {"classes": [f"class number {k}" for k in range(100)]},
        "long": {"name": "long" * 40, "classes": [f"a class with quite a long name, {k}" for k in range(10)],
                 "ids": ("/deep" * 60 + "/{}.jpeg").format},
        "unfinished": {"finished": False},
    }  # fmt: skip
    found = {}
    for kind, options in kinds.items():
        fake = FakeRun(folder / kind, **options)
        found[kind] = write_report(fake.run, examples=fake.examples)
    wide = questions(classes=[f"a class with quite a long name, number {k}" for k in range(24)], odd="x" * 300)
    long_words = ["w" * 90, "longish", *(f"word{k}" for k in range(7))]
    made = {
        "texts": (FakeTexts, None), "long texts": (FakeTexts, wide), "tags": (FakeTags, None),
        "long tags": (FakeTags, tagged(long_words)), "writer": (FakeWriter, None), "forecast": (FakeForecast, None),
        "curves": (FakeCurves, None),
    }  # fmt: skip
    for kind, (build, data) in made.items():
        fake = build(folder / kind, data)
        found[kind] = write_report(fake.run, examples=fake.examples)
    dreams = {
        "dreams": {},
        "anomalies": {"target": Normality(classes=DIGITS, normal=DIGITS[:1])},
        "unlabelled": {"target": Density(), "names": ()},
        "long dreams": {"names": tuple(f"{HOSTILE} a class with quite a long name, {k}" for k in range(10))},
        "unfinished dreams": {"finished": False},
    }
    for kind, options in dreams.items():
        fake = FakeDreams(folder / kind, **options)
        found[kind] = write_report(fake.run, examples=fake.examples)
    return found


DREAMS = ["dreams", "anomalies", "unlabelled", "long dreams", "unfinished dreams"]
SEQUENCES = ["texts", "tags", "writer", "forecast", "curves"]


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(
    "kind", ["plain", "hostile", "hundred", "long", "unfinished", "long texts", "long tags", *SEQUENCES, *DREAMS]
)
def test_no_request_no_complaint_no_sideways_scrolling(browser, pages, kind, width):
    browser.requests.clear()
    browser.complaints.clear()
    browser.open(pages[kind], width=width, mobile=width < 600)
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.complaints == []
    asked = [url for url in browser.requests if not url.startswith("data:")]
    assert asked == [pages[kind].resolve().as_uri()]
    assert "taken" not in browser.run("document.title")


def test_light_and_dark_follow_the_system_and_the_button(browser, pages):
    ground = "getComputedStyle(document.body).backgroundColor"
    browser.open(pages["plain"], width=1440, dark=True)
    browser.run("localStorage.clear()")
    browser.open(pages["plain"], width=1440, dark=True)
    dark = browser.run(ground)
    browser.open(pages["plain"], width=1440)
    light = browser.run(ground)
    assert (dark, light) == ("rgb(18, 18, 16)", "rgb(251, 250, 248)")
    browser.run("document.querySelector('[data-theme-toggle]').click()")
    assert browser.run(ground) == dark
    browser.run("document.querySelector('[data-theme-toggle]').click()")
    assert browser.run(ground) == light
    browser.run("localStorage.clear()")


def test_pointing_at_a_curve_reads_all_curves(browser, pages):
    browser.open(pages["plain"], width=1440)
    shown = "[...document.querySelectorAll('.charts-0 .chart-head li b')].map(b => b.textContent)"
    resting = browser.run(shown)
    browser.run("document.getElementById('curves').scrollIntoView({behavior: 'instant'})")
    box = browser.run(
        "(b => [b.left + b.width / 4, b.top + 60])(document.querySelector('.plot').getBoundingClientRect())"
    )
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    read = browser.run(shown)
    assert len(read) == len(resting) >= 5
    assert all(now != before for now, before in zip(read, resting, strict=True))
    assert browser.run("document.querySelector('.charts-0 .at').textContent").startswith("at ")
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=2, y=2)
    assert browser.run(shown) == resting


def test_the_keyboard_reads_a_curve_too(browser, pages):
    browser.open(pages["plain"], width=1440)
    browser.run("document.querySelector('.plot').focus()")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowLeft", code="ArrowLeft")
    assert browser.run("document.querySelector('.plot').classList.contains('reading')")


def test_curves_change_between_time_and_steps(browser, pages):
    browser.open(pages["plain"], width=1440)
    shown = "[0, 1].map(k => getComputedStyle(document.querySelector('.charts-' + k)).display)"
    assert browser.run(shown) == ["grid", "none"]
    browser.run("document.querySelector('label[for=axis-1]').click()")
    assert browser.run(shown) == ["none", "grid"]


def test_settings_are_filtered_by_words_and_by_who_chose(browser, pages):
    browser.open(pages["plain"], width=1440)
    rows = (
        "[...document.querySelectorAll('#settings-table tr[data-key]')].filter(r => !r.hidden).map(r => r.dataset.key)"
    )
    assert len(browser.run(rows)) == 19
    browser.run(
        "(i => { i.value = 'lr'; i.dispatchEvent(new Event('input')); })(document.querySelector('.filter input'))"
    )
    assert browser.run(rows) == ["train.lr"]
    browser.run(
        "(i => { i.value = ''; i.dispatchEvent(new Event('input')); })(document.querySelector('.filter input'))"
    )
    browser.run("document.querySelector('.filter [data-who=user]').click()")
    assert browser.run(rows) == ["run.budget", "data.path", "data.split"]


def test_tables_are_sorted_by_a_click(browser, pages):
    browser.open(pages["plain"], width=1440)
    first = "document.querySelector('#classes tbody tr th').textContent"
    assert browser.run(first) == "1"
    browser.run("document.querySelectorAll('#classes thead button')[1].click()")
    assert browser.run(first) == "0"
    assert browser.run("document.querySelectorAll('#classes thead th')[1].ariaSort") == "descending"


def test_small_pictures_stay_sharp_and_all_errors_can_be_shown(browser, pages):
    browser.open(pages["plain"], width=1440)
    assert browser.run("getComputedStyle(document.querySelector('#worst .px')).imageRendering") == "pixelated"
    shown = "[...document.querySelectorAll('#worst figure')].filter(f => f.offsetParent).length"
    assert browser.run(shown) == 30
    browser.run("document.querySelector('.more-label').click()")
    assert browser.run(shown) == 34


def test_a_forecast_is_read_by_itself(browser, pages):
    browser.open(pages["forecast"], width=1440)
    browser.run("document.querySelector('#forecasts .plot').focus()")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowLeft", code="ArrowLeft")
    heads = "[...document.querySelectorAll('#forecasts .chart-head')]"
    assert browser.run(f"{heads}.map(h => h.classList.contains('reading'))") == [True, False, False]
    assert all(browser.run(f"[...{heads}[0].querySelectorAll('li b')].map(b => b.textContent)"))
    assert browser.run(f"{heads}[0].querySelector('.at').textContent").startswith("at 2026-")


@pytest.mark.parametrize(("kind", "num"), [("texts", 12), ("tags", 8)])
def test_more_mistakes_are_shown_on_demand(browser, pages, kind, num):
    browser.open(pages[kind], width=390, mobile=True)
    shown = "[...document.querySelectorAll('#worst article')].filter(a => a.offsetParent).length"
    first = browser.run(shown)
    assert first == min(num, browser.run("document.querySelectorAll('#worst article').length"))
    if browser.run("Boolean(document.querySelector('.more-label'))"):
        browser.run("document.querySelector('.more-label').click()")
        assert browser.run(shown) == browser.run("document.querySelectorAll('#worst article').length") > first


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", ["plain", *SEQUENCES])
def test_text_has_contrast(browser, pages, kind, dark):
    """Every text stands at 4.5 : 1 or more against what is behind it (WCAG 2.2, success criterion 1.4.3)."""
    browser.open(pages[kind], width=1440, dark=dark)
    assert browser.run(CONTRAST) == []


CONTRAST = """
(() => {
  const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const bytes = (color, below) => {
    pen.fillStyle = `rgb(${below.join(' ')})`; pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const chain = []; for (let e = element; e; e = e.parentElement) chain.push(getComputedStyle(e).backgroundColor);
    return chain.reverse().reduce((below, color) => bytes(color, below), [255, 255, 255]);
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    const unseen = element.closest('script, style, title, .hidden-words, .zero') || !element.getClientRects().length;
    if (!node.textContent.trim() || unseen) continue;
    const below = behind(element);
    const style = getComputedStyle(element);
    const ink = bytes(element.closest('svg') ? style.fill : style.color, below);
    const [a, b] = [light(ink), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) weak.push([element.outerHTML.slice(0, 60), ratio.toFixed(2)]);
  }
  return weak;
})()
"""


def test_drawn_pictures_stand_in_rows_and_stay_sharp(browser, pages):
    browser.open(pages["dreams"], width=1440)
    rows = "[...document.querySelectorAll('#samples-drawn .row')].map(r => new Set([...r.children].map("
    assert browser.run(f"{rows}p => p.getBoundingClientRect().top)).size)") == [1] * 10
    assert browser.run("getComputedStyle(document.querySelector('#samples-drawn .px')).imageRendering") == "pixelated"
    width, height = browser.run(
        "(b => [b.width, b.height])(document.querySelector('#samples-drawn .px').getBoundingClientRect())"
    )
    assert width == pytest.approx(height, abs=0.5) and width > 40


def test_the_map_has_a_point_for_each_picture_and_a_name_for_each_class(browser, pages):
    browser.open(pages["dreams"], width=1440)
    assert browser.run("document.querySelectorAll('.map circle').length") == 247
    assert browser.run("[...document.querySelectorAll('.map text')].map(t => t.textContent).join('')") == "0123456789"
    browser.open(pages["unlabelled"], width=1440)
    assert browser.run("document.querySelectorAll('.map text, .legend li').length") == 0


def test_what_is_strange_comes_before_what_is_drawn_where_anomalies_are_looked_for(browser, pages):
    order = "[...document.querySelectorAll('main > section')].map(s => s.id)"
    browser.open(pages["anomalies"], width=1440)
    assert browser.run(order)[2:7] == ["curves", "scores", "strange", "drawn", "rebuilt"]
    browser.open(pages["dreams"], width=1440)
    assert browser.run(order)[2:8] == ["curves", "scores", "drawn", "rebuilt", "latents", "strange"]
