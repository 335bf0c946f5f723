"""What the pages tell people to type works: every fenced block is run, or says beside its fence why it is not."""

import importlib.util
import math
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import small_sounds

from gnomon.cli.shell.entry import gnomon

ROOT = Path(__file__).resolve().parents[2]
NAMED = [ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/tour.md")]
PAGES = [page for page in [*NAMED, *sorted(ROOT.glob("docs/how-to/*.md"))] if page.is_file()]

FENCE = re.compile(r"^```([a-z]+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NO_RUN = re.compile(r"no-run: \S+ \S+")
SETUP = {"git", "cd", "make", "pip", "python3", "source"}
"""Commands that prepare the place where the others run; the place is prepared already."""

EXPOSES = {"families": {"Config", "ACCEPTS", "build", "size_for"}}


@dataclass(frozen=True)
class Block:
    language: str
    info: str
    text: str
    name: str

    def commands(self):
        """Return the words of every command line, continued lines joined, comments left out."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def blocks(language):
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            if match[1] == language:
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(match[1], match[2].strip(), match[3], f"{page.name}:{line}"))
    return found


SHELL, PYTHON = blocks("sh"), blocks("python")


def named(found):
    return {"argvalues": found, "ids": [block.name for block in found]}


def environment(workspace):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "GNOMON_CACHE": str(workspace / "cache")}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Class folders ``photos/``, new pictures ``new/``, texts, a series and a finished run ``runs/RUN``, made once."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    workspace = tmp_path_factory.mktemp("prepared")
    digits = load_digits()
    for number, (grey, digit) in enumerate(zip(digits.images[:300], digits.target[:300], strict=True)):
        folder = workspace / "photos" / f"digit {digit}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((grey * 15.9).astype(np.uint8)).save(folder / f"{number}.png")
    (workspace / "new").mkdir()
    for number in (1, 2):
        Image.fromarray((digits.images[number] * 15.9).astype(np.uint8)).save(workspace / "new" / f"{number}.jpg")
    write_texts(workspace)
    write_sounds(workspace)
    words = ["train", "digits", "--budget", "100steps", "--out", "runs/RUN"]
    subprocess.run(["gnomon", *words], cwd=workspace, env=environment(workspace), check=True, capture_output=True)
    return workspace


def write_sounds(workspace):
    """Write class folders ``sounds/`` and ``recordings.zip``, whose names say label, speaker and number."""
    small_sounds.folder(workspace / "sounds", per_class=30, classes=("bell", "drum"))
    spoken = small_sounds.speakers(workspace / "spoken", per_speaker=10)
    with zipfile.ZipFile(workspace / "recordings.zip", "w") as archive:
        for path in sorted(spoken.iterdir()):
            archive.write(path, f"recordings/{path.name}")
    shutil.rmtree(spoken)


def write_texts(workspace):
    """Write ``reviews.csv``, ``book.txt``, ``sensors.csv``, ``phrases.txt``, ``houses.csv`` and ``customers.csv``."""
    draw = random.Random(0)
    good, bad = ("lovely", "warm", "brilliant"), ("dull", "cold", "tiresome")
    things = ("evening", "film", "story", "walk in the sun", "shadow play", "hour by the sundial")
    rows = ["text,label"]
    for n in range(240):
        words = [draw.choice((good, bad)[n % 2]) for _ in range(3)]
        rows.append(
            f"What a {words[0]} {draw.choice(things)} and how {words[1]} and {words[2]},{('good', 'bad')[n % 2]}"
        )
    (workspace / "reviews.csv").write_text("\n".join(rows) + "\n")
    lines = [f"The {draw.choice(things)} was {draw.choice(good + bad)}." for _ in range(1200)]
    (workspace / "book.txt").write_text("\n".join(lines))
    hours = ["time,load,wind"]
    for hour in range(1000):
        day = datetime(2026, 1, 1) + timedelta(hours=hour)
        season = math.sin(2 * math.pi * hour / 24)
        hours.append(f"{day},{10 + 3 * season + draw.gauss(0, 0.2):.3f},{5 - season + draw.gauss(0, 0.2):.3f}")
    (workspace / "sensors.csv").write_text("\n".join(hours) + "\n")
    phrases = []
    for n in range(240):
        whole, half = 4 * (n % 2), 1 + 2 * (n % 2)
        said = f"({half} ({half} {draw.choice((bad, good)[n % 2])}) (2 {draw.choice(things).split()[0]}))"
        phrases.append(f"({whole} (2 What) ({whole} (2 a) {said}))")
    (workspace / "phrases.txt").write_text("\n".join(phrases) + "\n")
    houses = ["street,sold,size,colour,price"]
    for _ in range(400):
        size, colour = draw.gauss(100, 30), draw.choice(("red", "blue", "NA"))
        price = 3 * size + 50 * (colour == "red") + draw.gauss(0, 10)
        sold = datetime(2025, 1, 1) + timedelta(days=draw.randrange(200))
        houses.append(f"street {draw.randrange(60)},{sold:%Y-%m-%d},{size:.1f},{colour},{price:.2f}")
    (workspace / "houses.csv").write_text("\n".join(houses) + "\n")
    customers = ["age,city,spent,since,churned"]
    for _ in range(400):
        age, city = draw.randrange(18, 90), draw.choice(("Bonn", "Kyoto", "Lima", ""))
        spent = 0.0 if draw.random() < 0.3 else draw.gauss(20 + age, 5)
        since = datetime(2024, 1, 1) + timedelta(days=draw.randrange(500))
        churned = "yes" if spent < 40 and draw.random() < 0.8 else "no"
        customers.append(f"{age},{city},{spent:.2f},{since:%Y-%m-%d},{churned}")
    (workspace / "customers.csv").write_text("\n".join(customers) + "\n")


@pytest.fixture
def workspace(prepared, tmp_path):
    """Give every page a fresh copy of the prepared folder."""
    copy = tmp_path / "here"
    shutil.copytree(prepared, copy)
    return copy


def test_there_are_blocks_to_test():
    assert len(SHELL) >= 5
    assert len(PYTHON) >= 2


def test_every_block_has_a_language_that_is_tested_or_none():
    for page in PAGES:
        languages = set(re.findall(r"^```([^\s`]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert languages <= {"sh", "python", "text", "json"}, page.name


@pytest.mark.parametrize("block", **named(SHELL))
def test_a_block_that_is_not_run_says_why(block):
    assert not block.info or NO_RUN.match(block.info), f"{block.info!r}"


@pytest.mark.parametrize("block", **named(SHELL))
def test_every_verb_flag_and_target_in_a_command_exists(block):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    above = gnomon.make_context("gnomon", [])
    for words in block.commands():
        if words[0] == "make":
            assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in words[1:]), words
        if words[0] == "gnomon" and len(words) > 1 and not words[1].startswith("-"):
            verb = gnomon.get_command(above, words[1])
            assert verb is not None, words
            verb.make_context(words[1], [word for word in words[2:] if word not in {"-h", "--help"}], parent=above)


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({block.name.partition(":")[0] for block in SHELL}))
def test_commands_work_in_the_order_in_which_the_page_gives_them(page, workspace):
    for block in SHELL:
        if block.name.partition(":")[0] != page or block.info:
            continue
        lines = [line for line in block.text.splitlines() if line.split()[:1] and line.split()[0] not in SETUP]
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=workspace,
            env=environment(workspace),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{block.name}\n{block.text}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("block", **named([block for block in PYTHON if not block.info]))
def test_python_runs(block, workspace):
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=workspace,
        env=environment(workspace),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{block.name}\n{done.stderr}"


@pytest.mark.parametrize("block", **named([block for block in PYTHON if block.info.startswith("file=")]))
def test_a_file_that_a_page_shows_is_a_whole_plugin(block, tmp_path):
    shown = Path(block.info.removeprefix("file="))
    path = tmp_path / shown.name
    path.write_text(block.text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"shown_{shown.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
        assert EXPOSES[shown.parent.name] <= set(vars(module))
        check_family(module)
    finally:
        del sys.modules[spec.name]


def check_family(module):
    """A shown family learns: from the defaults, on eight pictures of two classes."""
    import torch

    from gnomon.core.spec import Image, Label, Spec
    from gnomon.core.training import Allowance, Proposal, Speed

    spec = Spec(input=Image(height_px=4, width_px=4, channels=1), target=Label(classes=("cat", "dog")))
    allowance = Allowance(train_s=1.0, samples=None, flop=None, num_train=8)
    proposal = module.size_for(allowance, spec, Speed(flop_per_s=1e9, device="cpu", memory_bytes=1 << 30))
    assert isinstance(proposal, Proposal)
    torch.manual_seed(0)
    network = module.build(proposal.config, spec)
    pixels, targets = torch.randint(0, 256, (8, 4, 4, 1), dtype=torch.uint8), torch.arange(8) % 2
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    for _ in range(100):
        loss = torch.nn.functional.cross_entropy(network(pixels).value, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
