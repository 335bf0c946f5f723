import pytest
import torch
from small_training import spec

from gnomon.core.errors import UsageError
from gnomon.core.spec import QUANTILES, Label, Number, Sequence, Series, Spec, Tags, Vector
from gnomon.core.training import Allowance, Speed
from gnomon.families import mlp
from gnomon.families.mlp import Block, Config, build, size_for

SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=2**33)


def allowance(train_s=60.0, *, num_train=1000, samples=None):
    return Allowance(train_s=train_s, samples=samples, flop=None, num_train=num_train)


class TestBlock:
    def test_it_adds_its_input_where_the_widths_agree(self):
        torch.manual_seed(0)
        block = Block(4, 4, 0.0).eval()
        x = torch.randn(3, 4)
        torch.testing.assert_close(block(x), x + block.activation(block.norm(block.linear(x))))

    def test_elsewhere_it_does_not(self):
        torch.manual_seed(0)
        block = Block(5, 4, 0.0).eval()
        x = torch.randn(3, 5)
        torch.testing.assert_close(block(x), block.activation(block.norm(block.linear(x))))

    def test_dropout_is_for_training_only(self):
        torch.manual_seed(0)
        block, x = Block(4, 4, 0.5), torch.randn(8, 4)
        assert not torch.equal(block(x), block(x))
        block.eval()
        assert torch.equal(block(x), block(x))

    def test_only_the_matrix_and_the_bias_of_the_norm_learn(self):
        assert [name for name, p in Block(4, 4, 0.0).named_parameters() if p.requires_grad] == [
            "linear.weight",
            "norm.bias",
        ]


def test_layers_and_widths_are_as_configured():
    network = build(Config(width=12, depth=2), spec(side=6, channels=3))
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters() if p.ndim == 2}
    assert shapes == {
        "blocks.0.linear.weight": (12, 108),
        "blocks.1.linear.weight": (12, 12),
        "head.linear.weight": (3, 12),
    }


def test_roles():
    network = build(Config(width=12, depth=1), spec())
    roles = {name: network.role(name, parameter) for name, parameter in network.named_parameters()}
    assert roles == {
        "blocks.0.linear.weight": "matrix",
        "blocks.0.norm.weight": "frozen",
        "blocks.0.norm.bias": "vector",
        "head.linear.weight": "head",
    }


def test_prepared_it_sees_standardised_pixels():
    network = build(Config(width=12, depth=1), spec())
    pixels = torch.randint(100, 156, (50, 6, 6, 1), dtype=torch.uint8)
    network.prepare(pixels)
    seen = network.standardise(pixels)
    assert seen.mean().item() == pytest.approx(0, abs=1e-4)
    assert seen.std().item() == pytest.approx(1, abs=1e-3)


def test_every_pixel_counts():
    torch.manual_seed(0)
    network = build(Config(width=12, depth=1), spec()).eval()
    pixels = torch.full((36, 6, 6, 1), 100, dtype=torch.uint8)
    changed = pixels.clone()
    changed.flatten(1).fill_diagonal_(200)
    difference = (network(pixels).value - network(changed).value).abs().sum(1)
    assert difference.gt(0).all()


@pytest.mark.parametrize(("samples", "width"), [(14_999, 128), (15_000, 1024), (1e9, 1024)])
def test_counted_in_samples_the_widest_that_makes_fifteen_passes(samples, width):
    assert size_for(allowance(None, samples=samples), spec(), SPEED).config.width == width


@pytest.mark.parametrize("width", [128, 256, 512, 1024])
def test_counted_in_seconds_the_widest_that_makes_fifteen_passes(width):
    per_sample = mlp._flop_per_sample(width, 36)
    seconds = 15 * 1000 * per_sample / SPEED.flop_per_s
    assert size_for(allowance(seconds * 1.001), spec(), SPEED).config.width == width
    narrower = size_for(allowance(seconds * 0.999), spec(), SPEED).config.width
    assert narrower == max(128, width // 2)


def test_what_is_proposed_beside_the_width():
    grey, colour = (size_for(allowance(), spec(side=32, channels=channels), SPEED) for channels in (1, 3))
    assert grey.settings["augment.flip"] == "off"
    assert colour.settings["augment.flip"] == "alternate"
    assert colour.settings["train.phases"] == ((0.0, 32),)
    assert colour.settings["augment.shift_px"] == 2
    assert "15 passes over the data" in colour.why[0]
    assert 0 < colour.merit < 0.9  # a convolutional net is the better guess for pictures


WORDS = Sequence(sizes=(40, 7), length=30, unit="word")
CLASSES = Label(classes=("a", "b", "c"))
TAGS = Tags(classes=("N", "V"))
CURVES = Series(names=("x", "y"), length=48, period=12, mean=(1.0, 2.0), deviation=(3.0, 4.0))
AHEAD = Series(names=("y",), length=10)
OVER_TIME = {
    "text": Spec(input=WORDS, target=CLASSES),
    "tags": Spec(input=WORDS, target=TAGS),
    "curves": Spec(input=CURVES, target=CLASSES),
    "forecast": Spec(input=CURVES, target=AHEAD),
}
SHAPES = {"text": (2, 3), "tags": (2, 8, 2), "curves": (2, 3), "forecast": (2, 10, 1, 1 + len(QUANTILES))}


@pytest.mark.parametrize("kind", OVER_TIME)
class TestOverTime:
    def test_what_is_proposed_gives_what_the_task_asks(self, kind):
        some = OVER_TIME[kind]
        torch.manual_seed(0)
        series = isinstance(some.input, Series)
        inputs = torch.randn(2, 48, 2) if series else torch.randint(1, 7, (2, 8, 2))
        for config in (size_for(allowance(1.0), some, SPEED).config, Config(width=8)):
            assert build(config, some).eval()(inputs).value.shape == SHAPES[kind]

    def test_the_network_never_shrinks(self, kind):
        some = OVER_TIME[kind]
        sizes = []
        for power in range(-2, 8):
            config = size_for(allowance(10.0**power), some, SPEED).config
            with torch.device("meta"):
                sizes.append(sum(p.numel() for p in build(config, some).parameters()))
        assert sizes == sorted(sizes)
        assert (sizes[-1] > sizes[0]) == (kind != "forecast")  # which is linear at any budget


def test_a_text_is_not_continued():
    following = Spec(input=WORDS, target=WORDS)
    assert size_for(allowance(), following, SPEED).merit == 0
    with pytest.raises(UsageError, match="cannot continue a text") as caught:
        build(Config(), following)
    assert "--family rnn" in caught.value.fix


@pytest.mark.parametrize("take", [build, lambda config, some: size_for(allowance(), some, SPEED)])
def test_what_it_does_not_take_is_named(take):
    with pytest.raises(TypeError, match="does not take Series and give Tags"):
        take(Config(), Spec(input=CURVES, target=TAGS))


@pytest.mark.parametrize("wrong", [{"ngrams": ()}, {"ngrams": (0,)}, {"ngram_rows": 1}, {"reach": -1}, {"depth": -1}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(UsageError, match="is not possible"):
        Config(**wrong)


class TestTables:
    ROWS = Vector(names=("x", "y"), categories=(("colour", 4),))

    def test_layers_members_and_vectors_are_as_configured(self):
        config = Config(width=12, depth=3, members=5, embedding=6, bins=7)
        network = build(config, Spec(input=self.ROWS, target=Label(classes=("a", "b"))))
        assert [layer.weight.shape for layer in network.layers] == [(12, 18), (12, 12), (12, 12)]
        assert network.head.linear.weight.shape == (10, 12 + 18)  # the row is seen beside what was made of it
        assert network.embed.bins.low.shape == (2, 7)

    def test_a_number_comes_with_its_quantiles(self):
        network = build(Config(), Spec(input=self.ROWS, target=Number())).eval()
        assert network(torch.tensor([[0.5, float("nan"), 2.0]])).value.shape == (1, 1 + len(QUANTILES))

    def test_it_is_first_choice_and_says_why(self):
        proposal = size_for(allowance(), Spec(input=self.ROWS, target=Number()), SPEED)
        assert proposal.merit == 0.9
        assert "networks in one" in proposal.why[0]
        assert proposal.settings["train.precision"] == "fp32"

    @pytest.mark.parametrize("wrong", [{"members": 0}, {"bins": 0}])
    def test_impossible_sizes_are_refused(self, wrong):
        with pytest.raises(UsageError, match=r"family\."):
            Config(**wrong)
