"""Several networks that learn one after another, from a table to what they say together."""

import random

import pytest

import gnomon
from gnomon import assemble
from gnomon.core.errors import UsageError
from gnomon.core.run import RunFolder, read_json, read_lines

ROWS = 300


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    draw = random.Random(3)
    lines = ["size,shade,kind"]
    for _ in range(ROWS):
        size, shade = draw.gauss(0, 1), draw.gauss(0, 1)
        kind = ("low", "high")[size + shade + draw.gauss(0, 1) > 0]
        lines.append(f"{size:.4f},{shade:.4f},{kind}")
    path = tmp_path_factory.mktemp("data") / "stones.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNOMON_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def train(table, out, *settings, budget="6epochs", **more):
    sets = ["train.threads=1", "family.width=16", "family.members=2", *settings]
    return gnomon.train(str(table), target="kind", budget=budget, out=str(out), settings=sets, **more)


@pytest.fixture(scope="module")
def run(table, cache, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "three"
    train(table, out, "train.ensemble=3")
    return RunFolder(out)


def test_the_plan_shares_the_steps_and_looks_at_the_first_network(run):
    plan = next(read_lines(run.plan))
    assert plan["networks"] == 3
    assert plan["steps"] % 3 == 0
    assert plan["passes"] == pytest.approx(2, abs=0.1)
    assert plan["valid_too"]
    assert max(plan["eval_at"]) == pytest.approx(1 / 3, abs=1e-3)
    assert any("the score there is the first's alone" in line for line in plan["why"])


def test_the_rates_land_on_nought_and_rise_again(run):
    rates = [record["lr"] for record in read_lines(run.metrics) if record.get("split") == "train"]
    third = len(rates) // 3
    for turn in range(3):
        own = rates[turn * third : (turn + 1) * third]
        assert own[-1] < 0.25 * max(own)


def test_the_model_holds_all_of_them_and_measures_as_it_did(run):
    card = read_json(run.card)
    assert (card["networks"], card["valid_too"]) == (3, True)
    model = assemble.load_model(run.model)
    assert len(model.network.networks) == model.network.ready == 3
    again = gnomon.evaluate(str(run.path))
    assert again["scores"]["test"] == read_json(run.evaluation)["scores"]["test"]


def test_validation_samples_can_be_left_alone(table, cache, tmp_path):
    train(table, tmp_path / "run", "train.ensemble=2", "train.valid_too=false", budget="4epochs")
    plan = next(read_lines(RunFolder(tmp_path / "run").plan))
    assert (plan["networks"], plan["valid_too"]) == (2, False)
    assert max(plan["eval_at"]) == 1.0


def test_networks_that_cannot_answer_together_are_refused(cache, tmp_path):
    with pytest.raises(UsageError, match="do not answer together"):
        gnomon.train("digits", budget="2epochs", out=str(tmp_path / "run"), settings=["train.ensemble=2"])
