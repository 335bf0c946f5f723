import math

import torch

from gnomon.layers.margins import Blend, HeldOutMargins, beside, lots, names, side_by_side
from gnomon.layers.ngrams import ngram_rows

TOKENS = torch.tensor([5, 6, 7, 5, 6, 8, 0, 0])[:, None]


def layer(*, num_rows=2**16, num_classes=3, folds=4, orders=(1, 2), opening=4, filled=True):
    torch.manual_seed(0)
    made = HeldOutMargins(orders, num_rows, num_classes, folds=folds, opening=opening)
    if filled:
        with torch.no_grad():
            made.table.normal_()
    return made


def texts(count, *, length=6, seed=0):
    return torch.randint(1, 20, (length, count), generator=torch.Generator().manual_seed(seed))


class TestRows:
    def test_words_pairs_with_the_edges_and_the_opening(self):
        rows = layer().rows(TOKENS)[0]
        assert (rows != 0).sum() == 6 + 7 + 4

    def test_the_n_grams_inside_are_those_of_other_tables(self):
        found = set(layer().rows(TOKENS)[0].tolist())
        inside = ngram_rows(TOKENS, orders=(1, 2), num_rows=2**16)
        assert set(inside.flatten().tolist()) <= found

    def test_the_same_word_at_another_place_of_the_opening_is_another_feature(self):
        one, other = (set(layer(orders=(1,)).rows(torch.tensor(t)[:, None])[0].tolist()) for t in ([3, 4], [4, 3]))
        assert len(one & other - {0}) == 2  # the two words; their places differ
        assert len(one - {0}) == 4


class TestMargins:
    def test_a_text_is_a_vector_of_length_one(self):
        made = layer()
        rows, counts = made.rows(TOKENS).unique(return_counts=True)
        rows, counts = rows[1:], counts[1:]
        assert sorted(counts.tolist()) == [1] * 11 + [2] * 3  # 5, 6 and 5 6 are there twice
        weights = 1 + counts.log()
        wanted = (made.table[rows] * weights[:, None]).sum(0) / math.sqrt(11 + 3 * (1 + math.log(2)) ** 2)
        torch.testing.assert_close(made(TOKENS)[0].flatten(), wanted)
        assert made(TOKENS).shape == (1, 5, 3)

    def test_rare_n_grams_weigh_more(self):
        made = layer(orders=(1,), opening=0)
        made.measure(torch.tensor([[5, 5, 5, 5], [6, 0, 0, 0]]))
        alone = {token: ngram_rows(torch.tensor([[token]]), orders=(1,), num_rows=2**16).item() for token in (5, 6, 9)}
        assert made.rarity[alone[5]].item() == 1.0
        torch.testing.assert_close(made.rarity[alone[6]], torch.tensor(math.log(5 / 2) + 1))
        torch.testing.assert_close(made.rarity[alone[9]], torch.tensor(math.log(5) + 1))

    def test_padding_and_neighbours_change_nothing(self):
        made = layer()
        batch = torch.cat([TOKENS, texts(2, length=8)], 1)
        torch.testing.assert_close(made(batch)[:1], made(TOKENS[:6]))
        assert made.fold(batch)[0] == made.fold(TOKENS[:6])[0]

    def test_it_starts_at_nought_with_a_sparse_gradient(self):
        made = layer(filled=False)
        found = made(TOKENS)
        assert found.eq(0).all()
        found.sum().backward()
        assert made.table.grad.is_sparse

    def test_n_grams_are_dropped_in_training_only(self):
        made = layer()
        before = made(TOKENS)
        made.dropout = 0.5
        assert not torch.equal(made(TOKENS), before)
        assert torch.equal(made.eval()(TOKENS), before)


class TestFolds:
    def test_texts_are_spread_evenly_and_equal_ones_lie_together(self):
        some = texts(4000)
        fold = layer().fold(some)
        assert fold.bincount(minlength=4).min() > 850
        assert torch.equal(fold[:50], layer().fold(some[:, :50]))

    def test_the_order_of_the_tokens_counts(self):
        some = texts(200)
        assert not torch.equal(layer(folds=5).fold(some), layer(folds=5).fold(some.flip(0)))

    def test_no_model_learns_a_text_of_its_fold(self):
        made, some = layer(), texts(40)
        held_out, others = made.parted(some)
        assert held_out.shape == (40, 3)
        assert others.shape == (40, 4, 3)
        assert not held_out.requires_grad
        fold = made.fold(some)
        for text in range(40):
            made.table.grad = None
            made.parted(some[:, text : text + 1])[1].sum().backward()
            touched = made.table.grad.to_dense().unflatten(1, (5, 3)).abs().sum((0, 2))
            assert (touched == 0).nonzero().flatten().tolist() == [fold[text].item()]

    def test_every_answer_is_held_out_or_learned(self):
        made, some = layer(), texts(9)
        held_out, others = made.parted(some)
        torch.testing.assert_close(made(some).sum(1), held_out + others.sum(1))


class TestBlend:
    def parts(self):
        generator = torch.Generator().manual_seed(1)
        margins, logits = (torch.randn(400, 3, generator=generator) for _ in range(2))
        return margins, logits.requires_grad_(), texts(400)

    def test_both_count_as_much_as_was_learned(self):
        margins, logits, some = self.parts()
        blend = Blend().eval()
        with torch.no_grad():
            blend.weights.copy_(torch.tensor([2 / 3, 0.25]).log() / 4)
        torch.testing.assert_close(blend(margins, logits, some), 2 * margins + 0.25 * logits)

    def test_one_text_in_ten_says_how_much_and_teaches_the_network_nothing(self):
        margins, logits, some = self.parts()
        blend = Blend()
        found = blend(margins, logits, some)
        found.square().sum().backward()
        weighing = (logits.grad == 0).all(1)
        assert 20 <= weighing.sum() <= 65
        torch.testing.assert_close(found[weighing], (3 * margins + logits)[weighing])
        torch.testing.assert_close(found[~weighing], (3 * margins + logits)[~weighing])
        both = torch.stack([12 * margins[weighing], 4 * logits[weighing].detach()])
        torch.testing.assert_close(blend.weights.grad, 2 * (found[weighing].detach() * both).sum((1, 2)))

    def test_which_ones_has_nothing_to_do_with_the_folds(self):
        _, logits, some = self.parts()
        blend = Blend()
        blend(torch.zeros(400, 3), logits, some).sum().backward()
        weighing = (logits.grad == 0).all(1)
        assert lots(some)[weighing].remainder(2).unique().tolist() == [0, 1]
        assert lots(some)[weighing].remainder(5).unique().tolist() == [0, 1, 2, 3, 4]


class TestTogether:
    TEXTS = texts(4)[..., None]
    LOGITS = torch.tensor([[2.0, 0.0, 0.0]]).repeat(4, 1)

    def test_side_by_side_the_probabilities_are_multiplied(self):
        made = layer(folds=0).eval()
        assert made.table.shape == (2**16, 3)
        found = side_by_side(made, self.LOGITS, self.TEXTS).value.softmax(1)
        alone = (3 * made(names(self.TEXTS))[:, 0]).softmax(1) * self.LOGITS.softmax(1)
        torch.testing.assert_close(found, alone / alone.sum(1, keepdim=True))

    def test_side_by_side_each_learns_by_itself(self):
        made = layer(folds=0).train()
        output = side_by_side(made, self.LOGITS, self.TEXTS)
        assert output.value is self.LOGITS
        torch.testing.assert_close(output.margins, made(names(self.TEXTS)))

    def test_beside_the_model_of_all_texts_answers(self):
        made, blend = layer().eval(), Blend().eval()
        output = beside(made, blend, self.LOGITS, self.TEXTS)
        torch.testing.assert_close(output.value, 3 * made(names(self.TEXTS))[:, -1] + self.LOGITS)
        assert output.margins is None

    def test_beside_in_training_the_network_is_added_to_models_that_have_not_seen_the_text(self):
        made, blend = layer().train(), Blend().train()
        output = beside(made, blend, self.LOGITS, self.TEXTS)
        words = names(self.TEXTS)
        held_out = made(words)[torch.arange(4), made.fold(words)]
        torch.testing.assert_close(output.value, 3 * held_out + self.LOGITS)
        assert output.margins.shape == (4, 4, 3)


def test_a_token_is_named_by_all_its_features():
    tokens = torch.tensor([[5, 1, 2], [5, 1, 2], [5, 1, 3], [5, 2, 1], [0, 0, 0]])
    found = names(tokens)
    assert found[0] == found[1]
    assert len(found[:4].unique()) == 3
    assert found[4] == 0
    assert found[:4].min() > 0
    assert found.max() < 2**40
