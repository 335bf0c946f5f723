import pytest
import torch

from gnomon.core.spec import Vector
from gnomon.layers.table_embed import PiecewiseLinear, TableEmbedding, edges_of, smooth_clip

NAN = float("nan")
ROWS = Vector(names=("x", "y"), categories=(("colour", 4), ("shape", 3)))


def test_clipping_leaves_small_numbers_and_bounds_large_ones():
    found = smooth_clip(torch.tensor([0.0, 0.1, -3.0, 1e6, -1e30]))
    assert found[:2].tolist() == pytest.approx([0.0, 0.1], rel=1e-3)
    assert found[2].item() == pytest.approx(-3 / 2**0.5)
    assert found[3:].tolist() == pytest.approx([3.0, -3.0])


class TestEdges:
    def test_few_values_are_the_edges(self):
        assert edges_of(torch.tensor([2.0, 0.0, 2.0, 1.0]).double(), 4).tolist() == [0, 1, 2]

    def test_many_values_have_edges_at_their_quantiles(self):
        found = edges_of(torch.arange(1001.0).double(), 4)
        assert found.tolist() == pytest.approx([0, 250, 500, 750, 1000], abs=1)

    def test_a_value_that_comes_again_and_again_leaves_edges_for_the_others(self):
        mostly_zero = torch.cat([torch.zeros(900), torch.arange(1.0, 101.0)]).double()
        found = edges_of(mostly_zero, 8)
        assert len(found) >= 7
        assert (found > 0).sum() >= 6

    def test_nothing_known_has_no_edges(self):
        assert len(edges_of(torch.zeros(0).double(), 4)) == 0


class TestPiecewiseLinear:
    def test_bins_fill_one_after_the_other(self):
        bins = PiecewiseLinear(1, 4)
        bins.measure(torch.tensor([[0.0], [1.0], [3.0]]))
        found = bins(torch.tensor([[-5.0], [0.5], [2.0], [9.0]]))[:, 0]
        assert found.tolist() == [[0, 0, 0, 0], [0.5, 0, 0, 0], [1, 0.5, 0, 0], [1, 1, 0, 0]]

    def test_a_constant_and_an_unknown_number_have_no_bins(self):
        bins = PiecewiseLinear(2, 3)
        bins.measure(torch.tensor([[7.0, NAN], [7.0, NAN]]))
        assert not bins(torch.tensor([[8.0, 1.0]])).any()


class TestTableEmbedding:
    def made(self, **about):
        torch.manual_seed(0)
        return TableEmbedding(ROWS, size=5, num_bins=4, **about)

    def test_a_row_becomes_one_vector(self):
        embed = self.made()
        assert embed.width == 20
        assert embed(torch.tensor([[0.5, NAN, 2.0, 0.0]])).shape == (1, 20)

    def test_a_missing_number_has_a_vector_of_its_own(self):
        embed = self.made().eval()
        found = embed(torch.tensor([[0.5, NAN, 2.0, 0.0], [NAN, NAN, 2.0, 0.0]])).view(2, 4, 5)
        torch.testing.assert_close(found[1, :2], embed.missing)
        torch.testing.assert_close(found[0, 2:], found[1, 2:])
        assert found.isfinite().all()

    def test_codes_of_different_categories_share_nothing(self):
        embed = self.made().eval()
        found = embed(torch.tensor([[0.0, 0.0, 1.0, 1.0]])).view(4, 5)
        torch.testing.assert_close(found[2], embed.categories[1])
        torch.testing.assert_close(found[3], embed.categories[5])

    def test_some_categories_are_taken_for_unseen_in_training_only(self):
        embed = self.made(unseen=0.5)
        rows = torch.tensor([[0.0, 0.0, 3.0, 0.0]]).repeat(200, 1)
        colours = embed.train()(rows).view(200, 4, 5)[:, 2]
        unseen = (colours == embed.categories[1]).all(dim=1)
        assert 60 < unseen.sum() < 140
        shapes = embed(rows).view(200, 4, 5)[:, 3]
        torch.testing.assert_close(shapes, embed.categories[4].expand(200, 5))  # missing stays missing
        assert (embed.eval()(rows).view(200, 4, 5)[:, 2] == embed.categories[3]).all()

    def test_rows_of_numbers_alone_and_of_categories_alone(self):
        torch.manual_seed(0)
        for vector, row in ((Vector(names=("x",)), [[1.0]]), (Vector(names=(), categories=(("c", 3),)), [[2.0]])):
            assert TableEmbedding(vector, size=4, num_bins=2)(torch.tensor(row)).shape == (1, 4)
