"""How rare the views of values are among usual ones."""

import math

import pytest
import torch

from gnomon.layers.series_views import MOST, VIEWS, SeriesViews, rarity


def usual(count=200, length=32, seed=0):
    draw = torch.Generator().manual_seed(seed)
    season = torch.sin(2 * math.pi * torch.arange(length) / 8)[None, :, None]
    return season + 0.2 * torch.randn(count, length, 1, generator=draw)


def seen(views, values):
    expected = torch.sin(2 * math.pi * torch.arange(values.shape[1]) / 8)[None, :, None].expand_as(values)
    return views.seen(values, (values - expected).square(), torch.zeros(len(values)))


@pytest.fixture(scope="module")
def views():
    made = SeriesViews(1, 32, 8)
    made.lay(usual())
    made.fit(seen(made, usual()))
    return made


def test_the_season_is_a_view_where_it_fits_into_half_of_the_window():
    assert SeriesViews(1, 32, 8).num_views == len(VIEWS)
    assert SeriesViews(1, 32, 17).num_views == SeriesViews(1, 32, 1).num_views == len(VIEWS) - 1


def test_usual_values_are_as_rare_as_their_share(views):
    rare = views(seen(views, usual(seed=1)))
    for share in (0.5, 0.1, 0.01):
        found = (rare > -math.log(share) + 1e-6).float().mean(dim=(0, 1, 2))
        assert (found < 2 * share + 0.005).all()
        assert (found[0] > share / 2).all()
    assert rare.min() >= -math.log(0.5) - 1e-6
    assert rare.max() <= MOST


@pytest.mark.parametrize(
    ("change", "view"),
    [
        ("spike", "off the plane"),
        ("frozen", "still"),
        ("level", "unlike last season"),
        ("noise", "unlikely"),
        ("late", "unlike last season"),
    ],
)
def test_each_kind_of_anomaly_has_a_view_that_sees_it(views, change, view):
    values = usual(1, seed=2)
    part = slice(12, 24)
    if change == "spike":
        values[:, 16] += 4
    elif change == "frozen":
        values[:, part] = values[:, 12:13]
    elif change == "level":
        values[:, part] += 1.5
    elif change == "noise":
        values[:, part] += 2 * torch.randn(1, 12, 1, generator=torch.Generator().manual_seed(3))
    else:
        values[:, part] = -values[:, part]
    rare = views(seen(views, values))
    assert rare[0, 16, 0, VIEWS.index(view)] > -math.log(0.01)
    assert rarity(rare)[0, part, 0].mean() > rarity(views(seen(views, usual(1, seed=4))))[0, part, 0].mean() + 1


@pytest.mark.parametrize("count", [20, 200])
def test_what_lies_off_the_plane_of_usual_windows_is_seen_where_it_is(count):
    times, draw = torch.arange(32) / 8 * 2 * math.pi, torch.Generator().manual_seed(0)
    weights = torch.randn(count + 1, 2, 2, generator=draw)
    waves = torch.stack([torch.sin(times), torch.cos(times)])
    windows = (weights.transpose(1, 2) @ waves).transpose(1, 2)  # two channels, each any wave of that length
    made = SeriesViews(2, 32, 1)
    made.lay(windows[:count])
    view = VIEWS.index("off the plane")
    new = windows[count:].clone()
    assert seen(made, new)[..., view].max() < math.log(2e-3)
    new[0, 10, 1] += 3
    off = seen(made, new)[0, ..., view]
    assert off.argmax().item() == 10 * 2 + 1
    assert off.max() > math.log(2.5)


def test_windows_that_are_all_alike_have_a_plane_without_axes():
    made = SeriesViews(1, 32, 1)
    made.lay(torch.ones(50, 32, 1))
    assert not made.axes.any()
    assert made.middle.eq(1).all()


def test_beyond_what_was_seen_stranger_is_rarer(views):
    ordered = seen(views, usual(1))
    low, high = ordered.clone(), ordered.clone()
    low[..., 0] = views.knots[0, -1] * 2
    high[..., 0] = views.knots[0, -1] * 3
    assert (views(high)[..., 0] > views(low)[..., 0]).all()


def test_the_rarest_view_speaks_loudest():
    assert rarity(torch.tensor([[[[1.0, 5.0, 2.0]]]])).item() == pytest.approx(math.sqrt(10))
    one, many = rarity(torch.tensor([[6.0, 0.0, 0.0], [3.0, 3.0, 3.0]])).tolist()
    assert one > many


def test_a_view_counts_less_the_rarer_later_windows_are():
    views = SeriesViews(1, 32, 8)
    views.lay(usual())
    views.fit(seen(views, usual()))
    before = views(seen(views, usual(50, seed=5)))
    views.temper(seen(views, usual(100, seed=6)))
    assert (views.excess < 1.25).all()  # nothing has changed
    louder = 1.5 * usual(100, seed=6)
    views.temper(seen(views, louder))
    still, unlikely, plane, season = views.excess.tolist()
    assert still == 1.0
    assert min(unlikely, plane, season) > 1.4
    after = views(seen(views, usual(50, seed=5)))
    torch.testing.assert_close(after * views.excess, before)
    assert views(seen(views, louder)).square().mean((0, 1, 2))[2] / 2 == pytest.approx(1, abs=0.1)
    views.temper(seen(views, louder)[:1])
    assert (views.excess[1:] < torch.tensor([unlikely, plane, season])).all()  # a single window says little


def test_one_wild_value_among_later_ones_silences_no_view():
    views = SeriesViews(1, 32, 8)
    views.lay(usual())
    views.fit(seen(views, usual()))
    later = usual(100, seed=6)
    later[50, 16] += 1e6
    views.temper(seen(views, later))
    assert (views.excess < 1.4).all()


def test_a_channel_that_never_changes_is_usual_until_it_does():
    made = SeriesViews(1, 32, 1)
    still = torch.zeros(50, 32, 1)

    def looked(values):
        return made.seen(values, torch.full_like(values, -4.0), torch.zeros(len(values)))

    made.fit(looked(still))
    assert made(looked(still[:1])).max() <= -math.log(0.5) + 1e-6
    moved = still[:1].clone()
    moved[:, 16] = 0.1
    assert made(looked(moved)).max() > -math.log(0.001)
