import torch

from gnomon.layers.head import Head


def test_values_by_hand():
    head = Head(2, 3)
    with torch.no_grad():
        head.linear.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 3.0]]))
        head.offset.copy_(torch.tensor([0.5, 0.0, -1.0]))
    assert head(torch.tensor([[10.0, 1.0]])).tolist() == [[10.5, 1.0, 22.0]]


def test_answer_gives_the_same_values_for_every_input():
    head = Head(4, 2)
    head.answer(torch.tensor([0.25, -3.0]))
    assert head(torch.randn(3, 4)).tolist() == [[0.25, -3.0]] * 3


def test_the_offset_is_kept_but_not_trained():
    head = Head(4, 2)
    assert [name for name, _ in head.named_parameters()] == ["linear.weight"]
    assert set(head.state_dict()) == {"linear.weight", "offset"}
    assert head.offset.tolist() == [0.0, 0.0]


def test_the_result_is_float32_in_any_precision():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert Head(4, 2)(torch.randn(3, 4)).dtype == torch.float32


def test_a_wide_head_starts_with_small_values():
    torch.manual_seed(0)
    assert Head(1000, 10).linear.weight.std().item() < 2e-3
