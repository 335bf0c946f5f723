import numpy as np
import torch

from gnomon.sitting import looking


def test_a_few_samples_are_evenly_spread(sitting, made):
    batch = looking.few(sitting, made, 3)
    assert batch.ids.tolist() == [0, (len(sitting.train) - 1) // 2, len(sitting.train) - 1]
    assert len(looking.few(sitting, made, 10**6)) == looking._LOOK_BATCH


def test_validation_scores_given_weights_and_puts_the_own_ones_back(sitting, made):
    validate = looking.validator(sitting, made)
    before = {name: tensor.clone() for name, tensor in made.network.state_dict().items()}
    zeros = {name: torch.zeros_like(tensor) for name, tensor in before.items()}
    scores = validate(made.network, {**before, **{n: t for n, t in zeros.items() if n.startswith("head.")}})
    # all logits alike: the first class is answered, which is as frequent as it is in the split
    valid = sitting.dataset.splits["valid"].targets
    rows = np.unique(np.linspace(0, len(valid) - 1, min(1000, len(valid))).astype(int))
    assert scores["accuracy"] == np.mean(valid[rows] == 0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.network.state_dict().items())


def test_without_a_validation_split_there_is_nothing_to_score(sitting, made):
    sitting.dataset.splits.pop("valid")
    assert looking.validator(sitting, made)(made.network, {}) == {}


def test_only_language_models_write(sitting, made):
    assert looking.writer(sitting, made) is None
