from itertools import chain

import numpy as np
import pytest
import torch

from gnomon.core.ranks import Ranks
from gnomon.core.spec import Split
from gnomon.data.windows import ArrayFeed, WindowFeed, Windows, looks_arrays, looks_windows

CPU = torch.device("cpu")


def rows(count, channels=2):
    """Row r holds r and r + 1000, …: every value tells where it came from."""
    return (np.arange(count)[:, None] + 1000 * np.arange(channels)).astype(np.float32)


def split(windows):
    hashes = np.arange(2 * len(windows), dtype=np.uint64).view("V16")
    return Split(inputs=windows, targets=windows, ids=np.arange(len(windows)).astype(str), hashes=hashes)


def feed(windows, *, batch_size=4, seed=0, ranks=None):
    return WindowFeed(split(windows), batch_size=batch_size, seed=seed, device=CPU, ranks=ranks or Ranks())


def test_windows_know_what_lies_before_and_forecast_what_comes():
    windows = Windows(rows(10), lookback=3, horizon=2, first=3)
    assert len(windows) == 6
    assert windows[0].tolist() == [[0, 1000], [1, 1001], [2, 1002]]
    assert windows.futures(0).tolist() == [[3, 1003], [4, 1004]]
    assert windows[-1][:, 0].tolist() == [5, 6, 7]
    assert windows.futures(-1)[:, 0].tolist() == [8, 9]
    assert windows[np.array([1, 4])].shape == (2, 3, 2)
    assert windows.futures(slice(0, 6))[:, 0, 0].tolist() == [3, 4, 5, 6, 7, 8]


def test_a_window_tells_the_times_of_what_it_knows_and_of_what_comes():
    about = {"lookback": 3, "horizon": 2, "first": 3}
    windows = Windows(rows(7), **about, before=["t0", "t1"], names=np.array(["t2", "t3", "t4", "t5", "t6"]))
    assert windows.times(0) == ["t0", "t1", "t2", "t3", "t4"]
    assert windows.times(2) == ["t2", "t3", "t4", "t5", "t6"]
    assert Windows(rows(7), **about).times(0) == []


def test_no_window_is_dropped_and_none_leaves_the_rows():
    assert len(Windows(rows(10), lookback=3, horizon=7, first=3)) == 1
    assert len(Windows(rows(10), lookback=3, horizon=8, first=3)) == 0


def test_only_some_channels_are_forecast():
    windows = Windows(rows(10, 3), lookback=3, horizon=2, first=3, columns=(2, 0))
    assert windows.futures(0).tolist() == [[2003, 3], [2004, 4]]
    assert windows[0].shape == (3, 3)


def test_windows_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="windows of 3 and 2 rows from row 2 on"):
        Windows(rows(10), lookback=3, horizon=2, first=2)


@pytest.mark.parametrize("columns", [None, (1,)])
def test_a_batch_holds_the_windows_that_it_names(columns):
    windows = Windows(rows(20), lookback=5, horizon=3, first=6, columns=columns)
    batch = feed(windows).batch(3, size=0)
    assert batch.inputs.shape == (4, 5, 2)
    assert batch.inputs.dtype == torch.float32
    assert np.array_equal(batch.inputs.numpy(), windows[batch.ids])
    assert np.array_equal(batch.targets.numpy(), windows.futures(batch.ids))


def test_an_epoch_holds_every_window_once_and_the_next_has_another_order():
    windows = Windows(rows(16), lookback=3, horizon=2, first=3)
    made = feed(windows)
    assert made.num_samples == len(windows) == 12
    first, second = ([made.batch(step, size=0).ids.tolist() for step in steps] for steps in (range(3), range(3, 6)))
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(12))
    assert first != second


def test_a_batch_is_a_pure_function_of_the_step_over_the_borders_of_epochs():
    windows = Windows(rows(17), lookback=3, horizon=2, first=3)
    forward = [feed(windows).batch(step, size=0).ids.tolist() for step in range(8)]
    again = feed(windows)
    assert [again.batch(step, size=0).ids.tolist() for step in reversed(range(8))] == forward[::-1]
    assert forward != [feed(windows, seed=1).batch(step, size=0).ids.tolist() for step in range(8)]


def test_ranks_share_a_batch():
    windows = Windows(rows(20), lookback=3, horizon=2, first=3)
    whole = feed(windows).batch(5, size=0).ids.tolist()
    parts = [feed(windows, ranks=Ranks(rank=rank, world_size=2)).batch(5, size=0).ids.tolist() for rank in (0, 1)]
    assert list(chain(*parts)) == whole


def test_looking_gives_every_window_once_in_order():
    windows = Windows(rows(16), lookback=3, horizon=2, first=3)
    batches = list(looks_windows(split(windows), batch_size=5, device=CPU))
    assert [len(batch) for batch in batches] == [5, 5, 2]
    assert np.concatenate([batch.ids for batch in batches]).tolist() == list(range(12))
    assert np.array_equal(np.concatenate([batch.targets.numpy() for batch in batches]), windows.futures(slice(0, 12)))
    (some,) = looks_windows(split(windows), batch_size=5, device=CPU, rows=np.array([2, 7]))
    assert np.array_equal(some.inputs.numpy(), windows[np.array([2, 7])])


def test_whole_series_with_labels_come_in_batches_too():
    inputs, labels = np.random.default_rng(0).normal(size=(10, 6, 2)), np.arange(10) % 3
    hashes = np.arange(20, dtype=np.uint64).view("V16")
    given = Split(inputs=inputs.astype(np.float32), targets=labels, ids=np.arange(10).astype(str), hashes=hashes)
    made = ArrayFeed(given, batch_size=4, seed=0, device=CPU, ranks=Ranks())
    batch = made.batch(1, size=0)
    assert made.num_samples == 10
    assert np.array_equal(batch.inputs.numpy(), given.inputs[batch.ids])
    assert batch.inputs.dtype == torch.float32
    assert batch.targets.tolist() == labels[batch.ids].tolist()
    looked = list(looks_arrays(given, batch_size=4, device=CPU))
    assert torch.cat([batch.targets for batch in looked]).tolist() == labels.tolist()
    (some,) = looks_arrays(given, batch_size=4, device=CPU, rows=np.array([9, 1]))
    assert some.targets.tolist() == labels[[9, 1]].tolist()


def test_feeds_of_windows_take_nothing_else():
    with pytest.raises(TypeError, match="a ndarray holds no windows"):
        feed(np.zeros((10, 2)))
