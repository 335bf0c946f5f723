"""Tables that are handed over in Python, from training to predictions."""

import numpy as np
import pyarrow as pa

import gnomon

SMALL = ("train.batch_size=32", "family.width=16", "family.members=2")


def houses(num, seed=0):
    draw = np.random.default_rng(seed)
    city, size = draw.choice(["Rome", "Oslo"], num), draw.normal(80, 20, num)
    return pa.table({"city": city, "size": size, "price": 3 * size + 50 * (city == "Rome")})


def test_a_table_is_trained_on_measured_and_asked_about(cache, tmp_path):
    run = gnomon.train(houses(200), target="price", budget="200steps", settings=SMALL, out=str(tmp_path / "run"))
    assert run.scores["test"]["r2"]["value"] > 0.5
    other = houses(50, seed=1)
    found = gnomon.evaluate(run, other)
    assert found["scores"]["test"]["r2"]["value"] > 0.5
    assert found["scores"]["test"]["r2"]["n"] == 50
    rows = run.predict(other.drop(["price"]))
    assert [row["file"] for row in rows[:2]] == ["table.parquet#1", "table.parquet#2"]
    assert np.corrcoef([row["value"] for row in rows], other["price"].to_numpy())[0, 1] > 0.7


def test_splits_can_be_handed_over_too(cache, tmp_path):
    parts = {"valid": houses(30, seed=1), "test": houses(40, seed=2)}
    run = gnomon.train(houses(100), target="price", budget="5steps", settings=SMALL, out=str(tmp_path / "run"), **parts)
    assert {name: scores["r2"]["n"] for name, scores in run.scores.items()} == {"valid": 30, "test": 40}
