"""Numbers as people read them: percentages, durations, counts, and the names of the metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

_THIN = "\u202f"
_DASH = "–"


@dataclass(frozen=True)
class Metric:
    """How a metric is called, shown and read."""

    label: str
    form: Literal["share", "number"] = "number"
    higher_is_better: bool = True
    meaning: str = ""

    @property
    def in_words(self) -> str:
        """The label inside a sentence: ``token accuracy``, but ``MSE`` and ``span F1``."""
        return " ".join(
            word if word[1:].lower() != word[1:] or word == "F1" else word.lower() for word in self.label.split()
        )


METRICS = {
    "accuracy": Metric("Accuracy", "share", True, "share of samples whose first answer is right"),
    "top5": Metric(
        "Top-5 accuracy", "share", True, "share of samples whose true class is among the first five answers"
    ),
    "f1": Metric("Macro F1", "share", True, "balance of precision and recall, every class weighing the same"),
    "auroc": Metric("AUROC", "share", True, "chance that a positive sample is ranked above a negative one"),
    "auprc": Metric("AUPRC", "share", True, "precision over all recalls of the rarer class; its share is chance"),
    "balanced_accuracy": Metric("Balanced accuracy", "share", True, "mean recall, every class weighing the same"),
    "rmse": Metric("RMSE", "number", False, "root of the mean squared error, in the target's own unit"),
    "r2": Metric("R²", "number", True, "share of the variance that is explained; 0 is answering with the mean"),
    "log_loss": Metric("Log-loss", "number", False, "surprise at the true answer, in nats; 0 is perfect"),
    "ece": Metric("Calibration error", "share", False, "mean gap between stated confidence and accuracy"),
    "token_accuracy": Metric("Token accuracy", "share", True, "share of words whose tag is right"),
    "root_accuracy": Metric("Root accuracy", "share", True, "share of trees whose root has the right label"),
    "node_accuracy": Metric("Node accuracy", "share", True, "share of labelled nodes that are told right"),
    "span_f1": Metric(
        "Span F1", "share", True, "balance of precision and recall over whole spans: right in place and in kind"
    ),
    "sentence_accuracy": Metric("Sentence accuracy", "share", True, "share of sentences with every tag right"),
    "loss": Metric("Loss", "number", False, "surprise at the true next token, in nats; 0 is perfect"),
    "perplexity": Metric(
        "Perplexity", "number", False, "among how many equally likely tokens it would be as hard to guess"
    ),
    "bits_per_byte": Metric("Bits per byte", "number", False, "to how few bits it could press a byte of the text"),
    "bits_per_character": Metric(
        "Bits per character", "number", False, "to how few bits it could press a character of the text"
    ),
    "nll": Metric("NLL", "number", False, "surprise at a new sample, in nats: a bound from above; less is better"),
    "elbo": Metric("ELBO", "number", True, "the bound that is trained, on the log-likelihood of a sample, in nats"),
    "bits_per_dim": Metric(
        "Bits per dimension", "number", False, "to how few bits it could press a number of a sample"
    ),
    "nll_per_value": Metric(
        "NLL a value", "number", False, "surprise at one value, in nats of its density: less is better, also below 0"
    ),
    "reconstruction": Metric(
        "Reconstruction", "number", False, "surprise at a sample once its latents are known, in nats"
    ),
    "kl": Metric("KL", "number", True, "what the latents tell of a sample, in nats; 0 is nothing"),
    "average_precision": Metric(
        "Average precision", "share", True, "precision over all thresholds, weighted by what is caught"
    ),
    "precision": Metric("Precision of samples", "share", True, "share of drawn samples that could be real ones"),
    "recall": Metric("Recall of samples", "share", True, "share of real samples that could be drawn"),
    "frechet": Metric("Fréchet distance", "number", False, "how far drawn samples lie from real ones; 0 is the same"),
    "frechet_real": Metric(
        "Fréchet distance of real ones", "number", False, "the same between real samples: what a perfect model gets"
    ),
    "marginal_distance": Metric(
        "Distance of columns", "share", False, "how far the spread of a column is from the real one, on average"
    ),
    "association_distance": Metric(
        "Difference of associations", "share", False, "how much less, or more, columns tell of each other, on average"
    ),
    "synthetic_accuracy": Metric(
        "Accuracy when trained on them", "share", True, "on real rows, of a classifier that saw only these"
    ),
    "detection_auroc": Metric(
        "Told from real rows",
        "share",
        False,
        "how well a classifier tells them from real ones (AUROC); 50 % is not at all",
    ),
    "copies": Metric("Copies", "share", False, "rows that are the same as one of the training data"),
    "nearer_to_training": Metric(
        "Nearer to training rows", "share", False, "than to other real ones; above 50 % rows were learned by heart"
    ),
    "mse": Metric("MSE", "number", False, "mean squared error, on values scaled to deviation 1"),
    "mae": Metric("MAE", "number", False, "mean absolute error, on values scaled to deviation 1"),
    "mse_original": Metric("MSE, original unit", "number", False, "mean squared error in the data's own unit, squared"),
    "mae_original": Metric("MAE, original unit", "number", False, "mean absolute error in the data's own unit"),
    "mase": Metric("MASE", "number", False, "absolute error against the seasonal naive forecast's; 1 is no better"),
    "coverage": Metric("Coverage", "share", True, "share of true values inside the range that it gives"),
    "pinball": Metric("Pinball loss", "number", False, "error of the quantiles, on scaled values; 0 is perfect"),
}
"""What the report knows to say about a metric; others are shown under their own name."""

_OF_NUMBERS = {
    "mae": Metric("MAE", "number", False, "mean absolute error, in the target's own unit"),
    "pinball": Metric(
        "Pinball loss", "number", False, "error of the quantiles, in the target's own unit; 0 is perfect"
    ),
}
"""Metrics that mean something else where single numbers are foretold, and not series."""
_OF_TEXT = {"token_accuracy": Metric("Token accuracy", "share", True, "share of tokens that are guessed right")}
"""Metrics that mean something else where a text goes on, and no word has a tag."""
_BY_TARGET = {"Number": _OF_NUMBERS, "Text": _OF_TEXT, "Sequence": _OF_TEXT}


def metric(name: str, kind_of_target: str = "") -> Metric:
    """Return how a metric is shown; an unknown one keeps its name and is shown as a plain number."""
    own = _BY_TARGET.get(kind_of_target, {}).get(name)
    return own or METRICS.get(name, Metric(name.replace("_", " ").capitalize()))


def shown(name: str, value: float | None, n: int = 0) -> str:
    """Return a metric's value in its own form: a percentage for shares, for the rest three decimals or less.

    From 10 on four digits are shown, since more of them would be noise: ``130.2``.
    """
    if metric(name).form == "share":
        return percent(value, n)
    if value is not None and 0.01 <= abs(value) < 1000:
        return f"{value:.{3 if abs(value) < 10 else 2 if abs(value) < 100 else 1}f}"
    return number(value)


def percent(value: float | None, n: int = 0) -> str:
    """Return ``98.9 %``; two decimals from 10,000 samples on. Only exactly all is ``100 %`` and none ``0 %``.

    What would round to all or none gets a second decimal, and if that is not enough ``>99.99 %`` or ``<0.01 %``.
    """
    if value is None or not math.isfinite(value):
        return _DASH
    if value in (0.0, 1.0):
        return f"{value * 100:.0f}{_THIN}%"
    for digits in (1, 2) if n < 10_000 else (2,):
        text = f"{value * 100:.{digits}f}"
        if float(text) not in (0.0, 100.0):
            return f"{text}{_THIN}%"
    return f">99.99{_THIN}%" if value > 0.5 else f"<0.01{_THIN}%"


def tick(name: str, value: float) -> str:
    """Return a value of a metric as it stands at an axis: as short as it is exact, ``25 %``."""
    return f"{float(f'{value * 100:.6g}'):g}{_THIN}%" if metric(name).form == "share" else number(value)


def number(value: float | None) -> str:
    """Return three significant digits, without a needless exponent: ``1.61``, ``0.0032``, ``2,100``, ``4.1e-7``."""
    if value is None or not math.isfinite(value):
        return _DASH
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 1e-4:
        return f"{value:.1e}".replace("e-0", "e-")
    return f"{float(f'{value:.3g}'):.10f}".rstrip("0").rstrip(".")


def count(value: float | None) -> str:
    """Return a whole number with its thousands parted: ``1,797``."""
    return _DASH if value is None else f"{round(value):,}"


def large(value: float | None) -> str:
    """Return a big count in short: ``312 k``, ``11.2 M``."""
    if value is None:
        return _DASH
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{float(f'{value / size:.3g}'):g}{_THIN}{unit}"
    return f"{value:,.0f}"


def memory(num_bytes: float) -> str:
    """Return bytes as memory is counted: ``274 MiB``, ``2.6 GiB``."""
    mebi = num_bytes / 2**20
    return f"{mebi:.0f}{_THIN}MiB" if mebi < 1000 else f"{mebi / 1024:.1f}{_THIN}GiB"


def duration(seconds: float | None) -> str:
    """Return ``0.42 s``, ``29.1 s``, ``4 min 58 s`` or ``1 h 12 min``."""
    if seconds is None or not math.isfinite(seconds):
        return _DASH
    if seconds < 1:
        return f"{seconds:.2f}{_THIN}s"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f}".removesuffix(".0") + f"{_THIN}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{_THIN}min" + (f" {whole % 60}{_THIN}s" if whole % 60 else "")
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours}{_THIN}h" + (f" {minutes}{_THIN}min" if minutes else "")


def plural(number_of: float, one: str, many: str = "") -> str:
    """Return ``1 picture`` or ``1,797 pictures``."""
    return f"{count(number_of)} {one if round(number_of) == 1 else many or several(one)}"


def several(one: str) -> str:
    """Return the plural of what a sample is called: ``pictures``, ``series``, ``stretches``."""
    if one.endswith("series"):
        return one
    return f"{one}es" if one.endswith(("ch", "sh", "s", "x")) else f"{one}s"
