import torch

from gnomon.layers.ngrams import NgramEmbedding, NgramLogits, ngram_rows

TOKENS = torch.tensor([5, 6, 7, 5, 6, 0, 0])[:, None]


class TestRows:
    def test_the_same_run_of_tokens_has_the_same_row_wherever_it_stands(self):
        rows = ngram_rows(TOKENS, orders=(1, 2, 3), num_rows=2**20)[:, 0]
        assert rows.shape == (7, 3)
        assert rows[0, 0] == rows[3, 0]
        assert rows[1, 1] == rows[4, 1]
        assert len(set(rows[rows != 0].tolist())) == 3 + 3 + 3  # 5 6 7; 56 67 75; 567 675 756

    def test_an_n_gram_that_is_not_there_whole_has_row_nought(self):
        rows = ngram_rows(TOKENS, orders=(1, 2, 3), num_rows=64)[:, 0]
        assert rows.eq(0).tolist() == [
            [False, True, True],
            [False, False, True],
            [False, False, False],
            [False, False, False],
            [False, False, False],
            [True, True, True],
            [True, True, True],
        ]

    def test_rows_are_within_the_table_and_spread(self):
        tokens = torch.arange(1, 4001).view(1000, 4)
        rows = ngram_rows(tokens, orders=(1, 2), num_rows=100)
        assert rows[1:].min() == 1
        assert rows.max() == 99
        counts = rows[1:].flatten().bincount(minlength=100)[1:]
        assert counts.min() > 40  # about 80 of 8,000 in each of 99 rows
        assert counts.max() < 130

    def test_an_order_alone_is_the_same_as_among_others(self):
        alone, among = (ngram_rows(TOKENS, orders=orders, num_rows=999) for orders in ((2,), (1, 2, 4)))
        assert torch.equal(alone[..., 0], among[..., 1])

    def test_the_order_of_the_tokens_counts(self):
        one, other = (ngram_rows(torch.tensor(t)[:, None], orders=(2,), num_rows=2**20)[1] for t in ([3, 4], [4, 3]))
        assert one != other


class TestLogits:
    def layer(self):
        torch.manual_seed(0)
        layer = NgramLogits((1, 2), 1000, 3)
        with torch.no_grad():
            layer.table.normal_()
        return layer

    def test_the_sum_of_the_rows_over_the_root_of_their_number(self):
        layer = self.layer()
        rows = ngram_rows(TOKENS, orders=(1, 2), num_rows=1000)
        rows = rows[rows != 0]
        assert len(rows) == 9
        torch.testing.assert_close(layer(TOKENS), layer.table[rows].sum(0, keepdim=True) / 3)

    def test_padding_and_neighbours_change_nothing(self):
        layer = self.layer()
        batch = torch.cat([TOKENS, torch.randint(1, 9, (7, 2))], 1)
        torch.testing.assert_close(layer(batch)[:1], layer(TOKENS[:5]))

    def test_a_text_without_tokens_gives_nought(self):
        assert self.layer()(torch.zeros(4, 2, dtype=torch.int64)).tolist() == [[0.0] * 3] * 2

    def test_it_starts_at_nought_with_a_sparse_gradient_of_the_rows_in_the_batch(self):
        layer = NgramLogits((1, 2), 1000, 3)
        found = layer(TOKENS)
        assert found.eq(0).all()
        found.sum().backward()
        assert layer.table.grad.is_sparse
        rows = ngram_rows(TOKENS, orders=(1, 2), num_rows=1000)
        gradient = layer.table.grad.to_dense()
        assert set(gradient.sum(1).nonzero().flatten().tolist()) == set(rows[rows != 0].tolist())

    def test_n_grams_are_dropped_in_training_only(self):
        torch.manual_seed(0)
        layer = self.layer()
        layer.dropout = 0.5
        assert not torch.equal(layer(TOKENS), layer(TOKENS))
        layer.eval()
        assert torch.equal(layer(TOKENS), layer(TOKENS))


class TestEmbedding:
    def test_a_vector_depends_on_its_n_grams_only(self):
        torch.manual_seed(0)
        layer = NgramEmbedding((2, 3), 1000, 4, 8)
        found = layer(TOKENS)
        assert found.shape == (5, 1, 8)
        rows = ngram_rows(TOKENS, orders=(2, 3), num_rows=1000)
        torch.testing.assert_close(found[0], layer.widen(layer.table[rows[2]].flatten(1)))

    def test_tokens_before_the_first_are_context_only(self):
        layer = NgramEmbedding((2, 3), 1000, 4, 8)
        torch.testing.assert_close(layer(TOKENS)[2:], layer(TOKENS[2:]))

    def test_the_gradient_is_sparse(self):
        layer = NgramEmbedding((2,), 1000, 4, 8)
        layer(TOKENS).sum().backward()
        assert layer.table.grad.is_sparse
