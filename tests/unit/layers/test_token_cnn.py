import torch

from gnomon.core.spec import Sequence
from gnomon.layers.margins import HeldOutMargins
from gnomon.layers.token_cnn import TextCnn, TokenCnn

WORDS = Sequence(sizes=(30, 7), length=20, unit="word")
LETTERS = Sequence(sizes=(30,), length=20, unit="character")


def text(*, ngrams=(1, 2), seed=0):
    torch.manual_seed(seed)
    about = {"embedding": 6, "widths": (8, 8), "spans": (2, 3), "depth": 1, "dropout": 0.5, "word_dropout": 0.1}
    wide = HeldOutMargins(ngrams, 64, 3, folds=0) if ngrams else None
    return TextCnn(WORDS, 3, wide=wide, **about).eval()


def tokens(*, causal, sequence=WORDS, values=5, seed=0):
    torch.manual_seed(seed)
    about = {"embedding": 6, "widths": (8, 8), "spans": (3,), "depth": 2, "dropout": 0.5}
    return TokenCnn(sequence, values, causal=causal, **about).eval()


def sentences(time=8, seed=1):
    """Sentences of eight, three and no tokens."""
    torch.manual_seed(seed)
    found = torch.stack((torch.randint(1, 30, (3, time)), torch.randint(1, 7, (3, time))), dim=-1)
    found[1, 3:] = 0
    found[2] = 0
    return found


def longer(inputs, more=8):
    return torch.nn.functional.pad(inputs, (0, 0, 0, more))


class TestTextCnn:
    def test_padding_changes_nothing(self):
        net, inputs = text(), sentences()
        found = net(inputs).value
        assert found.shape == (3, 3)
        assert found.isfinite().all()
        torch.testing.assert_close(net(longer(inputs)).value, found)
        torch.testing.assert_close(net(inputs[1:2, :3]).value, found[1:2])

    def test_a_text_shorter_than_the_filters(self):
        assert text()(sentences()[:, :1]).value.isfinite().all()

    def test_ngrams_are_counted_beside(self):
        net, inputs = text(), sentences()
        before = net(inputs).value
        with torch.no_grad():
            net.wide.table.normal_()
        difference = (net(inputs).value - before).abs().sum(1)
        assert (difference > 0).all()  # of the empty text the edges that meet
        assert text(ngrams=()).wide is None

    def test_in_training_the_value_is_the_networks_and_the_linear_model_learns_by_itself(self):
        net, inputs = text().train(), sentences()
        output = net(inputs)
        assert output.margins.shape == (3, 1, 3)
        grown = torch.autograd.grad(output.value.sum(), net.wide.table, allow_unused=True)[0]
        assert grown is None

    def test_every_parameter_learns(self):
        net = text().train()
        output = net(sentences())
        loss = torch.nn.functional.cross_entropy(output.value, torch.tensor([0, 1, 2]))
        (loss + output.margins[0].square().sum() + output.margins.sum()).backward()
        missing = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.to_dense().abs().sum() > 0]
        assert missing == []

    def test_how_rare_ngrams_are_is_measured(self):
        net = text()
        net.prepare(sentences())
        assert net.wide.rarity.unique().numel() > 1

    def test_roles(self):
        net = text()
        roles = {name: net.role(name, parameter) for name, parameter in net.named_parameters()}
        assert roles["wide.table"] == "linear"
        assert roles["embedding.table"] == "sparse"
        assert roles["stack.stem.convs.0.weight"] == "orthogonal"
        assert roles["stack.stem.convs.0.bias"] == "adam"
        assert roles["head.linear.weight"] == "adam"


class TestTokenCnn:
    def test_padding_changes_nothing(self):
        net, inputs = tokens(causal=False), sentences()
        found = net(inputs).value
        assert found.shape == (3, 8, 5)
        torch.testing.assert_close(net(longer(inputs)).value[:, :8], found)
        torch.testing.assert_close(net(inputs[1:2, :3]).value, found[1:2, :3])

    def test_a_tag_sees_both_sides(self):
        net, inputs = tokens(causal=False), sentences()
        changed = inputs.clone()
        changed[0, 4, 0] = changed[0, 4, 0] % 29 + 1
        difference = (net(inputs).value - net(changed).value).abs().sum(2)
        assert (difference[0, [3, 4, 5]] > 0).all()
        assert difference[1].sum() == 0

    def test_the_next_token_depends_on_earlier_ones_only(self):
        net, inputs = tokens(causal=True, sequence=LETTERS, values=30), sentences()[..., :1]
        changed = inputs.clone()
        changed[0, 4] = changed[0, 4] % 29 + 1
        difference = (net(inputs).value - net(changed).value).abs().sum(2)[0]
        assert (difference[:4] == 0).all()
        assert (difference[4:6] > 0).all()
