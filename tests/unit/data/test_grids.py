import numpy as np
import pytest

from gnomon.data.grids import MOST_PLACES, Grid, grid_of, modes_of, spikes_of


@pytest.mark.parametrize(
    ("values", "low", "step", "places", "decimals"),
    [
        ([3.0, 5.0, 11.0], 3, 2, 5, 0),
        ([0.25, 0.5, 1.0], 0.25, 0.25, 4, 2),
        ([1000.0, 5000.0, 2000.0], 1000, 1000, 5, 0),
        ([-1.5, 2.0], -1.5, 3.5, 2, 1),
        ([7.0, 7.0], 7, 1, 1, 0),
    ],
)
def test_the_coarsest_grid_on_which_all_values_lie(values, low, step, places, decimals):
    grid = grid_of(np.array(values))
    assert (grid.low, grid.places, grid.decimals) == (low, places, decimals)
    assert grid.step == pytest.approx(step)
    assert grid.values(grid.placed(np.array(values))).tolist() == values


def test_values_on_no_grid_are_told_apart_in_fine_steps():
    values = np.random.default_rng(0).normal(size=500)
    grid = grid_of(values)
    assert grid.decimals == -1
    assert 60_000 < grid.places <= MOST_PLACES
    assert np.abs(grid.values(grid.placed(values)) - values).max() < grid.step


def test_far_values_do_not_make_the_others_one():
    values = np.append(np.random.default_rng(0).normal(size=500), 5e3)
    assert len(np.unique(grid_of(values).placed(values))) > 450


def test_a_grid_of_more_places_than_float32_can_tell_is_made_coarser():
    grid = grid_of(np.array([0.0, 1.0, 1e9]))
    assert grid.places <= MOST_PLACES
    assert grid.step % 1 == 0


def test_places_may_lie_outside_and_values_never_do():
    grid = Grid(low=10.0, step=2.0, places=5, decimals=0)
    assert grid.placed(np.array([8.0, 30.0, np.nan])).tolist()[:2] == [-1.0, 10.0]
    assert grid.values(np.array([-1.0, 10.0])).tolist() == [10.0, 18.0]


def test_a_value_that_comes_far_more_often_than_its_neighbours_stands_out():
    places = np.concatenate([np.arange(100).repeat(3), np.full(200, 40), np.full(60, 75)]).astype(float)
    assert spikes_of(places) == (40, 75)


def test_of_few_different_values_all_stand_out_and_of_even_ones_none():
    assert spikes_of(np.array([1.0, 2.0, 5.0] * 10)) == (1, 2, 5)
    assert spikes_of(np.arange(500, dtype=float)) == ()


def test_two_heaps_have_modes_at_both():
    draw = np.random.default_rng(0)
    places = np.round(np.concatenate([draw.normal(100, 3, 2000), draw.normal(500, 20, 2000)]))
    means, deviations = modes_of(places)
    assert (np.diff(means) >= 0).all()
    assert means[0] < 110 and means[-1] > 480
    assert not ((means > 150) & (means < 400)).any()
    assert (deviations > 0).all()


def test_few_values_have_one_mode():
    means, deviations = modes_of(np.array([3.0, 3.0]))
    assert means == pytest.approx([3.0])
    assert deviations == pytest.approx([0.5])
