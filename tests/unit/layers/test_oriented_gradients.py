"""Edges by orientation and place."""

import torch

from gnomon.layers.oriented_gradients import CELLS, ORIENTATIONS, oriented_gradients


def stripes(across):
    pixels = torch.zeros(1, 28, 28, 1, dtype=torch.uint8)
    if across:
        pixels[:, 10:18] = 255
    else:
        pixels[:, :, 10:18] = 255
    return pixels


def test_an_even_picture_has_no_edges():
    assert oriented_gradients(torch.full((2, 9, 13, 3), 77, dtype=torch.uint8)).abs().max() == 0


def test_the_orientation_of_an_edge_is_seen():
    upright, lying = (oriented_gradients(stripes(across)).view(ORIENTATIONS, CELLS, CELLS) for across in (False, True))
    assert upright.flatten(1).sum(1).argmax() == 0
    assert lying.flatten(1).sum(1).argmax() == ORIENTATIONS // 2
    torch.testing.assert_close(upright[0], lying[ORIENTATIONS // 2].T)


def test_opposite_directions_are_one():
    torch.testing.assert_close(oriented_gradients(255 - stripes(True)), oriented_gradients(stripes(True)))


def test_colours_are_averaged_and_small_pictures_have_as_many_numbers():
    grey = torch.randint(0, 256, (2, 5, 6, 1), dtype=torch.uint8)
    torch.testing.assert_close(oriented_gradients(grey.expand(-1, -1, -1, 3)), oriented_gradients(grey))
    assert oriented_gradients(grey).shape == (2, ORIENTATIONS * CELLS**2)


def test_finer_cells_say_more_and_smoothing_widens_edges():
    assert oriented_gradients(stripes(True), cells=3).shape == (1, ORIENTATIONS * 9)
    sharp, smooth = (oriented_gradients(stripes(True), cells=14, smoothed=times) for times in (0, 2))
    assert (smooth > 0).sum() > (sharp > 0).sum()
