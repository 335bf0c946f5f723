"""What lies in the plane of usual samples is left out, what does not is left over."""

import pytest
import torch

from gnomon.layers.plane import off_plane, plane_of


@pytest.mark.parametrize("count", [5, 200])
def test_what_spreads_is_in_the_plane(count):
    draw = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(20, 2, generator=draw)).Q
    rows = 3 + torch.randn(count, 2, generator=draw) * torch.tensor([5.0, 1.0]) @ basis.T
    middle, axes = plane_of(rows, 4)
    torch.testing.assert_close(off_plane(rows, middle, axes), torch.zeros(count, 20), atol=1e-4, rtol=0)
    torch.testing.assert_close((axes[1] @ basis[:, 0]).abs(), torch.tensor(1.0), atol=0.2, rtol=0)
    assert not axes[2:].any()
    aside = torch.eye(20)[0] - basis @ basis[0]
    torch.testing.assert_close(off_plane(rows[:1] + 7 * aside, middle, axes)[0], 7 * aside, atol=1e-3, rtol=0)


def test_rows_that_are_alike_have_a_middle_only():
    middle, axes = plane_of(torch.full((10, 3), 2.0), 2)
    assert middle.tolist() == [2.0] * 3
    assert not axes.any()
    assert off_plane(torch.tensor([[2.0, 2.0, 5.0]]), middle, axes).tolist() == [[0.0, 0.0, 3.0]]
