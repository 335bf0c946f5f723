import math
from dataclasses import replace

import pytest
import torch
from small_training import spec
from torch.nn import functional as F

from gnomon.core.errors import UsageError
from gnomon.core.spec import QUANTILES, Label, Sequence, Series, Spec, Tags
from gnomon.core.training import Allowance, Speed
from gnomon.families import cnn
from gnomon.families.cnn import Config, Group, Norm, Pool, build, size_for

SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=2**33)
CIFAR = spec(side=32, channels=3, num_classes=10)


def allowance(train_s=60.0, *, num_train=50_000, samples=None):
    return Allowance(train_s=train_s, samples=samples, flop=None, num_train=num_train)


def network(config=None, some=None):
    torch.manual_seed(0)
    return build(config or Config(widths=(8, 16)), some or spec(side=12, channels=3))


def inputs(count=4, side=12, channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, side, side, channels), dtype=torch.uint8, generator=generator)


class TestPool:
    def test_maximum_of_four_by_hand(self):
        x = torch.arange(16.0).reshape(1, 1, 4, 4)
        assert Pool(1, blur=False)(x).tolist() == [[[[5, 7], [13, 15]]]]

    @pytest.mark.parametrize("blur", [False, True])
    @pytest.mark.parametrize(("side", "half"), [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (8, 4), (9, 4)])
    def test_it_halves_and_leaves_a_single_pixel_alone(self, blur, side, half):
        assert Pool(3, blur=blur)(torch.randn(2, 3, side, side)).shape == (2, 3, half, half)

    def test_a_row_of_pixels(self):
        assert Pool(1, blur=False)(torch.tensor([[[[1.0, 3.0, 2.0, 5.0]]]])).tolist() == [[[[3, 5]]]]

    def test_blurred_it_is_a_weighted_mean_of_maxima(self):
        x = torch.randn(1, 1, 8, 8)
        dense = F.max_pool2d(x, 2, stride=1)[0, 0]
        weights = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
        expected = (dense[1:4, 1:4] * weights).sum()
        torch.testing.assert_close(Pool(1, blur=True)(x)[0, 0, 1, 1], expected)

    def test_blurred_a_move_by_one_pixel_changes_less(self):
        torch.manual_seed(0)
        x = torch.randn(1, 1, 40, 40)
        moved = torch.roll(x, 1, dims=3)

        def change(pool):
            return (pool(x) - pool(moved))[..., 2:-2, 2:-2].square().mean().item()

        assert change(Pool(1, blur=True)) < 0.5 * change(Pool(1, blur=False))

    def test_the_kernel_is_not_saved(self):
        assert Pool(4, blur=True).state_dict() == {}


class TestNorm:
    def test_the_gain_is_one_and_is_not_trained(self):
        norm = Norm(3)
        assert [name for name, p in norm.named_parameters() if p.requires_grad] == ["bias"]
        assert norm.weight.tolist() == [1.0] * 3

    def test_statistics_keep_six_tenths(self):
        norm = Norm(1)
        norm(torch.full((2, 1, 2, 2), 10.0))
        assert norm.running_mean.item() == pytest.approx(0.4 * 10)


class TestConvolutions:
    @pytest.mark.parametrize(("ins", "outs"), [(3, 8), (8, 8), (8, 3)])
    def test_the_first_filters_pass_their_channel_on(self, ins, outs):
        torch.manual_seed(0)
        conv = cnn._convolution(ins, outs)
        shared = min(ins, outs)
        x = torch.randn(1, ins, 6, 6)
        found = conv(x)[:, :shared]
        factor = found[0, 0, 0, 0] / x[0, 0, 0, 0]
        torch.testing.assert_close(found, x[:, :shared] * factor)
        assert conv.weight.norm().item() == pytest.approx(math.sqrt(outs))
        assert conv.bias is None

    def test_a_group_adds_its_entry_where_it_is_residual(self):
        torch.manual_seed(0)
        plain, residual = (Group(4, 8, Config(residual=flag)) for flag in (False, True))
        residual.load_state_dict(plain.state_dict())
        x = torch.randn(3, 4, 8, 8)
        plain.eval()
        residual.eval()
        entry = plain.activation(plain.norms[0](plain.pool(plain.convs[0](x))))
        torch.testing.assert_close(residual(x), plain(x) + entry)
        assert plain(x).shape == (3, 8, 4, 4)

    @pytest.mark.parametrize("depth", [1, 2, 4])
    def test_a_group_has_as_many_convolutions_as_it_is_deep(self, depth):
        assert len(Group(4, 8, Config(depth=depth, residual=True)).convs) == depth


class TestCnn:
    def test_only_the_whitening_bias_learns_early_and_its_filters_never(self):
        net = network()
        roles = {name: net.role(name, parameter) for name, parameter in net.named_parameters()}
        assert roles["whiten.bias"] == "early"
        assert roles["whiten.weight"] == "frozen"
        assert roles["head.linear.weight"] == "head"
        assert roles["groups.0.convs.0.weight"] == "matrix"
        assert roles["groups.0.norms.0.bias"] == "vector"
        assert roles["groups.0.norms.0.weight"] == "frozen"

    def test_prepared_its_patches_are_white(self):
        net, some = network(), inputs(64)
        net.prepare(some)
        patches = net.whiten(net.standardise(some))
        assert patches.mean(dim=(0, 2, 3)).abs().max() < 0.1
        torch.testing.assert_close(patches.square().mean(dim=(0, 2, 3)), torch.ones(24), atol=0.05, rtol=0)

    @pytest.mark.parametrize("activation", ["gelu", "silu", "relu"])
    @pytest.mark.parametrize("size", [2, 5, 12, 20])
    def test_it_takes_other_resolutions_than_its_own(self, activation, size):
        net = network(Config(widths=(8, 16), activation=activation)).eval()
        assert net(inputs(side=size)).value.shape == (4, 3)

    def test_dropout_is_for_training_only(self):
        net = network(Config(widths=(8, 16), dropout=0.9))
        net.prepare(inputs())
        net.eval()
        assert torch.equal(net(inputs()).value, net(inputs()).value)
        net.train()
        assert not torch.equal(net(inputs()).value, net(inputs()).value)

    def test_views_are_moved_along_the_diagonal_with_repeated_borders(self):
        picture = torch.arange(1, 10, dtype=torch.uint8).reshape(1, 3, 3, 1)
        (one, same), (two, down), (three, up) = network(some=spec(side=3)).views(picture)
        assert (one, two, three) == (0.5, 0.25, 0.25)
        assert torch.equal(same, picture)
        assert down[0, ..., 0].tolist() == [[1, 1, 2], [1, 1, 2], [4, 4, 5]]
        assert up[0, ..., 0].tolist() == [[5, 6, 6], [8, 9, 9], [8, 9, 9]]

    def test_mirrored_views_are_added_where_mirrors_mean_nothing(self):
        views = list(network(Config(widths=(8,), mirror=True)).views(inputs()))
        assert [weight for weight, _ in views] == [0.5, 0.25, 0.25] * 2
        for (_, view), (_, turned) in zip(views[:3], views[3:], strict=True):
            assert torch.equal(turned, view.flip(2))


class TestSizeFor:
    @pytest.mark.parametrize(
        ("samples", "widths"),
        [
            (1, (32, 64, 128)),
            (79_999, (32, 64, 128)),
            (80_000, (32, 128, 256)),
            (250_000, (64, 128, 256)),
            (400_000, (64, 256, 256)),
            (1_999_999, (64, 256, 256)),
            (2_000_000, (128, 384, 512)),
            (1e9, (128, 384, 512)),
        ],
    )
    def test_the_ladder_by_samples_seen(self, samples, widths):
        assert size_for(allowance(None, samples=samples), CIFAR, SPEED).config.widths == widths

    def test_why_is_said(self):
        (why,) = size_for(allowance(None, samples=500_000), CIFAR, SPEED).why
        assert why == "width 256: the largest network of its ladder that sees enough pictures in the budget"

    @pytest.mark.parametrize(
        ("side", "phases"),
        [
            (8, ((0.0, 8),)),
            (23, ((0.0, 23),)),
            (28, ((0.0, 16), (0.3, 20), (0.7, 28))),
            (32, ((0.0, 16), (0.3, 24), (0.7, 32))),
            (64, ((0.0, 32), (0.3, 48), (0.7, 64))),
            (192, ((0.0, 76), (0.3, 112), (0.7, 152))),
        ],
    )
    def test_resolutions_rise_and_photos_are_tested_larger(self, side, phases):
        proposal = size_for(allowance(), spec(side=side, channels=3), SPEED)
        assert proposal.settings["train.phases"] == phases
        assert proposal.settings["train.test_size_px"] == side

    @pytest.mark.parametrize("side", range(2, 400, 7))
    def test_resolutions_always_rise(self, side):
        sizes = [size for _, size in cnn._phases(side)]
        assert sizes == sorted(set(sizes))
        assert sizes[-1] <= side

    @pytest.mark.parametrize(
        ("side", "groups", "stride"),
        [(8, 1, 1), (28, 3, 1), (32, 3, 1), (64, 4, 1), (96, 4, 2), (192, 4, 4), (224, 4, 4)],
    )
    def test_groups_leave_a_map_of_a_few_pixels(self, side, groups, stride):
        config = size_for(allowance(), spec(side=side, channels=3), SPEED).config
        assert (len(config.widths), config.stride) == (groups, stride)
        assert 2 <= side / stride / 2**groups <= 5

    def test_photos_get_residual_groups_and_blur_small_pictures_do_not(self):
        photo = size_for(allowance(), spec(side=192, channels=3), SPEED)
        assert (photo.config.residual, photo.config.blur, photo.config.depth, photo.config.patch_px) == (
            True,
            True,
            3,
            4,
        )
        assert photo.settings["augment.crop_min_area"] == 0.35
        assert photo.settings["augment.shift_px"] == 0
        small = size_for(allowance(), CIFAR, SPEED)
        assert (small.config.residual, small.config.blur, small.config.depth, small.config.patch_px) == (
            False,
            False,
            2,
            2,
        )
        assert small.settings["augment.crop_min_area"] == 1.0
        assert small.settings["augment.shift_px"] == 2

    def test_digits_are_not_mirrored_colour_pictures_are(self):
        digits = size_for(allowance(), spec(side=28, channels=1), SPEED)
        assert (digits.config.mirror, digits.settings["augment.flip"]) == (False, "off")
        colour = size_for(allowance(), CIFAR, SPEED)
        assert (colour.config.mirror, colour.settings["augment.flip"]) == (True, "alternate")

    @pytest.mark.parametrize(("num_train", "batch"), [(10, 32), (400, 32), (1437, 64), (10_000, 512), (10**6, 512)])
    def test_the_batch_grows_with_the_data(self, num_train, batch):
        assert size_for(allowance(num_train=num_train), CIFAR, SPEED).settings["train.batch_size"] == batch

    def test_operations_by_hand(self):
        # 8 x 8 grey: whitening 2*8*4*64, 3x3 filters 8 -> 4 on 64 pixels and 4 -> 4 on 16; backward costs two more
        config = Config(widths=(4,), depth=2)
        expected = 3 * (2 * 8 * 4 * 64 + 2 * 9 * 8 * 4 * 64 + 2 * 9 * 4 * 4 * 16)
        assert cnn._flop_at(config, spec(side=8).input, 8) == expected
        assert cnn._flop_at(config, spec(side=8).input, 4) == expected / 4
        halves = cnn._flop_per_sample(config, spec(side=8).input, ((0.0, 4), (0.5, 8)))
        assert halves == expected * (0.5 / 4 + 0.5)


WORDS = Sequence(sizes=(40, 7), length=30, unit="word")
LETTERS = Sequence(sizes=(40,), length=64, unit="character")
CLASSES = Label(classes=("a", "b", "c"))
TAGS = Tags(classes=("N", "V"))
CURVES = Series(names=("x", "y"), length=48, period=12, mean=(1.0, 2.0), deviation=(3.0, 4.0))
AHEAD = Series(names=("y",), length=10)
OVER_TIME = {
    "text": Spec(input=WORDS, target=CLASSES),
    "letters": Spec(input=LETTERS, target=CLASSES),
    "tags": Spec(input=WORDS, target=TAGS),
    "next": Spec(input=LETTERS, target=LETTERS),
    "curves": Spec(input=CURVES, target=CLASSES),
    "forecast": Spec(input=CURVES, target=AHEAD),
}
SHAPES = {
    "text": (2, 3),
    "letters": (2, 3),
    "tags": (2, 8, 2),
    "next": (2, 8, 40),
    "curves": (2, 3),
    "forecast": (2, 10, 1, 1 + len(QUANTILES)),
}


def sample_of(some):
    if isinstance(some.input, Series):
        return torch.randn(2, some.input.length, len(some.input.names))
    return torch.randint(1, 7, (2, 8, len(some.input.sizes)))


@pytest.mark.parametrize("kind", OVER_TIME)
class TestOverTime:
    def test_what_is_proposed_gives_what_the_task_asks(self, kind):
        some = OVER_TIME[kind]
        torch.manual_seed(0)
        net = build(size_for(allowance(1.0), some, SPEED).config, some).eval()
        assert net(sample_of(some)).value.shape == SHAPES[kind]

    def test_the_network_never_shrinks_and_grows_in_the_end(self, kind):
        some = OVER_TIME[kind]
        sizes = []
        for power in range(-2, 8):
            config = size_for(allowance(10.0**power), some, SPEED).config
            with torch.device("meta"):
                named = build(config, some).named_parameters()
                sizes.append(sum(p.numel() for name, p in named if not name.startswith("wide.")))
        assert sizes == sorted(sizes)
        assert sizes[-1] > 1.5 * sizes[0]


def test_only_the_proposals_for_text_count_ngrams():
    counted = {kind: size_for(allowance(), some, SPEED).config.ngrams for kind, some in OVER_TIME.items()}
    assert [kind for kind, ngrams in counted.items() if ngrams] == ["text", "letters"]
    assert max(counted["letters"]) > max(counted["text"])


def test_filters_are_not_longer_than_a_short_series():
    short = replace(OVER_TIME["curves"], input=replace(CURVES, length=10))
    assert size_for(allowance(), short, SPEED).config.spans == (3,)


@pytest.mark.parametrize("take", [build, lambda config, some: size_for(allowance(), some, SPEED)])
def test_what_it_does_not_take_is_named(take):
    with pytest.raises(TypeError, match="does not take Series and give Tags"):
        take(Config(), Spec(input=CURVES, target=TAGS))


@pytest.mark.parametrize(
    "wrong",
    [{"spans": ()}, {"spans": (0,)}, {"widths": (2,), "spans": (1, 2, 3)}, {"ngram_rows": 1}, {"patch_steps": 0}],
)
def test_impossible_sizes_over_time_are_refused(wrong):
    with pytest.raises(UsageError, match="is not possible"):
        Config(**wrong)
