"""How quantities read on the screen."""

from __future__ import annotations

import math
import unicodedata

PROPORTIONS = frozenset({
    *("accuracy", "top5", "ece", "auroc", "f1", "token_accuracy", "span_f1", "sentence_accuracy", "coverage"),
    *("root_accuracy", "node_accuracy", "ssim", "miou", "auprc", "balanced_accuracy"),
    *("average_precision", "precision", "recall"),
    *("marginal_distance", "association_distance", "synthetic_accuracy", "detection_auroc"),
    *("copies", "nearer_to_training"),
})  # fmt: skip
"""Metrics that are shares of a whole and are shown in percent."""

LOWER_IS_BETTER = frozenset({
    *("log_loss", "ece", "loss", "perplexity", "bits_per_byte", "bits_per_character"),
    *("mse", "mae", "mse_original", "mae_original", "mase", "pinball", "rmse"),
    *("nll", "nll_per_value", "bits_per_dim", "reconstruction", "frechet", "frechet_real"),
    *("marginal_distance", "association_distance", "detection_auroc", "copies", "nearer_to_training"),
})  # fmt: skip
"""Metrics of which less is better; people are told, for they may not know."""

_TITLES = {
    "mse": "MSE",
    "mae": "MAE",
    "mase": "MASE",
    "mse_original": "MSE in the data's unit",
    "mae_original": "MAE in the data's unit",
    "rmse": "RMSE",
    "r2": "R²",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "span_f1": "span F1",
    "loss": "loss (nats)",
    "nll": "NLL (nats)",
    "nll_per_value": "NLL a value (nats)",
    "elbo": "ELBO (nats)",
    "reconstruction": "reconstruction (nats)",
    "kl": "KL (nats)",
    "bits_per_dim": "bits per dimension",
    "precision": "precision of samples",
    "recall": "recall of samples",
    "frechet": "Fréchet distance",
    "marginal_distance": "distance of columns",
    "association_distance": "difference of associations",
    "synthetic_accuracy": "accuracy when trained on them",
    "detection_auroc": "told from real rows (AUROC)",
    "nearer_to_training": "nearer to training rows",
    "frechet_real": "Fréchet distance of real ones",
}


def duration(seconds: float) -> str:
    """Return ``9.4s``, ``42s``, ``4m59s``, ``1h02m`` or ``3d04h``."""
    if not math.isfinite(seconds):
        return "?"
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def allotment(seconds: float) -> str:
    """Return a budget as one would type it: ``5m`` rather than ``5m00s``."""
    text = duration(seconds) if seconds >= 9.95 else f"{seconds:.2g}s"
    for zeros in ("00s", "00m", "00h"):
        text = text.removesuffix(zeros) if len(text) > len(zeros) + 1 else text
    return text


def count(number: float) -> str:
    """Return a whole number with separators: ``60,000``."""
    return f"{round(number):,}"


def short(number: float) -> str:
    """Return about three digits: ``950``, ``3.12k``, ``1.2M``, ``45G``."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size * 0.9995:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def percent(share: float, digits: int = 1) -> str:
    """Return ``91.6 %`` for 0.916; the space does not break."""
    return f"{100 * share:.{digits}f}\u00a0%" if math.isfinite(share) else "–"


def size(num_bytes: float) -> str:
    """Return ``1.2 GiB`` and the like."""
    for unit, power in (("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if num_bytes >= 1024**power:
            return f"{num_bytes / 1024**power:.1f}\u00a0{unit}"
    return f"{num_bytes:.0f}\u00a0B"


def metric(name: str, value: float) -> str:
    """Return a metric's value: percent for shares, else four digits."""
    if not math.isfinite(value):
        return "–"
    return percent(value) if name in PROPORTIONS else plain(value)


def plain(value: float) -> str:
    """Return four digits of a number, or all before the point: ``0.2301``, ``52,160``."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def interval(name: str, low: float, high: float) -> str:
    """Return ``91.1 – 92.1 %`` or ``0.2301 – 0.2417``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if name in PROPORTIONS:
        return f"{100 * low:.1f} – {percent(high)}"
    return f"{plain(low)} – {plain(high)}"


def title(name: str) -> str:
    """Return a metric's name for people: ``log_loss`` reads ``log loss``, ``mse`` reads ``MSE``."""
    return _TITLES.get(name, name.replace("_", " "))


def sentence_case(text: str) -> str:
    """Return a text with its first letter large and the others as they are."""
    return text[:1].upper() + text[1:]


def width(text: str) -> int:
    """Return how many columns ``text`` takes on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
