import json

import numpy as np
import pytest
import torch

from gnomon import assemble
from gnomon.core.errors import ArtefactError, UsageError
from gnomon.core.spec import Dataset, Image, Label, Sequence, Series, Spec, Split
from gnomon.core.training import Allowance, Speed, TrainConfig
from gnomon.data import forecasts, opening
from gnomon.data.preparing import Prepared
from gnomon.data.ragged import Ragged
from gnomon.data.windows import Windows

SPEED = Speed(flop_per_s=1e10, device="cpu", memory_bytes=1 << 30)
ALLOWANCE = Allowance(train_s=10.0, samples=None, flop=None, num_train=1438)


def spec(side=8):
    return Spec(input=Image(height_px=side, width_px=side, channels=1), target=Label(classes=("a", "b")))


@pytest.fixture(scope="module")
def digits(cache):
    wished = wish()
    return opening.load_dataset(wished.data, seed=0, data_dir=None, emit=lambda event: None)


def wish(**user):
    return assemble.wish([("user", {"data.path": "digits", **user})])


def choose(digits, **user):
    prepared = Prepared(dataset=digits, preparation={})
    return assemble.choose(wish(**user), prepared, SPEED, allowance=ALLOWANCE)


def test_task_and_family_are_chosen_where_nobody_did(digits):
    choice = choose(digits)
    assert (choice.run.task, choice.run.family) == ("classify", "cnn")
    assert choice.settings["run.family"].who == "plan"
    assert choose(digits, **{"run.family": "mlp"}).settings["run.family"].who == "user"
    assert choice.why


def test_what_the_user_set_goes_over_what_the_family_proposes(digits):
    proposed, chosen = choose(digits), choose(digits, **{"train.batch_size": 48, "task.label_smoothing": 0.0})
    assert proposed.train.batch_size != 48
    assert chosen.train.batch_size == 48
    assert chosen.settings["train.batch_size"].who == "user"
    assert proposed.settings["train.batch_size"].who == "plan"
    assert chosen.task.label_smoothing == 0.0


@pytest.mark.parametrize(
    "phases", [((0.1, 8),), ((0.0, 8), (0.0, 4)), ((0.0, 8), (1.0, 4)), ((0.0, 8), (0.6, 4), (0.5, 8))]
)
def test_phases_must_start_at_0_and_rise(digits, phases):
    with pytest.raises(UsageError, match="phases"):
        choose(digits, **{"train.phases": phases})


def test_phases_and_the_size_to_test_at():
    plain = TrainConfig()
    assert assemble.phases_of(plain, spec(8)) == ((0.0, 8),)
    assert assemble.test_size(plain, spec(8)) == 8
    config = TrainConfig(phases=((0.0, 4), (0.5, 6)))
    assert assemble.test_size(config, spec(8)) == 6
    assert assemble.test_size(TrainConfig(test_size_px=7), spec(8)) == 7


def test_the_same_seed_builds_the_same_network(digits):
    config = choose(digits).family
    about = {"train": digits.splits["train"], "device": torch.device("cpu"), "channels_last": True}
    one, same, other = (
        assemble.make_network("cnn", config, digits.spec, seed=seed, **about).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_a_model_that_is_loaded_answers_as_it_is_described(trained):
    model = assemble.load_model(trained / "model")
    assert model.spec.target.classes == tuple("0123456789")
    assert model.size_px == 8
    assert not model.network.training
    with torch.no_grad():
        value = model.network(torch.zeros(3, 8, 8, 1, dtype=torch.uint8)).value
    assert value.shape == (3, 10)


@pytest.mark.parametrize(
    ("section", "change", "what"),
    [
        ("family", {"class": "os.system"}, "the family has class"),
        ("task", {"code": "1"}, "the task has code"),
        ("family", {"name": "transformer"}, "transformer"),
        ("family", {"config": {"widths": [-1]}}, ""),
    ],
)
def test_a_description_that_is_not_understood_is_refused(copied, section, change, what):
    path = copied / "model" / "model.json"
    card = json.loads(path.read_text())
    card[section] |= change
    path.write_text(json.dumps(card))
    with pytest.raises(ArtefactError) as caught:
        assemble.load_model(copied / "model")
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("networks", "what"),
    [(3, "cannot answer together"), (0, "not between 1"), (10**9, "not between 1"), ("2", "networks")],
)
def test_networks_that_cannot_be_are_refused(copied, networks, what):
    path = copied / "model" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"networks": networks}))
    with pytest.raises(ArtefactError, match=what):
        assemble.load_model(copied / "model")


def test_a_model_from_before_networks_took_turns_is_one_network(copied):
    path = copied / "model" / "model.json"
    card = json.loads(path.read_text())
    del card["networks"], card["valid_too"]
    path.write_text(json.dumps(card))
    model = assemble.load_model(copied / "model")
    assert (model.network.turn, model.valid_too) == (0, False)


def test_weights_of_another_network_are_refused(copied, tmp_path):
    path = copied / "model" / "model.json"
    card = json.loads(path.read_text())
    card["family"]["config"]["widths"] = [width + 1 for width in card["family"]["config"]["widths"]]
    path.write_text(json.dumps(card))
    with pytest.raises(ArtefactError, match="do not fit"):
        assemble.load_model(copied / "model")


def test_texts_are_looked_at_in_numbers_that_tell_how_rare_a_word_is():
    tokens = np.arange(1, 3001, dtype=np.int64)[:, None]
    split = Split(
        inputs=Ragged(tokens, np.arange(3001)),
        targets=np.zeros(3000, np.int64),
        ids=np.arange(3000),
        hashes=np.zeros(3000, "V16"),
    )
    target = Label(classes=("a", "b"))
    short, long = (Spec(input=Sequence(sizes=(4000,), length=n, unit="word"), target=target) for n in (500, 5000))
    assert len(assemble._some(split, short)[0]) == 2000
    assert len(assemble._some(split, long)[0]) == 1000


@pytest.mark.parametrize("family", ["rnn", "cnn", "mlp"])
def test_a_forecaster_begins_at_the_linear_model_that_was_solved(family):
    rows = np.random.default_rng(0).normal(size=(200, 2)).cumsum(axis=0).astype(np.float32) * [1, 9] + [50, 0]
    windows = Windows(rows, lookback=24, horizon=6, first=24)
    series = Series(
        names=("a", "b"), length=24, period=6, mean=tuple(rows.mean(axis=0)), deviation=tuple(rows.std(axis=0))
    )
    spec = Spec(input=series, target=Series(names=("a", "b"), length=6))
    train = Split(inputs=windows, targets=windows, ids=range(171), hashes=np.arange(171, dtype=np.uint64))
    dataset = Dataset(name="walk", source="", reader="series_table", splits={"train": train}, spec=spec, fingerprint="")
    prepared = Prepared(dataset=dataset, preparation={})
    choice = assemble.choose(wish(**{"run.family": family}), prepared, SPEED, allowance=ALLOWANCE)
    assert choice.family.floor == "exact"
    about = {"train": train, "seed": 0, "device": torch.device("cpu"), "channels_last": False}
    network = assemble.make_network(family, choice.family, spec, **about).eval()
    network.head.answer(torch.zeros(network.head.values))
    some = windows[np.arange(5)]
    expected = forecasts.fit_linear(windows, rows.std(axis=0), 6)(some)
    assert network(torch.from_numpy(some)).value[..., 0].detach().numpy() == pytest.approx(expected, abs=1e-2)
