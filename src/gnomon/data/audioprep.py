"""From recordings to waveforms of one length: rate, length and loudness, found on the training recordings.

All of it is kept as JSON beside the model, so that it can be done to new recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core.config import Auto, require_within
from gnomon.core.errors import ArtefactError, DataError
from gnomon.core.spec import MAX_RATE_HZ, Audio, Column, Dataset, Guess, Label, Spec, Split, Waveform
from gnomon.data.content import spread
from gnomon.data.waves import Resampled, Samples, Waves, lengths_of, loudness

KIND = "audio"
MAX_S = 10.0
"""Longest recording that is looked at whole, where nobody asks for more."""

_COVERED = 0.99
_STRETCHED = 1.5
_MEASURED = 1000
_SPREAD_DB = 6.0
_TELLS = 0.5
_STEP_S = 0.01


@dataclass(frozen=True, kw_only=True)
class SoundConfig:
    """How recordings become waveforms."""

    length_s: float | Auto = "auto"
    """Seconds that the network hears; ``auto`` covers 99 of 100 training recordings, at most 10 s."""
    loudness: Literal["auto", "level", "keep"] = "auto"
    """Bring all recordings to one loudness, or keep it; ``auto`` keeps it where it tells the class."""

    def __post_init__(self) -> None:
        if self.length_s != "auto":
            require_within("sound.length_s", self.length_s, 0.01, 3600.0)


def prepare(dataset: Dataset, config: SoundConfig, known: Mapping[str, Any] | None) -> tuple[Dataset, dict[str, Any]]:
    """Return recordings with their final splits as waveforms, and what was fitted.

    ``known`` is what was fitted before; recordings of another rate are then resampled as they are asked for.
    Raises ``DataError`` where there is nothing to train on, ``ArtefactError`` where ``known`` is not understood.
    """
    facts, guesses = _fit(dataset, config) if known is None else (_understood(known), ())
    rate = _audio(dataset.spec.input).rate_hz
    sound = waveform(facts)
    splits = {name: replace(part, inputs=_waves(part.inputs, rate, facts)) for name, part in dataset.splits.items()}
    spec = Spec(input=sound, target=dataset.spec.target)
    return replace(dataset, spec=spec, splits=splits, guesses=(*dataset.guesses, *guesses)), facts


def waveform(facts: Mapping[str, Any]) -> Waveform:
    """Return the leaf that a preparation leads to."""
    return Waveform(rate_hz=facts["rate_hz"], length=facts["length"])


def shaped(samples: Samples, facts: Mapping[str, Any]) -> Samples:
    """Return one recording ``(samples,)`` at the model's rate as the model takes it, ``(length,)``."""
    from gnomon.data.ragged import Ragged

    alone = Ragged(np.asarray(samples, np.int16), np.array([0, len(samples)], np.int64))
    found: Samples = _waves(alone, facts["rate_hz"], facts)[0]
    return found


def _waves(column: Column, rate_hz: int, facts: Mapping[str, Any]) -> Waves:
    if rate_hz != facts["rate_hz"]:
        column = Resampled(column, from_hz=rate_hz, to_hz=facts["rate_hz"])
    level = facts["loudness"] == "level"
    return Waves(column, rate_hz=facts["rate_hz"], length=facts["length"], level=level)


def _understood(known: Mapping[str, Any]) -> dict[str, Any]:
    rate, length = known.get("rate_hz"), known.get("length")
    good = known.get("kind") == KIND and known.get("loudness") in ("level", "keep")
    if not (good and isinstance(rate, int) and isinstance(length, int) and 1 <= rate <= MAX_RATE_HZ and length >= 1):
        raise ArtefactError("the preparation of the recordings is not understood", fix="restore preparation.json")
    return dict(known)


def _fit(dataset: Dataset, config: SoundConfig) -> tuple[dict[str, Any], tuple[Guess, ...]]:
    train = next((dataset.splits[name] for name in ("train", "all") if name in dataset.splits), None)
    if train is None or not len(train):
        raise DataError("there is no training split", fix="name a folder that holds training data")
    rate = _audio(dataset.spec.input).rate_hz
    length, guesses = _length(lengths_of(train.inputs), rate, config)
    way, told = _loudness(train, dataset.spec, rate, config)
    facts = {"kind": KIND, "rate_hz": rate, "length": length, "loudness": way}
    return facts | {"label_from": dataset.facts.get("label_from", "auto")}, (*guesses, *told)


def _length(lengths: npt.NDArray[np.int64], rate: int, config: SoundConfig) -> tuple[int, tuple[Guess, ...]]:
    step = max(1, round(_STEP_S * rate))
    if config.length_s != "auto":
        return max(1, round(config.length_s * rate)), ()
    longest = int(lengths.max())
    covering = int(np.quantile(lengths, _COVERED, method="higher"))
    wanted = longest if longest <= _STRETCHED * covering else covering
    length = -(-min(wanted, round(MAX_S * rate)) // step) * step
    cut = int((lengths > length).sum())
    if not cut:
        return length, ()
    guess = Guess(
        what=f"{length / rate:.2f} s of each recording are heard",
        why=f"{cut:,} of {len(lengths):,} training recordings are longer, up to {longest / rate:.2f} s: "
        "of these the loudest part is heard, in training any part",
        flag=f"--set sound.length_s={longest / rate:.2f}",
    )
    return length, (guess,)


def _loudness(train: Split, spec: Spec, rate: int, config: SoundConfig) -> tuple[str, tuple[Guess, ...]]:
    if config.loudness != "auto":
        return config.loudness, ()
    rows = np.array(spread(len(train), _MEASURED), np.int64)
    heard = [loudness(np.asarray(samples), rate) for samples in train.inputs[rows]]
    decibel = 20 * np.log10(np.maximum(heard, 1e-9))
    low, high = np.percentile(decibel, [5, 95])
    if high - low < _SPREAD_DB:
        return "keep", ()
    differ = f"the loudness of training recordings differs by {high - low:.0f} dB"
    told = _told_by(decibel, np.asarray(train.targets)[rows]) if isinstance(spec.target, Label) else 0.0
    if told > _TELLS:
        what = "recordings keep their loudness"
        why = f"{differ}, and the class explains {told:.0%} of that"
        return "keep", (Guess(what=what, why=why, flag="--set sound.loudness=level"),)
    what = "all recordings are brought to one loudness"
    return "level", (Guess(what=what, why=f"{differ}, whatever the class", flag="--set sound.loudness=keep"),)


def _told_by(values: npt.NDArray[np.float64], classes: npt.NDArray[np.int64]) -> float:
    """Return the share of the variance of values ``(n,)`` that lies between classes ``(n,)``, corrected for chance.

    Source: Kelley, "An unbiased correlation ratio measure", 1935: epsilon squared.
    """
    names, numbers = np.unique(classes, return_inverse=True)
    total = float(np.square(values - values.mean()).sum())
    if total == 0.0 or len(values) <= len(names):
        return 0.0
    means = np.bincount(numbers, values) / np.bincount(numbers)
    inside = float(np.square(values - means[numbers]).sum()) / (len(values) - len(names))
    return max(0.0, 1.0 - inside / (total / (len(values) - 1)))


def _audio(leaf: Any) -> Audio:
    if not isinstance(leaf, Audio):
        raise TypeError(f"a {type(leaf).__name__} is no recording")
    return leaf
