import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from fake_run import FakeRun
from fake_sequence_runs import FakeCurves, FakeForecast, FakeTags, FakeTexts, FakeWriter, book, questions

from gnomon.core.errors import ArtefactError, DataError
from gnomon.core.run import RunFolder
from gnomon.outputs.report import write_report

HOSTILE = "<script>alert(1)</script>"
SECTIONS = ["plan", "data", "curves", "scores", "classes", "confusion", "calibration", "errors", "health", "settings",
            "environment", "use"]  # fmt: skip
VOID = {"meta", "link", "br", "input", "img", "line", "rect", "circle", "path"}


STRANGE = '{"scores": {"test": {"accuracy": 3}}, "spec": [], "splits": 7, "details": {"test": {"worst": [{}]}}}'


class Outline(HTMLParser):
    """Collects sections, scripts and addresses, and checks that every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sections, self.addresses, self.scripts = [], [], [], 0
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.scripts += tag == "script"
        self.addresses += [found[name] for name in ("src", "href", "action", "srcset") if name in found]
        if tag == "section" and "id" in found:
            self.sections.append(found["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def written(fake, **changes):
    path = write_report(fake.run, examples=changes.get("examples", fake.examples))
    assert path == fake.run.report
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "options",
    [{}, {"classes": ["cat", HOSTILE]}, {"classes": [f"class {k}" for k in range(100)]}, {"test": False},
     {"finished": False}, {"name": "long" * 40, "ids": ("deep/" * 60 + "{}.jpeg").format}],
)  # fmt: skip
def test_every_kind_of_run_gives_a_whole_page(tmp_path, options):
    text = written(FakeRun(tmp_path, **options))
    outline = Outline(text)
    assert outline.sections == SECTIONS
    assert outline.scripts == 1
    assert len(text) < 1_500_000
    assert HOSTILE not in text


SEQUENCES = [FakeTexts, FakeTags, FakeWriter, FakeForecast, FakeCurves]


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("kind", SEQUENCES)
def test_every_kind_of_data_gives_a_whole_page_without_gaps(tmp_path, kind, finished):
    fake = kind(tmp_path, finished=finished)
    text = written(fake)
    outline = Outline(text)
    assert outline.scripts == 1
    assert outline.sections[:2] == ["plan", "data"]
    assert outline.sections[-1] == "use"
    gaps = re.findall(r'<p class="gap">(.*?)</p>', text, re.DOTALL)
    assert bool(gaps) is not finished
    assert len(text) < 400_000


@pytest.mark.parametrize("kind", SEQUENCES)
def test_without_the_data_every_kind_says_so(tmp_path, kind):
    fake = kind(tmp_path)
    text = written(fake, examples=None)
    assert "The data is no longer where it was, so no " in text
    assert "pictures" not in re.search(r"The data is no longer where it was[^<]*", text)[0]


@pytest.mark.parametrize("kind", SEQUENCES)
@pytest.mark.parametrize("name", ["plan.jsonl", "data.json", "metrics.jsonl", "evaluation.json"])
def test_broken_files_of_every_kind_leave_a_whole_page(tmp_path, kind, name):
    fake = kind(tmp_path)
    for content in ("", STRANGE, '{"details": {"test": {"drawn": [1], "by_step": 3, "along": [{}], "worst": [7]}}}'):
        (fake.run.path / name).write_text(content)
        assert Outline(written(fake)).sections[-1] == "use"


def test_texts_cannot_break_out(tmp_path):
    data = questions(classes=("cat", HOSTILE), odd=f"</blockquote>{HOSTILE}\u202e")
    text = written(FakeTexts(tmp_path, data))
    assert Outline(text).scripts == 1
    assert HOSTILE not in text
    hostile = f"</pre>{HOSTILE}\n" * 200
    text = written(FakeWriter(tmp_path, book(hostile)))
    assert Outline(text).scripts == 1
    assert HOSTILE not in text


def test_the_page_asks_nobody_for_anything(tmp_path):
    text = written(FakeRun(tmp_path))
    assert all(address.startswith(("#", "data:")) for address in Outline(text).addresses)
    assert not re.search(r"https?://(?!www\.w3\.org/)|@import|@font-face", text)
    assert all(found.startswith("data:image/png;base64,") for found in re.findall(r"url\(([^)]*)\)", text))


def test_the_policy_allows_this_very_script_only(tmp_path):
    text = written(FakeRun(tmp_path))
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text


def test_hostile_names_are_text_everywhere(tmp_path):
    fake = FakeRun(
        tmp_path, classes=[HOSTILE, '"><img src=x onerror=alert(1)>'], ids=("'\"><svg onload=alert(1)>{}").format
    )
    settings = fake.run.config.read_text().replace('path = "digits"', "path = '</style><script>alert(2)</script>'")
    fake.run.config.write_text(settings)
    text = written(fake)
    assert Outline(text).scripts == 1
    assert not re.search(r"<(img|svg onload)", text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_names_that_are_no_unicode_can_be_written(tmp_path):
    fake = FakeRun(tmp_path, ids="caf\udce9/{}.png".format)
    assert "caf\\udce9/" in written(fake)


def test_pictures_are_shown_by_class(tmp_path):
    fake = FakeRun(tmp_path)
    asked = []

    def pictures(split, indices):
        asked.append((split, list(indices)))
        return fake.pictures(split, indices)

    text = written(fake, examples=replace(fake.examples, samples=pictures))
    (train, grid), (test, worst) = asked
    assert (train, test, len(grid), len(worst)) == ("train", "test", 80, 34)
    assert np.array_equal(fake.labels("train")[grid], np.repeat(np.arange(10), 8))
    assert text.count('class="px"') == 80 + 34


def test_without_labels_the_grid_is_unsorted(tmp_path):
    fake = FakeRun(tmp_path)
    text = written(fake, examples=replace(fake.examples, labels=lambda split: None))
    assert text.count('aria-label="training sample"') == 64


def test_pictures_that_are_gone_are_stated(tmp_path):
    def gone(split, indices):
        raise DataError("the folder is not there", fix="bring it back")

    fake = FakeRun(tmp_path)
    text = written(fake, examples=replace(fake.examples, samples=gone))
    assert text.count("The data is no longer where it was, so no pictures are shown. (the folder is not there)") == 2
    assert 'class="px"' not in text
    text = written(FakeRun(tmp_path / "b"), examples=None)
    assert text.count("The data is no longer where it was, so no pictures are shown.") == 2


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("plan.jsonl", "plan"),
        ("data.json", "data"),
        ("metrics.jsonl", "curves"),
        ("evaluation.json", "scores"),
        ("env.json", "environment"),
    ],
)
@pytest.mark.parametrize("content", [None, "", '{"a": ', "[]", STRANGE])
def test_missing_and_broken_files_are_named_in_their_section(tmp_path, name, section, content):
    fake = FakeRun(tmp_path)
    path = fake.run.path / name
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    text = written(fake)
    outline = Outline(text)
    assert outline.sections == SECTIONS
    body = text.partition(f'id="{section}"')[2].partition("</section>")[0]
    if name != "env.json" or content is None or not content.startswith('{"scores'):
        assert f'<p class="gap">{name}' in body


def test_a_torn_run_of_every_length_gives_a_page(tmp_path):
    fake = FakeRun(tmp_path)
    evaluation = json.loads(fake.run.evaluation.read_text())
    for key in evaluation:
        fake.run.evaluation.write_text(json.dumps({name: value for name, value in evaluation.items() if name != key}))
        assert Outline(written(fake)).sections == SECTIONS


def test_no_run_folder_is_an_error(tmp_path):
    with pytest.raises(ArtefactError, match=r"run\.toml"):
        write_report(RunFolder(tmp_path), examples=None)


def test_the_report_does_not_wait_for_torch():
    code = "import sys, gnomon.outputs.report; print(sorted({'torch', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
