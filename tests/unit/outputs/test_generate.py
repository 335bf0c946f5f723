from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from gnomon.assemble import Model
from gnomon.core.errors import ArtefactError, DivergedError, StoppedError, UsageError
from gnomon.core.spec import Label, Output, Sequence, Spec
from gnomon.data.textprep import Encoder
from gnomon.data.tokenise import Bytes, Characters
from gnomon.layers.network import Network
from gnomon.outputs import generate as generation
from gnomon.outputs.generate import Choice, Held, Sampler, Written, generate
from gnomon.training.precision import Precision

CPU = torch.device("cpu")


class Cycle(Network):
    """Knows by heart which token follows which; with a state it counts the tokens that it has read."""

    def __init__(self, follows, size, *, carries=True):
        super().__init__()
        self.carries = carries
        self.table = nn.Parameter(torch.full((size, size), -20.0))
        self.seen = []
        with torch.no_grad():
            for token, after in follows.items():
                self.table[token, after] = 5.0

    def forward(self, inputs, carry=None):
        self.seen.append((tuple(inputs.shape), None if carry is None else int(carry)))
        count = (0 if carry is None else carry) + torch.full((1, 1), float(inputs.shape[1]))
        return Output(self.table[inputs[..., 0]], carry=count)


def model_of(network, tokenizer, *, length=8):
    text = Sequence(sizes=tokenizer.sizes, length=length, unit=tokenizer.unit)
    preparation = Encoder(tokenizer=tokenizer, form="continued", length=length, lowercase=False).as_dict()
    spec = Spec(input=text, target=text)
    return Model(network=network, task=None, spec=spec, precision=Precision("fp32", CPU), preparation=preparation)


def speaker(text, *, tokenizer=None, **settings):
    """A model that says ``text`` over and over; each of its characters is there once."""
    tokenizer = tokenizer or Characters(text, documents=False)
    ids = tokenizer.encode(text)[:, 0].tolist()
    follows = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    return model_of(Cycle(follows, tokenizer.sizes[0], **settings), tokenizer)


def written(pieces):
    """Return the pieces of a text and what its iterator returns."""
    found = []
    while True:
        try:
            found.append(next(pieces))
        except StopIteration as end:
            return found, end.value


GREEDY = Choice(temperature=0)


def test_a_text_goes_on_from_its_prompt_a_token_at_a_time():
    model = speaker("abcd")
    pieces, result = written(generate(model, "ab", length=5, choice=GREEDY))
    assert pieces == ["c", "d", "a", "b", "c"]
    assert result == Written(text="cdabc", num_tokens=5, ended="length")
    assert model.network.seen[:3] == [((1, 2, 1), None), ((1, 1, 1), 2), ((1, 1, 1), 3)]
    assert len(model.network.seen) == 5


def test_a_long_prompt_is_read_in_parts_from_state_to_state():
    model = speaker("abcd")
    prompt = "abcd" * 300
    pieces, _ = written(generate(model, prompt, length=2, choice=GREEDY))
    assert pieces == ["a", "b"]
    assert model.network.seen == [
        ((1, 512, 1), None),
        ((1, 512, 1), 512),
        ((1, 176, 1), 1024),
        ((1, 1, 1), 1200),
    ]


def test_a_network_without_a_state_reads_its_last_tokens_anew():
    model = speaker("abcd", carries=False)
    pieces, _ = written(generate(model, "abcda", length=6, choice=GREEDY))
    assert "".join(pieces) == "bcdabc"
    assert [shape[1] for shape, _ in model.network.seen] == [5, 6, 7, 8, 8, 8]
    assert {carry for _, carry in model.network.seen} == {None}


def test_the_same_seed_gives_the_same_text_and_another_one_another():
    tokenizer = Characters("abcdefgh", documents=False)
    network = Cycle({}, tokenizer.sizes[0])
    with torch.no_grad():
        network.table[:, 17:] = 0.0
    texts = [
        written(generate(model_of(network, tokenizer), "a", length=60, choice=Choice(seed=seed)))[1].text
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]
    assert len(set(texts[0])) == 8


def test_no_piece_holds_half_a_character():
    text = "é漢🙂"
    model = speaker(text, tokenizer=Bytes(documents=False))
    pieces, result = written(generate(model, "é", length=11, choice=GREEDY))
    assert pieces == ["漢", "🙂", "é"]
    assert result == Written(text="漢🙂é", num_tokens=11, ended="length")  # two bytes of the next one are not given out


def test_a_text_to_stop_at_ends_the_text_before_it_and_is_never_shown():
    pieces, result = written(generate(speaker("abcdefg"), "a", length=50, choice=GREEDY, stop=["xy", "def"]))
    assert pieces == ["b", "c"]
    assert result == Written(text="bc", num_tokens=5, ended="stop")


def test_what_was_held_back_comes_out_when_the_text_ends():
    pieces, result = written(generate(speaker("abcdefg"), "a", length=4, choice=GREEDY, stop=["def"]))
    assert pieces == ["b", "c", "de"]
    assert result.text == "bcde"
    assert result.ended == "length"


@pytest.mark.parametrize(
    ("stop", "pieces", "expected"),
    [
        (["ab"], ["a", "a", "b", "x"], [("", False), ("a", False), ("", True)]),
        (["aab"], ["a", "a", "a", "b"], [("", False), ("", False), ("a", False), ("", True)]),
        (["\n\n"], ["x\n", "y"], [("x", False), ("\ny", False)]),
        (["long", "on"], ["lon"], [("l", True)]),
        ([], ["abc"], [("abc", False)]),
    ],
)
def test_text_is_held_back_no_longer_than_it_must(stop, pieces, expected):
    held = Held(stop)
    assert [held.push(piece) for piece in pieces[: len(expected)]] == expected


def test_a_document_that_the_model_ends_ends_the_text():
    tokenizer = Characters("ab", documents=True)
    a, b = tokenizer.encode("ab")[:, 0].tolist()
    network = Cycle({a: b, b: tokenizer.separator, tokenizer.separator: a}, tokenizer.sizes[0])
    pieces, result = written(generate(model_of(network, tokenizer), "a", length=50, choice=GREEDY))
    assert pieces == ["b"]
    assert result == Written(text="b", num_tokens=1, ended="document")


def test_without_a_prompt_a_text_begins_as_a_document_does():
    tokenizer = Characters("ab", documents=True)
    a, b = tokenizer.encode("ab")[:, 0].tolist()
    network = Cycle({tokenizer.separator: b, b: a, a: b}, tokenizer.sizes[0])
    assert written(generate(model_of(network, tokenizer), "", length=3, choice=GREEDY))[1].text == "bab"
    assert written(generate(speaker("\nxy"), "", length=3, choice=GREEDY))[1].text == "xy\n"


def test_a_character_that_the_training_text_lacks_is_said():
    said = []
    pieces, _ = written(generate(speaker("abc"), "q\x1bab", length=1, choice=GREEDY, emit=said.append))
    assert pieces == ["c"]
    assert len(said) == 1
    assert said[0].level == "warning"
    assert said[0].text.startswith(r"the training text never has '\x1b', 'q'")
    written(generate(speaker("abc"), "ab", length=1, choice=GREEDY, emit=said.append))
    assert len(said) == 1


def test_a_network_in_training_goes_on_with_it_afterwards():
    model = speaker("ab")
    model.network.train()
    pieces = generate(model, "a", length=3, choice=GREEDY)
    next(pieces)
    assert not model.network.training
    pieces.close()
    assert model.network.training


def test_a_signal_stops_the_text():
    answers = iter([False, False, True])
    pieces = generate(speaker("abc"), "a", length=9, choice=GREEDY, should_stop=lambda: next(answers))
    assert [next(pieces), next(pieces)] == ["b", "c"]
    with pytest.raises(StoppedError, match="stopped while writing"):
        next(pieces)


def shares(choice, logits, draws=4000):
    sampler = Sampler(choice)
    counts = Counter(sampler(np.array(logits)) for _ in range(draws))
    return [counts[i] / draws for i in range(len(logits))]


LOGITS = np.log([0.9, 0.1, 0.2, 0.3, 0.4])  # of the first, which is no token, nothing is ever drawn


def test_tokens_are_drawn_as_often_as_the_model_expects():
    assert shares(Choice(temperature=1), LOGITS) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.03)


def test_temperature_sharpens():
    squared = np.array([0, 0.01, 0.04, 0.09, 0.16]) / 0.3
    assert shares(Choice(temperature=0.5), LOGITS) == pytest.approx(squared, abs=0.03)
    assert shares(Choice(temperature=0), LOGITS, 5) == [0, 0, 0, 0, 1]
    assert shares(Choice(temperature=1e-9), LOGITS, 5) == [0, 0, 0, 0, 1]


def test_top_k_keeps_the_likeliest():
    assert shares(Choice(temperature=1, top_k=2), LOGITS) == pytest.approx([0, 0, 0, 3 / 7, 4 / 7], abs=0.03)
    assert shares(Choice(temperature=1, top_k=1), LOGITS, 5) == [0, 0, 0, 0, 1]
    assert shares(Choice(temperature=1, top_k=99), LOGITS) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.03)


def test_top_p_keeps_the_fewest_that_have_this_probability():
    # 0.4 + 0.3 is not enough for 0.75: the third likeliest is needed too.
    assert shares(Choice(temperature=1, top_p=0.75), LOGITS) == pytest.approx([0, 0, 2 / 9, 3 / 9, 4 / 9], abs=0.03)
    assert shares(Choice(temperature=1, top_p=0.3), LOGITS, 5) == [0, 0, 0, 0, 1]
    assert shares(Choice(temperature=1, top_p=1.0), LOGITS) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.03)


def test_top_p_counts_among_the_top_k():
    # Of the two likeliest the first has 4/7: enough for 0.5, not for 0.6.
    assert shares(Choice(temperature=1, top_k=2, top_p=0.5), LOGITS, 9)[4] == 1
    assert shares(Choice(temperature=1, top_k=2, top_p=0.6), LOGITS)[3] == pytest.approx(3 / 7, abs=0.03)


def test_a_draw_never_falls_on_a_token_without_weight():
    running = np.cumsum([0.0, 1.0, 0.0, 2.0, 0.0])
    assert [generation._place(running, share) for share in (0.0, 0.333, 0.334, 1.0)] == [1, 1, 3, 3]


def test_outputs_that_are_not_finite_are_refused():
    for bad in ([0.0, np.nan, 1.0], [0.0, np.inf, 1.0], [0.0, -np.inf, -np.inf]):
        with pytest.raises(DivergedError, match="not finite"):
            Sampler(Choice())(np.array(bad))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.1}, "temperature of -0.1 is not possible"),
        ({"temperature": float("nan")}, "temperature of nan is not possible"),
        ({"top_k": 0}, "the 0 likeliest tokens"),
        ({"top_p": 0.0}, "probability of 0 is not possible"),
        ({"top_p": 1.1}, "probability of 1.1 is not possible"),
    ],
)
def test_choices_that_are_not_possible_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        Choice(**settings)


def test_wishes_that_are_not_possible_are_refused_at_once():
    with pytest.raises(UsageError, match="a text of 0 tokens"):
        generate(speaker("ab"), "a", length=0)
    with pytest.raises(UsageError, match="a text to stop at is empty"):
        generate(speaker("ab"), "a", stop=["x", ""])
    with pytest.raises(UsageError, match="the prompt is no valid text"):
        generate(speaker("ab"), "a\udcff")


def test_a_model_that_writes_no_text_is_refused():
    text = Sequence(sizes=(9,), length=4, unit="word")
    spec = Spec(input=text, target=Label(classes=("a", "b")))
    model = Model(network=Cycle({}, 9), task=None, spec=spec, precision=Precision("fp32", CPU))
    with pytest.raises(UsageError, match="writes no text: it gives a Label for a Sequence") as caught:
        generate(model, "a")
    assert "gnomon predict" in caught.value.fix


def test_a_model_whose_preparation_is_lost_is_refused():
    text = Sequence(sizes=(9,), length=4, unit="byte")
    model = Model(network=Cycle({}, 9), task=None, spec=Spec(input=text, target=text), precision=Precision("fp32", CPU))
    with pytest.raises(ArtefactError, match="preparation"):
        generate(model, "a")


def test_what_is_drawn_is_always_valid_text():
    tokenizer = Bytes(documents=True)
    network = Cycle({}, tokenizer.sizes[0])  # every token is as likely as any other
    for seed in range(3):
        _, end = written(generate(model_of(network, tokenizer), "a", length=60, choice=Choice(seed=seed)))
        assert "\ufffd" not in end.text
        assert len(end.text.encode()) > 20
