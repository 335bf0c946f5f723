import torch

from gnomon.layers.bags import NgramBag, ngram_orders
from gnomon.layers.ngrams import ngram_rows


def bag(orders=(1, 2), seed=0):
    torch.manual_seed(seed)
    return NgramBag(orders, 50, 4)


def test_the_mean_of_the_rows_of_all_ngrams():
    net, tokens = bag(), torch.tensor([[3], [4]])
    rows = ngram_rows(tokens, orders=(1, 2), num_rows=50)
    first, second, pair = rows[0, 0, 0], rows[1, 0, 0], rows[1, 0, 1]
    torch.testing.assert_close(net(tokens)[0], (net.table[first] + net.table[second] + net.table[pair]) / 3)


def test_padding_changes_nothing_and_no_token_is_nought():
    net, tokens = bag(), torch.tensor([[3, 0], [4, 0], [3, 0]])
    longer = torch.cat((tokens, torch.zeros(5, 2, dtype=torch.int64)))
    torch.testing.assert_close(net(longer), net(tokens))
    assert net(tokens)[1].tolist() == [0] * 4


def test_the_order_of_words_counts_within_an_ngram_only():
    one, other = torch.tensor([[3], [4], [5]]), torch.tensor([[5], [4], [3]])
    torch.testing.assert_close(bag((1,))(one), bag((1,))(other))
    assert not torch.allclose(bag((1, 2))(one), bag((1, 2))(other))


def test_the_gradient_names_the_rows_that_were_used():
    net = bag()
    net(torch.tensor([[3], [4]])).sum().backward()
    assert net.table.grad.is_sparse
    assert 0 < len(set(net.table.grad.coalesce().indices()[0].tolist()) - {0}) <= 3


def test_characters_need_longer_ngrams_than_words():
    assert max(ngram_orders("character")) > max(ngram_orders("word")) == max(ngram_orders("subword"))
    assert ngram_orders("byte") == ngram_orders("character")
