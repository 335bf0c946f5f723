import pytest
import torch

from gnomon.core.spec import Sequence, Series
from gnomon.layers.margins import HeldOutMargins, names
from gnomon.layers.ngrams import NgramEmbedding
from gnomon.layers.recurrence import RecurrenceConfig
from gnomon.layers.recurrent_networks import LanguageModel, SeriesClassifier, Tagger, TextClassifier

CELLS = ("lstm", "mingru")
WORDS = Sequence(sizes=(30, 5), length=12, unit="word")
CHARACTERS = Sequence(sizes=(20,), length=16, unit="character")


@pytest.fixture(params=CELLS)
def recurrence(request):
    torch.manual_seed(0)
    return RecurrenceConfig(cell=request.param, width=8)


def tokens(num_samples, time, sizes, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(1, size, (num_samples, time), generator=generator) for size in sizes], -1)


def padded(inputs, count):
    return torch.cat([inputs, inputs.new_zeros(len(inputs), count, inputs.shape[2])], 1)


def classifier(recurrence, wide=True):
    ngrams = HeldOutMargins((1, 2), 2**16, 3, folds=2, opening=4) if wide else None
    return TextClassifier(WORDS, 3, recurrence, embedding=8, word_dropout=0.0, wide=ngrams).eval()


def language_model(recurrence, *, tied=False, embedding=8, ngrams=True, **options):
    table = NgramEmbedding((2, 3), 50, 4, embedding) if ngrams else None
    return LanguageModel(
        CHARACTERS, recurrence, embedding=embedding, word_dropout=0.0, ngrams=table, tied=tied, **options
    ).eval()


class TestTextClassifier:
    def test_shape_and_padding(self, recurrence):
        network, inputs = classifier(recurrence), tokens(2, 7, (30, 5))
        found = network(inputs).value
        assert found.shape == (2, 3)
        torch.testing.assert_close(network(padded(inputs, 5)).value, found)

    def test_the_wide_path_is_added(self, recurrence):
        network, inputs = classifier(recurrence), tokens(2, 7, (30, 5))
        before = network(inputs).value
        with torch.no_grad():
            network.wide.table.fill_(0.5)
        # 7 tokens, 8 pairs with the edges and 4 words at their places, each of 0.5, over the root of 19; three times
        torch.testing.assert_close(network(inputs).value, before + 3 * 0.5 * 19**0.5)

    def test_in_training_a_text_meets_the_model_that_has_not_seen_it(self, recurrence):
        network, inputs = classifier(recurrence).train(), tokens(5, 7, (30, 5))
        before = network(inputs)
        with torch.no_grad():
            network.wide.table.normal_()
        after = network(inputs)
        held_out, others = network.wide.parted(names(inputs.transpose(0, 1)))
        torch.testing.assert_close(after.value, before.value + 3 * held_out)
        assert torch.equal(after.margins, others)
        assert network.eval()(inputs).margins is None

    def test_how_rare_n_grams_are_is_measured(self, recurrence):
        network = classifier(recurrence)
        network.prepare(tokens(5, 7, (30, 5)))
        assert len(network.wide.rarity.unique()) > 1

    def test_without_n_grams(self, recurrence):
        assert classifier(recurrence, wide=False)(tokens(2, 7, (30, 5))).value.shape == (2, 3)

    def test_a_text_without_tokens_has_an_answer(self, recurrence):
        assert classifier(recurrence)(torch.zeros(1, 4, 2, dtype=torch.int64)).value.isfinite().all()


@pytest.mark.parametrize("context", [0, 1, 3])
def test_a_tag_for_each_token_and_padding_changes_none(recurrence, context):
    network = Tagger(WORDS, 4, recurrence, embedding=8, word_dropout=0.1, context=context).eval()
    inputs = tokens(2, 7, (30, 5))
    found = network(inputs).value
    assert found.shape == (2, 7, 4)
    torch.testing.assert_close(network(padded(inputs, 3)).value[:, :7], found)


class TestLanguageModel:
    @pytest.mark.parametrize("lengths", [(1,) * 10, (4, 6), (3, 1, 6)])
    def test_in_pieces_with_the_state_carried_it_says_what_it_says_at_once(self, recurrence, lengths):
        network, inputs = language_model(recurrence), tokens(2, 10, (20,))
        whole = network(inputs)
        assert whole.value.shape == (2, 10, 20)
        carry, parts = None, []
        for piece in inputs.split(lengths, 1):
            output = network(piece, carry)
            parts.append(output.value)
            carry = output.carry
        torch.testing.assert_close(torch.cat(parts, 1), whole.value, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(carry, whole.carry, rtol=1e-4, atol=1e-5)

    def test_the_carry_has_one_row_a_sample_and_ends_the_gradient(self, recurrence):
        network = language_model(recurrence)
        carry = network(tokens(3, 5, (20,))).carry
        assert carry.shape == (3, network.carry_width)
        assert carry.dtype == torch.float32
        assert not carry.requires_grad

    def test_a_carry_of_noughts_is_a_new_start(self, recurrence):
        network, inputs = language_model(recurrence), tokens(2, 5, (20,))
        assert torch.equal(network(inputs, torch.zeros(2, network.carry_width)).value, network(inputs).value)

    def test_no_output_depends_on_a_later_token(self, recurrence):
        network, inputs = language_model(recurrence), tokens(1, 10, (20,))
        changed = inputs.clone()
        changed[0, 6] = 1 + inputs[0, 6] % 19
        before, after = network(inputs).value, network(changed).value
        assert torch.equal(before[:, :6], after[:, :6])
        assert not torch.allclose(before[:, 6], after[:, 6])

    def test_without_n_grams_nothing_but_the_state_is_carried(self, recurrence):
        network = language_model(recurrence, ngrams=False)
        assert network.carry_width == network.recurrence.state_width
        assert network(tokens(2, 5, (20,))).value.shape == (2, 5, 20)

    @pytest.mark.parametrize("embedding", [8, 4])
    def test_with_a_tied_head(self, recurrence, embedding):
        network = language_model(recurrence, tied=True, embedding=embedding)
        assert network(tokens(2, 5, (20,))).value.shape == (2, 5, 20)
        assert not any(name.startswith("head.") for name, _ in network.named_parameters())
        network.head.answer(torch.arange(20.0))
        assert torch.equal(network(tokens(1, 2, (20,))).value, torch.arange(20.0).expand(1, 2, 20))

    def test_penalties_are_for_training(self, recurrence):
        network = language_model(recurrence, activation=1.0, slowness=1.0)
        assert network(tokens(1, 4, (20,))).penalties == {}
        assert set(network.train()(tokens(1, 4, (20,))).penalties) == {"activation", "slowness"}


class TestSeriesClassifier:
    SERIES = Series(names=("a", "b"), length=10, mean=(1.0, 0.0), deviation=(2.0, 1.0))

    def network(self, recurrence):
        return SeriesClassifier(self.SERIES, 3, recurrence, embedding=8, segment_steps=4).eval()

    def test_shape(self, recurrence):
        assert self.network(recurrence)(torch.randn(2, 10, 2)).value.shape == (2, 3)

    def test_units_of_the_data_do_not_matter(self, recurrence):
        network, inputs = self.network(recurrence), torch.randn(2, 12, 2)
        seen = []
        network.enter.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        network(inputs)
        assert seen[0].shape == (3, 2, 8)
        wanted = (inputs[0, 4:8] - torch.tensor([1.0, 0.0])) / torch.tensor([2.0, 1.0])
        torch.testing.assert_close(seen[0][1, 0], wanted.flatten())


class TestRoles:
    def roles(self, network):
        return {name: network.role(name, parameter) for name, parameter in network.named_parameters()}

    def test_of_residual_blocks(self):
        found = self.roles(language_model(RecurrenceConfig(cell="minlstm", width=8, layers=1)))
        assert found["embedding.tables.0.weight"] == "embedding"
        assert found["ngrams.table"] == "sparse"
        assert found["ngrams.widen.weight"] == "adam"
        assert found["recurrence.layers.0.norm.weight"] == "adam"
        assert found["recurrence.layers.0.cells.0.enter.bias"] == "adam"
        assert found["head.linear.weight"] == "adam"
        orthogonal = {name for name, role in found.items() if role == "orthogonal"}
        assert orthogonal == {
            f"recurrence.layers.0.{name}.weight"
            for name in ("cells.0.enter", "gate", "contract", "unit.up", "unit.down")
        }

    def test_of_fused_layers(self):
        found = self.roles(classifier(RecurrenceConfig(cell="lstm", width=8, layers=1)))
        assert {role for name, role in found.items() if name.startswith("recurrence.")} == {"adam"}
        assert found["wide.table"] == "linear"
        assert found["embedding.table"] == "sparse"
        assert found["blend.weights"] == "adam"

    def test_what_does_not_learn_is_frozen(self):
        network = classifier(RecurrenceConfig(width=8))
        parameter = network.head.linear.weight.requires_grad_(False)
        assert network.role("head.linear.weight", parameter) == "frozen"
