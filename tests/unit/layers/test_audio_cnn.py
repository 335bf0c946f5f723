import pytest
import small_kinds
import torch

from gnomon.layers.audio_cnn import AudioCnn, MaskedNorm
from gnomon.layers.hearing import HearingConfig


def network(**changed):
    torch.manual_seed(0)
    sizes = {"widths": (8, 12, 16), "depth": 2, "dropout": 0.0, **changed}
    return AudioCnn(small_kinds.SOUND, 3, HearingConfig(num_mels=24), **sizes)


def test_the_norm_counts_only_what_is_there():
    norm = MaskedNorm(2).train()
    x = torch.randn(3, 2, 4, 10)
    mask = (torch.arange(10) < torch.tensor([10, 4, 7])[:, None])[:, None, None].float()
    found = norm(x * mask + 99 * (1 - mask), mask).detach()
    assert not found[1, :, :, 4:].any()
    there = mask.expand_as(x) > 0
    values = torch.stack([found[:, channel][there[:, channel]] for channel in range(2)])
    assert values.mean(1) == pytest.approx(torch.zeros(2), abs=1e-5)
    assert values.var(1, unbiased=False) == pytest.approx(torch.ones(2), abs=1e-3)
    raw = torch.stack([x[:, channel][there[:, channel]] for channel in range(2)])
    assert norm.running_mean == pytest.approx(0.4 * raw.mean(1), abs=1e-5)
    assert norm.running_var == pytest.approx(0.6 + 0.4 * raw.var(1), abs=1e-4)
    assert norm.eval()(x, mask).detach()[0] == pytest.approx((x[0] - norm.running_mean[:, None, None])
        / (norm.running_var[:, None, None] + 1e-5).sqrt(), abs=1e-5)  # fmt: skip


def test_mels_and_time_shrink_as_planned():
    made = network().eval()
    frames, present = made.hearing(batch(3))
    x, mask = frames[:, None], present[:, None, None].float()
    shapes = []
    for group in made.groups:
        x, mask = group(x, mask)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(8, 12, 20), (12, 6, 10), (16, 3, 10)]
    assert mask.shape == (3, 1, 1, 10)


def batch(count):
    kind = next(kind for kind in small_kinds.KINDS if kind.name == "recordings")
    return kind.batch(count).inputs


def test_roles_are_those_of_normalised_filters():
    made = network()
    roles = {made.role(name, parameter) for name, parameter in made.named_parameters()}
    assert roles == {"matrix", "vector", "head", "frozen"}


def test_a_long_silence_after_the_end_changes_nothing():
    made = network().eval()
    made.prepare(batch(6))
    with torch.no_grad():
        plain = made(batch(3)).value
        longer = made(torch.nn.functional.pad(batch(3), (0, 4000))).value
    assert longer == pytest.approx(plain, abs=1e-4)
