from dataclasses import replace

import pytest
import small_training

from gnomon.assemble import Model
from gnomon.core.errors import UsageError
from gnomon.core.spec import Label, Spec
from gnomon.outputs.ask_pictures import AskPictures
from gnomon.outputs.asking import asking
from gnomon.tasks import classify
from gnomon.training.precision import Precision


def model():
    spec = small_training.spec()
    task = classify.Task(classify.Config(), spec)
    return Model(network=small_training.small(), task=task, spec=spec, precision=Precision("fp32", small_training.CPU))


def test_a_model_of_pictures_is_asked_about_pictures():
    assert isinstance(asking(model()), AskPictures)


def test_a_kind_that_nothing_can_ask_about():
    odd = replace(model(), spec=Spec(input=Label(classes=("a",)), target=Label(classes=("a",))))
    with pytest.raises(UsageError, match="Label data"):
        asking(odd)
