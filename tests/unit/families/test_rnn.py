from dataclasses import replace

import pytest
import torch

from gnomon.core.errors import UsageError
from gnomon.core.spec import Image, Label, Sequence, Series, Spec, Tags, Waveform
from gnomon.core.training import Allowance, Speed
from gnomon.families.rnn import ACCEPTS, Config, build, size_for
from gnomon.layers.audio_rnn import AudioRnn
from gnomon.layers.recurrent_networks import LanguageModel, SeriesClassifier, Tagger, TextClassifier
from gnomon.layers.segments import SegmentNetwork

SPEED = Speed(flop_per_s=1e11, device="cpu", memory_bytes=2**33)
LABEL = Label(classes=("a", "b", "c"))
TEXT = Sequence(sizes=(50,), length=16, unit="subword")
WORDS = Sequence(sizes=(50, 9), length=16, unit="word")
STREAM = Sequence(sizes=(70,), length=64, unit="character")
KNOWN = Series(names=("x", "y"), length=96, period=24, mean=(0.0, 1.0), deviation=(1.0, 2.0))
COMING = Series(names=("x",), length=24, period=24, mean=(0.0,), deviation=(1.0,))
SPECS = {
    TextClassifier: Spec(input=TEXT, target=LABEL),
    Tagger: Spec(input=WORDS, target=Tags(classes=("N", "V"))),
    LanguageModel: Spec(input=STREAM, target=STREAM),
    SeriesClassifier: Spec(input=KNOWN, target=LABEL),
    SegmentNetwork: Spec(input=KNOWN, target=COMING),
    AudioRnn: Spec(input=Waveform(rate_hz=8000, length=8000), target=LABEL),
}


def allowance(train_s=60.0, *, num_train=5000, samples=None):
    return Allowance(train_s=train_s, samples=samples, flop=None, num_train=num_train)


@pytest.fixture(params=SPECS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


class TestBuild:
    def test_each_pair_of_input_and_target_has_its_network(self, kind):
        with torch.device("meta"):
            assert type(build(Config(), SPECS[kind])) is kind

    def test_what_it_accepts_is_what_it_builds(self):
        assert {type(spec.input) for spec in SPECS.values()} == set(ACCEPTS)

    @pytest.mark.parametrize(
        "spec",
        [
            Spec(input=Image(height_px=8, width_px=8, channels=1), target=LABEL),
            Spec(input=KNOWN, target=Tags(classes=("N",))),
        ],
    )
    def test_other_data_is_refused(self, spec):
        with pytest.raises(TypeError, match="does not take"):
            build(Config(), spec)
        with pytest.raises(TypeError, match="does not take"):
            size_for(allowance(), spec, SPEED)

    @pytest.mark.parametrize("cell", ["lstm", "gru", "mingru", "minlstm"])
    def test_every_cell_works_for_a_class(self, cell):
        network = build(Config(cell=cell, width=8, embedding=8), SPECS[TextClassifier]).eval()
        assert network(torch.ones(2, 5, 1, dtype=torch.int64)).value.shape == (2, 3)

    def test_n_grams_up_to_the_longest_stand_beside_the_recurrence(self):
        assert build(Config(ngrams=3), SPECS[TextClassifier]).wide.orders == (1, 2, 3)
        assert build(Config(ngrams="off"), SPECS[TextClassifier]).wide is None

    def test_a_language_model_has_n_grams_from_pairs_on(self):
        assert build(Config(ngrams=3), SPECS[LanguageModel]).ngrams.orders == (2, 3)
        assert build(Config(ngrams=1), SPECS[LanguageModel]).ngrams is None
        assert build(Config(ngrams="off"), SPECS[LanguageModel]).ngrams is None

    @pytest.mark.parametrize(
        ("size", "tie", "tied"), [(999, "auto", 0), (1000, "auto", 1), (9, True, 1), (5000, False, 0)]
    )
    def test_large_vocabularies_are_tied(self, size, tie, tied):
        text = Sequence(sizes=(size,), length=8, unit="subword")
        network = build(Config(width=8, embedding=8, tie=tie), Spec(input=text, target=text))
        assert sum(name.startswith("head.") for name, _ in network.named_parameters()) == 1 - tied


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 3}, "family.width"),
        ({"embedding": 6}, "family.embedding"),
        ({"layers": 0}, "family.layers"),
        ({"dropout": 1.0}, "family.dropout"),
        ({"word_dropout": -0.1}, "family.word_dropout"),
        ({"context": 65}, "family.context"),
        ({"ngrams": 0}, "family.ngrams"),
        ({"ngram_rows": 2}, "family.ngram_rows"),
        ({"opening": -1}, "family.opening"),
        ({"slowness_penalty": -1.0}, "family.slowness_penalty"),
        ({"segment_steps": 0}, "family.segment_steps"),
        ({"form": "log"}, "family.form"),
    ],
)
def test_settings_that_are_not_possible(values, message):
    with pytest.raises(UsageError, match=message):
        Config(**values)


class TestSizeFor:
    def test_a_larger_budget_buys_a_larger_network(self, kind):
        widths = [size_for(allowance(seconds), SPECS[kind], SPEED).config.width for seconds in (0.01, 1, 100, 1e4, 1e6)]
        assert widths == sorted(widths)
        assert widths[0] < widths[-1]

    def test_more_of_the_same_budget_makes_more_passes(self, kind):
        little, much = (size_for(allowance(None, samples=n), SPECS[kind], SPEED) for n in (100.0, 1e7))
        assert little.config.width <= much.config.width
        assert all(proposal.why for proposal in (little, much))
        assert 0 < much.merit <= 1

    def test_the_table_of_n_grams_grows_with_the_data(self):
        rows = [
            size_for(allowance(num_train=n), SPECS[TextClassifier], SPEED).config.ngram_rows for n in (10, 10**4, 10**8)
        ]
        assert rows == [2**14, 2**17, 2**20]

    def test_many_classes_share_a_table_of_bounded_size(self):
        many = Label(classes=tuple(map(str, range(1000))))
        given = allowance(num_train=10**8)
        config = size_for(given, replace(SPECS[TextClassifier], target=many), SPEED).config
        assert config.ngram_rows == 2**12  # three models of 1,000 classes: 12.3 million numbers of 16.8

    def test_characters_need_longer_n_grams_than_words(self):
        proposals = [
            size_for(allowance(), Spec(input=Sequence(sizes=(9,), length=16, unit=unit), target=LABEL), SPEED)
            for unit in ("word", "character")
        ]
        assert [proposal.config.ngrams for proposal in proposals] == [2, 5]

    def test_the_first_words_of_short_texts_count_by_their_place(self):
        texts = [
            Sequence(sizes=(9,), length=length, unit=unit) for length, unit in ((40, "word"), (41, "word"), (8, "byte"))
        ]
        proposals = [size_for(allowance(), Spec(input=text, target=LABEL), SPEED) for text in texts]
        assert [proposal.config.opening for proposal in proposals] == [3, 0, 0]
        assert build(proposals[0].config, Spec(input=texts[0], target=LABEL)).wide.opening == 3

    def test_a_tagger_sees_a_token_with_its_neighbours(self):
        tagger, classifier = (size_for(allowance(), SPECS[kind], SPEED).config for kind in (Tagger, TextClassifier))
        assert tagger.context > 0 == classifier.context
        with torch.device("meta"):
            assert build(tagger, SPECS[Tagger]).context.reach == tagger.context

    def test_text_read_often_is_learned_with_more_dropout_and_a_price_on_states(self):
        found = [size_for(allowance(num_train=n), SPECS[LanguageModel], SPEED) for n in (10**6, 1000, 10)]
        few, some, many = (proposal.config for proposal in found)
        assert few.dropout < some.dropout < many.dropout
        assert few.activation_penalty == 0 < some.activation_penalty < many.activation_penalty == 10
        assert [len(proposal.why) for proposal in found] == [1, 2, 2]
        assert f"large states cost {some.activation_penalty} times" in found[1].why[1]
