import pytest
import raw_data

from gnomon.data import nouns


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        (raw_data.PICTURES, "samples"),
        (raw_data.LABELLED, "texts"),
        (raw_data.TAGGED, "sentences"),
        (raw_data.CONTINUED, "documents"),
        (raw_data.FORECAST, "rows"),
        (raw_data.WAVES, "series"),
    ],
)
def test_samples_are_called_what_they_are(spec, word):
    noun = nouns.of_samples(spec)
    assert noun.many == word
    assert noun.one in (word, word.removesuffix("s"))
