"""A run folder as training leaves it, written by hand from scikit-learn's digits and a nearest-centroid model.

Every number in ``evaluation.json`` is computed here, by plain numpy, from real answers to real pictures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from gnomon.core.run import RunFolder
from gnomon.outputs.examples import Examples

DIGITS = tuple(str(digit) for digit in range(10))


class FakeRun:
    """Builds one run folder; the switches make the unusual ones."""

    def __init__(
        self,
        parent: Path,
        *,
        name: str = "2026-11-23_1720_digits_cnn",
        classes: Sequence[str] = DIGITS,
        finished: bool = True,
        test: bool = True,
        ids: Callable[[int], str] = "digits#{}".format,
    ) -> None:
        self.run = RunFolder(parent / name)
        self.classes, self.finished, self.ids = list(classes), finished, ids
        self.run.path.mkdir(parents=True)
        self.images, self.targets = _samples(len(classes))
        parts = np.split(np.random.default_rng(0).permutation(len(self.targets)), [1257, 1437])
        self.splits = dict(zip(("train", "valid", "test"), parts, strict=True))
        if not test:
            self.splits["train"] = np.concatenate([self.splits["train"], self.splits.pop("test")])
        self.logits = _nearest_centroid(self.images, self.targets, self.splits["train"], len(classes))
        for write in (self._config, self._plan, self._data, self._env, self._metrics, self._evaluation):
            write()

    def pictures(self, split: str, indices: Sequence[int]) -> list[np.ndarray]:
        """Return grey pictures of a split, uint8 ``(8, 8, 1)``."""
        return [self.images[self.splits[split][index]] for index in indices]

    def labels(self, split: str) -> np.ndarray:
        """Return the classes of a split's samples."""
        return self.targets[self.splits[split]]

    @property
    def examples(self) -> Examples:
        """What the report may ask of the data."""
        return Examples(
            kind="Image",
            samples=self.pictures,
            labels=self.labels,
            tags=lambda split, indices: [],
            names=lambda split, indices: [self.ids(index) for index in indices],
        )

    def _config(self) -> None:
        settings = {
            "run": {"budget": ("30s", "user"), "seed": (0, "default")},
            "data": {
                "path": ("digits", "user"),
                "split": ("0.7,0.1,0.2", "user"),
                "size_px": (8, "data"),
                "fit": ("crop", "default"),
                "max_bad": (0.01, "default"),
            },
            "task": {"name": ("classify", "data"), "label_smoothing": (0.1, "recipe")},
            "family": {"name": ("cnn", "plan"), "widths": ([32, 64, 128], "plan"), "whiten": (True, "default")},
            "train": {
                "batch_size": (256, "plan"),
                "lr": (0.24, "recipe"),
                "weight_decay": (0.012, "recipe"),
                "momentum": (0.85, "default"),
                "average_from": (0.75, "default"),
                "clip_norm": ("off", "default"),
                "precision": ("fp32", "plan"),
            },
        }
        lines = []
        for section, rows in settings.items():
            lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, (value, _) in rows.items()), ""]
        lines.append("[chosen_by]")
        lines += [f'"{s}.{key}" = "{who}"' for s, rows in settings.items() for key, (_, who) in rows.items()]
        self.run.config.write_text("\n".join(lines))

    def _plan(self) -> None:
        plan = {
            "event": "plan",
            "schema": 1,
            "family": "cnn",
            "model": {"widths": [32, 64, 128]},
            "num_parameters": 312_458,
            "task": "classify",
            "batch_size": 256,
            "steps": 1180,
            "precision": "fp32",
            "memory_format": "channels_last",
            "device": "cpu",
            "threads": 2,
            "phases": [{"from_progress": 0.0, "size_px": 6}, {"from_progress": 0.55, "size_px": 8}],
            "law": "warm-up over 15 %, then linear to zero",
            "eval_at": [0.05 * k for k in range(1, 21)],
            "budget": {"text": "30s", "kind": "time", "value": 30.0},
            "budget_s": 30.0,
            "used_before_s": 3.42,
            "reserve_s": {"evaluate": 0.9, "report": 0.7},
            "step_s": [0.018, 0.025],
            "expected_finish_s": 29.7,
            "why": [
                "family cnn: the samples are pictures; convolutions beat plain layers on them at every budget",
                "312 k parameters: the largest of four sizes that sees each sample at least 200 times in 30 s",
                "6 px until 55 % of the steps, then 8 px: small pictures teach the same at 0.7 of the cost",
            ],
            "seed": 0,
        }
        lines = [
            plan,
            {
                "event": "refit",
                "at_step": 250,
                "steps": 1112,
                "elapsed_s": 9.1,
                "reason": "steps take 1.06 x the measured time",
            },
            {
                "event": "refit",
                "at_step": 820,
                "steps": 1131,
                "elapsed_s": 21.4,
                "reason": "steps at 8 px take 0.97 x the measured time",
            },
        ]
        if not self.finished:
            lines.pop()
        else:
            lines.append(
                {
                    "event": "finish",
                    "step": 1131,
                    "elapsed_s": 29.38,
                    "weights_sha256": "0" * 64,
                    "train_s": 24.6,
                    "evaluate_s": 0.81,
                    "report_s": 0.48,
                }
            )
        _write_lines(self.run.plan, lines)

    def _data(self) -> None:
        num = len(self.classes)
        _write(
            self.run.data,
            {
                "schema": 1,
                "name": "digits",
                "source": "digits",
                "reader": "digits",
                "fingerprint": "f" * 32,
                "spec": {
                    "input": {"kind": "Image", "height_px": 8, "width_px": 8, "channels": 1},
                    "target": {"kind": "Label", "classes": self.classes},
                },
                "splits": {
                    name: {
                        "num_samples": len(part),
                        "counts": np.bincount(self.targets[part], minlength=num).tolist(),
                        "made_by": "gnomon",
                        "indices_of": "all",
                        "indices": part.tolist(),
                    }
                    for name, part in self.splits.items()
                },
                "guesses": [
                    {
                        "what": "The data has no splits of its own: 70 % train, 10 % valid, 20 % test.",
                        "why": "seeded, stratified, equal pictures on one side",
                        "flag": "--split 0.8,0.1,0.1",
                    }
                ],
                "skipped": {
                    "count": 2,
                    "first": [
                        {"id": "digits/3/broken.png", "reason": "the file ends in the middle of the picture"},
                        {"id": "digits/7/notes.jpg", "reason": "is text, not a picture"},
                    ],
                },
                "facts": {"num_bytes": 115008},
                "audit": {
                    "findings": [
                        {"level": "info", "text": "Every class has between 174 and 183 samples.", "ids": []},
                        {
                            "level": "warning",
                            "text": "3 pictures occur twice inside of train.",
                            "ids": ["digits#17", "digits#311", "digits#902"],
                        },
                        {
                            "level": "warning",
                            "text": "One picture carries two labels, 3 and 8.",
                            "ids": ["digits#411", "digits#1090"],
                        },
                    ]
                },
            },
        )
        _write_lines(
            self.run.skipped,
            [
                {"id": "digits/3/broken.png", "reason": "the file ends in the middle of the picture"},
                {"id": "digits/7/notes.jpg", "reason": "is text, not a picture"},
            ],
        )

    def _env(self) -> None:
        _write(
            self.run.env,
            {
                "gnomon": "0.1.0",
                "python": "3.11.2",
                "torch": "2.13.0",
                "numpy": "2.4.6",
                "platform": "Linux-6.1-x86_64",
                "processor": "Intel Xeon Platinum 8481C",
                "cores": 2,
                "threads": 2,
                "memory_gib": 7.75,
                "gpu": None,
                "precision_speed": {"fp32": 118.2, "bf16": 1.79},
            },
        )

    def _metrics(self) -> None:
        noise = np.random.default_rng(1)
        end = 1131 if self.finished else 430
        lines: list[dict[str, Any]] = []
        for step in range(6, end + 1, 6):
            p = step / 1131
            t = 3.4 + 24.6 * (p * 0.82 if p < 0.55 else 0.451 + (p - 0.55) * 1.22)
            loss = 0.5 + 1.9 * math.exp(-9 * p) + 0.04 * float(noise.standard_normal()) * (1.2 - p)
            lr = 0.24 * (p / 0.15 if p < 0.15 else (1 - p) / 0.85)
            rate = (14_100 if p < 0.55 else 9_600) * (1 + 0.03 * float(noise.standard_normal()))
            lines.append(
                {
                    "step": step,
                    "progress": p,
                    "elapsed_s": t,
                    "split": "train",
                    "loss": loss,
                    "lr": lr,
                    "samples_per_s": rate,
                    "size_px": 6 if p < 0.55 else 8,
                }
            )
            if step % 54 == 0 or step == 1128:
                lines.append(
                    {
                        "step": step,
                        "progress": p,
                        "elapsed_s": t + 0.02,
                        "split": "valid",
                        "loss": 0.52 + 1.8 * math.exp(-8 * p),
                        "accuracy": 0.985 - 0.75 * math.exp(-7 * p) + 0.004 * float(noise.standard_normal()),
                    }
                )
            if step == 300:
                lines.append(
                    {
                        "step": 301,
                        "event": "skipped_batch",
                        "reason": "loss is not finite",
                        "ids": [f"digits#{k}" for k in range(31)],
                    }
                )
        _write_lines(self.run.metrics, lines)

    def _evaluation(self) -> None:
        if not self.finished:
            return
        scores, details = {}, {}
        for name in [name for name in ("valid", "test") if name in self.splits]:
            part = self.splits[name]
            scores[name], details[name] = self._measure(self.logits[part], self.targets[part])
        last = "test" if "test" in self.splits else "valid"
        n = len(self.splits[last])
        _write(
            self.run.evaluation,
            {
                "schema": 1,
                "task": "classify",
                "headline": "accuracy",
                "scores": scores,
                "baselines": [
                    {
                        "name": "majority class",
                        "split": last,
                        "scores": {"accuracy": _wilson(round(0.103 * n), n), "log_loss": _around(2.303, 0.01, n)},
                    },
                    {
                        "name": "linear model (ridge)",
                        "split": last,
                        "scores": {"accuracy": _wilson(round(0.842 * n), n)},
                    },
                ],
                "details": {last: details[last]},
            },
        )

    def _measure(self, logits: np.ndarray, targets: np.ndarray) -> tuple[dict[str, Any], dict[str, Any]]:
        num, n = len(self.classes), len(targets)
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        said, sure = p.argmax(1), p.max(1)
        confusion = np.zeros((num, num), int)
        np.add.at(confusion, (targets, said), 1)
        hits = np.diag(confusion)
        precision = hits / np.maximum(1, confusion.sum(0))
        recall = hits / np.maximum(1, confusion.sum(1))
        f1 = 2 * precision * recall / np.maximum(1e-9, precision + recall)
        bins = _bins(sure, said == targets)
        ece = sum(b["n"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / n
        log_loss = float(-np.log(np.maximum(1e-12, p[np.arange(n), targets])).mean())
        wrong = np.flatnonzero(said != targets)
        worst = wrong[np.argsort(-sure[wrong], kind="stable")][:48]
        names = self.classes
        pairs = [(i, j) for i in range(num) for j in range(num) if i != j and confusion[i, j]]
        pairs.sort(key=lambda pair: -confusion[pair])
        return {
            "accuracy": _wilson(int((said == targets).sum()), n),
            "log_loss": _around(log_loss, 0.05, n),
            "ece": _around(ece, 0.015, n),
            "f1": _around(float(f1.mean()), 0.02, n),
        }, {
            "classes": names,
            "per_class": [
                {
                    "name": names[i],
                    "precision": float(precision[i]),
                    "recall": float(recall[i]),
                    "f1": float(f1[i]),
                    "support": int(confusion[i].sum()),
                }
                for i in range(num)
            ],
            "confusion": confusion.tolist(),
            "calibration": bins,
            "worst": [
                {
                    "index": int(i),
                    "id": self.ids(int(i)),
                    "true": names[targets[i]],
                    "predicted": names[said[i]],
                    "confidence": float(sure[i]),
                    "probability_of_true": float(p[i, targets[i]]),
                }
                for i in worst
            ],
            "confused": [{"true": names[i], "predicted": names[j], "n": int(confusion[i, j])} for i, j in pairs[:10]],
        }


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    return load_digits(return_X_y=True)


def _samples(num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return digits as uint8 ``(1797, 8, 8, 1)`` with targets folded or spread to the wanted number of classes."""
    images, targets = _digits()
    pictures = np.round(255 - images.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    if num_classes > 10:
        targets = targets + 10 * (np.arange(len(targets)) % (num_classes // 10))
    return pictures, targets % num_classes


def _nearest_centroid(images: np.ndarray, targets: np.ndarray, train: np.ndarray, num: int) -> np.ndarray:
    flat = images.reshape(len(images), -1).astype(float) / 255
    centres = np.stack([flat[train][targets[train] == c].mean(0) for c in range(num)])
    return -2.2 * ((flat[:, None] - centres[None]) ** 2).sum(2)


def _bins(sure: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    places = np.minimum(14, (sure * 15).astype(int))
    found = []
    for k in range(15):
        chosen = places == k
        n = int(chosen.sum())
        found.append(
            {
                "low": k / 15,
                "high": (k + 1) / 15,
                "confidence": float(sure[chosen].mean()) if n else 0.0,
                "accuracy": float(right[chosen].mean()) if n else 0.0,
                "n": n,
            }
        )
    return found


def _wilson(hits: int, n: int) -> dict[str, float]:
    z, p = 1.959964, hits / n
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n),
    )
    return {"value": p, "low": max(0.0, middle - half), "high": min(1.0, middle + half), "n": n}


def _around(value: float, half: float, n: int) -> dict[str, float]:
    return {"value": value, "low": max(0.0, value - half), "high": value + half, "n": n}


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _write_lines(path: Path, lines: Sequence[Any]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
