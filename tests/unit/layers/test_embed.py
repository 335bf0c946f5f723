import copy

import pytest
import torch

from gnomon.layers.embed import SparseEmbedding, TiedHead, TokenEmbedding


class TestTokenEmbedding:
    def test_a_token_is_the_sum_of_its_features(self):
        torch.manual_seed(0)
        layer = TokenEmbedding((5, 4), 9)
        found = layer(torch.tensor([[[2, 3]], [[2, 0]]]))
        words, shapes = (table.weight for table in layer.tables)
        torch.testing.assert_close(found[0, 0], 3 * (words[2] + shapes[3]))
        torch.testing.assert_close(found[1, 0], 3 * words[2])

    def test_where_there_is_no_token_there_is_nothing_and_nothing_learns(self):
        layer = TokenEmbedding((5,), 8)
        found = layer(torch.zeros(3, 2, 1, dtype=torch.int64))
        assert found.eq(0).all()
        found.sum().backward()
        assert layer.tables[0].weight.grad.eq(0).all()

    def test_vectors_start_with_unit_variance_whatever_the_number_of_features(self):
        torch.manual_seed(0)
        layer = TokenEmbedding((500, 500, 500), 64)
        tokens = torch.randint(1, 500, (50, 4, 3))
        assert layer(tokens).std().item() == pytest.approx(1, abs=0.05)

    def test_words_are_dropped_whole_and_in_training_only(self):
        torch.manual_seed(0)
        layer = TokenEmbedding((60,), 4, word_dropout=0.5)
        tokens = torch.arange(1, 60).repeat(2, 1).t()[..., None]
        found = layer(tokens)
        dropped = found.eq(0).all(-1)
        assert torch.equal(dropped[:, 0], dropped[:, 1])
        assert 10 < dropped[:, 0].sum() < 50
        torch.testing.assert_close(found[~dropped], 2 * layer.eval()(tokens)[~dropped])

    def test_units_are_dropped_for_all_instants(self):
        torch.manual_seed(0)
        found = TokenEmbedding((60,), 32, dropout=0.5)(torch.randint(1, 60, (9, 1, 1)))
        dropped = found.eq(0).all(0)
        assert 5 < dropped.sum() < 28
        assert torch.equal(found.eq(0), dropped.expand_as(found))


class TestSparseEmbedding:
    def test_a_token_is_the_sum_of_its_features(self):
        torch.manual_seed(0)
        layer = SparseEmbedding((5, 4), 6)
        found = layer(torch.tensor([[[2, 3]], [[2, 0]]]))
        torch.testing.assert_close(found[0, 0], layer.table[2] + layer.table[5 + 3])
        torch.testing.assert_close(found[1, 0], layer.table[2])

    def test_only_the_rows_of_the_tokens_learn(self):
        layer = SparseEmbedding((5, 4), 6)
        layer(torch.tensor([[[2, 3], [0, 0]]])).sum().backward()
        gradient = layer.table.grad
        assert gradient.is_sparse
        assert gradient.to_dense().any(1).nonzero().flatten().tolist() == [2, 8]

    def test_vectors_start_with_unit_variance_whatever_the_number_of_features(self):
        torch.manual_seed(0)
        found = SparseEmbedding((500, 500, 500), 64)(torch.randint(1, 500, (50, 4, 3)))
        assert found.std().item() == pytest.approx(1, abs=0.05)

    def test_vectors_start_as_small_as_is_wished(self):
        torch.manual_seed(0)
        found = SparseEmbedding((500, 500), 64, scale=0.1)(torch.randint(1, 500, (50, 4, 2)))
        assert found.std().item() == pytest.approx(0.1, abs=0.01)

    def test_words_are_dropped_whole_and_in_training_only(self):
        torch.manual_seed(0)
        layer = SparseEmbedding((60,), 4, word_dropout=0.5)
        tokens = torch.arange(1, 60).repeat(2, 1).t()[..., None]
        found = layer(tokens)
        dropped = found.eq(0).all(-1)
        assert torch.equal(dropped[:, 0], dropped[:, 1])
        assert 10 < dropped[:, 0].sum() < 50
        torch.testing.assert_close(found[~dropped], 2 * layer.eval()(tokens)[~dropped])


class TestTiedHead:
    def test_values_by_hand(self):
        layer = TokenEmbedding((3,), 2)
        head = TiedHead(layer.tables[0])
        with torch.no_grad():
            layer.tables[0].weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]))
        assert head(torch.tensor([[10.0, 1.0]])).tolist() == [[0.0, 12.0, 34.0]]

    def test_answer_gives_the_same_values_for_every_input(self):
        head = TiedHead(TokenEmbedding((3,), 2).tables[0])
        head.answer(torch.tensor([0.5, -1.0, 2.0]))
        assert head(torch.randn(2, 4, 2)).tolist() == [[[0.5, -1.0, 2.0]] * 4] * 2

    def test_the_table_is_the_embedding_s_alone_and_follows_it_into_a_copy(self):
        owner = torch.nn.Module()
        owner.embedding = TokenEmbedding((3,), 2)
        owner.head = TiedHead(owner.embedding.tables[0])
        assert set(owner.state_dict()) == {"embedding.tables.0.weight", "head.offset"}
        twin = copy.deepcopy(owner)
        with torch.no_grad():
            twin.embedding.tables[0].weight.fill_(1.0)
        assert twin.head(torch.ones(1, 2)).tolist() == [[2.0, 2.0, 2.0]]
        assert owner.head(torch.ones(1, 2)).tolist() != [[2.0, 2.0, 2.0]]
