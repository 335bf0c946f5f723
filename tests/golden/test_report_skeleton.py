"""The report's skeleton: chapters, headings, table heads and drawings, without any number."""

import os
from html.parser import HTMLParser
from pathlib import Path

from fake_run import FakeRun

from gnomon.outputs.report import write_report

GOLDEN = Path(__file__).with_name("report_skeleton.txt")
SHOWN = {"h1", "h2", "h3", "th", "label", "summary", "button"}


class Skeleton(HTMLParser):
    """Writes one line for each landmark, with its text where it has one, and counts its repetitions away."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.words: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "section" or tag in ("header", "nav", "main", "footer"):
            self.add(f"{tag} {found.get('id', found.get('aria-label', ''))}".strip())
        if tag in ("table", "svg", "figure", "dl", "ol", "ul", "input", "pre"):
            self.add(f"    {tag}.{found.get('class', '')}".rstrip("."))
        if tag in SHOWN:
            self.words = []

    def handle_data(self, data):
        if self.words is not None:
            self.words.append(data)

    def handle_endtag(self, tag):
        if tag in SHOWN and self.words is not None:
            text = " ".join("".join(self.words).split())
            self.words = None
            if not any(character.isdigit() for character in text.replace("F1", "")):
                self.add(f"  {tag}: {text}")

    def add(self, line: str) -> None:
        if not self.lines or self.lines[-1] != line:
            self.lines.append(line)


def test_the_skeleton_of_the_report_is_as_reviewed(tmp_path):
    fake = FakeRun(tmp_path)
    text = write_report(fake.run, examples=fake.examples).read_text(encoding="utf-8")
    skeleton = "\n".join(Skeleton(text).lines) + "\n"
    if os.environ.get("GNOMON_GOLDEN") == "rewrite":
        GOLDEN.write_text(skeleton, encoding="utf-8")
    assert skeleton == GOLDEN.read_text(encoding="utf-8"), "run `make golden` and review the difference"
