"""Trees from a path to answers: every form that is read, what is broken in it, and other families."""

import json
import random

import pytest
import torch

from gnomon import api
from gnomon.core.errors import DataError, UsageError

GOOD, BAD = ("good", "lovely", "warm"), ("bad", "dull", "cold")
SMALL = ("train.batch_size=8", "family.width=16", "family.hidden=16", "family.embedding=16", "family.ngram_rows=256")
STEPS = "60steps"


def sentiment(folder, num=160):
    draw = random.Random(0)
    lines = []
    for n in range(num):
        word, label = draw.choice((BAD, GOOD)[n % 2]), 1 + 2 * (n % 2)
        lines.append(f"({label} (2 the) ({label} ({label} {word}) (2 {draw.choice(('film', 'story'))})))")
    (folder / "phrases.txt").write_text("\n".join(lines))
    return folder / "phrases.txt"


def expressions(folder, num=160):
    draw = random.Random(1)
    rows = ["label\texpression"]
    for n in range(num):
        a, b, kind = draw.randint(0, 9), draw.randint(0, 9), ("MAX", "MIN")[n % 2]
        rows.append(f"{'high' if kind == 'MAX' else 'low'}\t[SM [{kind} {a} {b} ] {a} ]")
    (folder / "sums.tsv").write_text("\n".join(rows))
    return folder / "sums.tsv"


def code(folder, num=24):
    for n in range(2 * num):
        path = folder / "code" / ("loops", "tests")[n % 2] / f"{n}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"for i in range({n}):\n    print(i)\n" if n % 2 == 0 else f"assert f({n}) == {n}\n")
    return folder / "code"


def reviews(folder, num=160):
    draw = random.Random(2)
    rows = ["text,label"]
    rows += [
        f"What a {draw.choice((BAD, GOOD)[n % 2])} film it is on day {n},{'good' if n % 2 else 'bad'}"
        for n in range(num)
    ]
    (folder / "reviews.csv").write_text("\n".join(rows))
    return folder / "reviews.csv"


def train(data, out, *, settings=SMALL, **options):
    return api.train(str(data), budget=STEPS, out=str(out), settings=settings, **options)


def test_every_node_of_a_bracketed_tree_is_labelled(tmp_path, cache):
    data = sentiment(tmp_path)
    run = train(data, tmp_path / "run")
    scores = run.scores["test"]
    assert scores["root_accuracy"]["value"] > 0.9
    assert scores["node_accuracy"]["value"] > 0.9
    new = tmp_path / "new.txt"
    new.write_text("(0 (0 a) (0 (0 lovely) (0 film)))\n(0 (0 a)\n")
    rows = run.predict([str(new)])
    assert rows[0]["label"] == "3"
    assert len(rows[0]["labels"]) == 5
    assert rows[1]["file"] == "new.txt:2:1"
    assert "never closed" in rows[1]["error"]
    page = run.report().read_text()
    assert 'class="tree"' in page
    assert "is not complete" not in page
    assert api.evaluate(run, str(data))["scores"]["test"]["root_accuracy"]["value"] > 0.9


def test_other_trees_are_measured_with_the_settings_with_which_the_first_were_read(tmp_path, cache):
    data = sentiment(tmp_path)
    run = train(data, tmp_path / "run", settings=(*SMALL, "reader.classes=binary"))
    assert run.scores["test"]["root_accuracy"]["value"] > 0.9
    new = tmp_path / "new.txt"
    new.write_text("(4 (2 the) (4 (4 lovely) (2 film)))\n(0 (2 the) (0 (0 cold) (2 story)))\n(2 (2 the) (2 film))\n")
    found = api.evaluate(run, str(new))
    assert (found["scores"]["test"]["root_accuracy"]["value"], found["scores"]["test"]["root_accuracy"]["n"]) == (
        1.0,
        2,
    )
    assert found["baseline"]["name"] == "most frequent label"
    assert found["baseline"]["scores"]["root_accuracy"]["value"] == 0.5


@pytest.mark.parametrize(("make", "family"), [(expressions, "auto"), (code, "auto"), (reviews, "tree")])
def test_other_forms_become_classifiers(make, family, tmp_path, cache):
    data = make(tmp_path)
    run = train(data, tmp_path / "run", family=family)
    assert run.plan["family"] == "tree"
    assert run.scores["test"]["accuracy"]["value"] > 0.7
    assert run.report().exists()
    files = [str(data)] if data.is_file() else [str(next(data.rglob("*.py")))]
    assert all(not row["error"] and row["label"] for row in run.predict(files))


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["nary", "childsum", "bidirectional", "plain", "tensor"])
def test_every_cell_learns(cell, tmp_path, cache):
    data = sentiment(tmp_path)
    run = train(data, tmp_path / "run", settings=(*SMALL, f"family.cell={cell}"))
    assert run.scores["test"]["root_accuracy"]["value"] > 0.9
    assert all(row["label"] in ("1", "3") for row in run.predict([str(data)]))


def test_a_number_is_foretold_at_the_root(tmp_path, cache):
    draw = random.Random(3)
    some = [[draw.randint(0, 9) for _ in range(draw.randint(2, 4))] for _ in range(200)]
    rows = [{"tree": {"value": "+", "children": one}, "label": sum(one) / 2} for one in some]
    data = tmp_path / "sums.jsonl"
    data.write_text("\n".join(map(json.dumps, [*rows, {"tree": 7, "label": 3.5}])))
    run = train(data, tmp_path / "run")
    assert run.plan["task"] == "regress"
    assert run.scores["test"]["r2"]["value"] > 0.2
    new = tmp_path / "new.jsonl"
    new.write_text('{"tree": {"value": "+", "children": [9, 9, 9]}}\n{"tree": {"value": "+", "children": [0, 1]}}\n')
    high, low = run.predict([str(new)])
    assert high["value"] > low["value"]
    assert "is not complete" not in run.report().read_text()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_trains(tmp_path, cache):
    run = train(sentiment(tmp_path), tmp_path / "run", settings=(*SMALL, "train.device=cuda"))
    assert run.scores["test"]["root_accuracy"]["value"] > 0.9


def test_trees_are_read_flat_by_families_that_take_texts(tmp_path, cache):
    run = train(expressions(tmp_path), tmp_path / "run", family="rnn", settings=("family.width=16",))
    assert run.plan["family"] == "rnn"
    assert json.loads(run.folder.preparation.read_text())["kind"] == "Text"
    assert "is not complete" not in run.report().read_text()
    with pytest.raises(UsageError, match="the nodes of these have labels"):
        train(sentiment(tmp_path), tmp_path / "other", family="rnn")


def test_broken_trees_are_refused_and_skipped(tmp_path, cache):
    data = sentiment(tmp_path)
    data.write_text(data.read_text() + "\n(3 (2 so)\n" * 4)
    with pytest.raises(DataError, match=r"4 of 164 trees cannot be used .*\n.*phrases.txt:161:1") as caught:
        train(data, tmp_path / "run")
    assert caught.value.exit_code == 3
    run = train(data, tmp_path / "run", max_bad=0.1)
    assert len(run.folder.skipped.read_text().splitlines()) == 4
