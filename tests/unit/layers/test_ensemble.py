import pytest
import torch
from torch import nn

from gnomon.core.spec import (
    Image,
    Label,
    NodeLabels,
    Number,
    Output,
    Sequence,
    Spec,
    Tags,
    Tree,
    Vector,
)
from gnomon.layers.ensemble import Ensemble, can_answer_together
from gnomon.layers.network import Network

ROWS = Vector(names=("x", "y"))
CLASSES = Label(classes=("a", "b", "c"))


class Line(Network):
    """A linear map of two numbers to three, all weights ``value``, but for what the last of them says."""

    def __init__(self, value):
        super().__init__()
        self.linear = nn.Linear(2, 3, bias=False)
        nn.init.constant_(self.linear.weight, value)
        with torch.no_grad():
            self.linear.weight[2] = 0.0

    def forward(self, inputs, carry=None):
        return Output(self.linear(inputs))

    def role(self, name, parameter):
        return "frozen" if name == "linear.weight" else "adam"

    def views(self, inputs):
        yield 1.0, inputs
        yield 0.5, -inputs


def ensemble(target=CLASSES, values=(1.0, 2.0, 4.0)):
    return Ensemble(Line(values[0]), Spec(input=ROWS, target=target), another=lambda turn: Line(values[turn]))


@pytest.mark.parametrize(
    ("source", "target", "can"),
    [
        (ROWS, CLASSES, True),
        (ROWS, Number(), True),
        (Sequence(length=5, sizes=(9,), unit="word"), Tags(classes=("N", "V")), True),
        (Tree(nodes=5, sizes=(9,), arity=2, depth=3), NodeLabels(classes=("0", "1")), True),
        (Image(height_px=8, width_px=8, channels=1), CLASSES, False),
        (Sequence(length=5, sizes=(9,), unit="byte"), Sequence(length=5, sizes=(9,), unit="byte"), False),
    ],
)
def test_which_answers_can_be_averaged(source, target, can):
    assert can_answer_together(Spec(input=source, target=target)) is can


class TestTurns:
    def test_the_last_learns_and_only_those_before_it_answer(self):
        several = ensemble(Number())
        x = torch.ones(1, 2)
        assert several.train()(x).value[0, 0] == 2
        assert several.eval()(x).value[0, 0] == 2  # the only one
        several.begin(1)
        assert (several.turn, several.prefix) == (1, "networks.1.")
        assert several.train()(x).value[0, 0] == 4
        assert several.eval()(x).value[0, 0] == 2
        several.begin(2)
        assert several.eval()(x).value[0, 0] == 3
        several.finish()
        assert several(x).value[0, 0].item() == pytest.approx((2 + 4 + 8) / 3)

    def test_going_back_forgets_what_came_later(self):
        several = ensemble()
        several.begin(1)
        several.begin(2)
        several.begin(0)
        assert (several.turn, several.ready, len(several.networks)) == (0, 0, 1)

    @pytest.mark.parametrize("turn", [-1, 2])
    def test_no_turn_is_left_out(self, turn):
        with pytest.raises(ValueError, match=f"turn {turn} cannot follow turn 0"):
            ensemble().begin(turn)

    def test_a_network_that_begins_is_in_the_mode_of_the_others(self):
        several = ensemble().eval()
        several.begin(1)
        assert not several.learner.training


class TestAnswers:
    def test_probabilities_are_averaged(self):
        several = ensemble(values=(0.0, 1.0))
        several.begin(1)
        several.finish()
        x = torch.tensor([[1.0, 0.0]])
        wanted = (torch.full((3,), 1 / 3) + torch.tensor([1.0, 1.0, 0.0]).softmax(0)) / 2
        assert several.eval()(x).value[0].exp().tolist() == pytest.approx(wanted.tolist())

    def test_values_are_averaged_where_there_are_no_classes(self):
        several = ensemble(Number(), values=(0.0, 1.0))
        several.begin(1)
        several.finish()
        assert several.eval()(torch.tensor([[3.0, 0.0]])).value.tolist() == [[1.5, 1.5, 0.0]]

    def test_the_first_can_answer_alone_for_a_while(self):
        several = ensemble(Number(), values=(0.0, 1.0)).eval()
        several.begin(1)
        several.finish()
        x = torch.ones(1, 2)
        with several.first_alone():
            assert several(x).value.tolist() == [[0, 0, 0]]
        assert several(x).value.tolist() == [[1, 1, 0]]


def test_roles_and_views_are_those_of_the_networks():
    several = ensemble()
    several.begin(1)
    assert {several.role(name, p) for name, p in several.named_parameters()} == {"frozen"}
    assert [weight for weight, _ in several.views(torch.ones(1, 2))] == [1.0, 0.5]


def test_a_network_alone_is_its_own_learner():
    line = Line(1.0)
    assert (line.turn, line.learner, line.prefix) == (0, line, "")
