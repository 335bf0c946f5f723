"""Run folders of generative models of pictures, as training leaves them: principal components of real digits.

Every picture and every number that the report shows is computed here by plain numpy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from fake_run import _around, _samples, _wilson, _write
from fake_sequence_runs import FakeSequenceRun

from gnomon.core import surprise
from gnomon.core.spec import Dataset, Density, Image, Label, Normality, Spec, Split, spec_as_dict
from gnomon.outputs import panels as kept
from gnomon.outputs.contactsheet import paired
from gnomon.outputs.projection import principal_plane

DIGITS = tuple(str(digit) for digit in range(10))
DIMS = 12


class FakeDreams(FakeSequenceRun):
    """A model of digits; ``target`` says what was asked of them, ``names`` what the classes are called."""

    task, family, headline = "generate", "vae", "nll"
    first, last = 190.0, 92.0

    def __init__(
        self, parent: Path, target: Density | None = None, *, names: tuple[str, ...] = DIGITS, finished: bool = True
    ) -> None:
        self.target = target or Density(classes=names, conditional=True)
        self.task = "anomaly" if isinstance(self.target, Normality) else "generate"
        self.headline = "auroc" if isinstance(self.target, Normality) else "nll"
        self._fit(names)
        super().__init__(parent, self._dataset(names), finished=finished)
        _write(self.run.preparation, {"kind": "density"})
        if finished:
            self.run.model.mkdir()
            _write(self.run.card, {"spec": spec_as_dict(Spec(input=self.dataset.spec.input, target=self.target))})
            self._portrait(names)

    def _fit(self, names: tuple[str, ...]) -> None:
        self.images, targets = _samples(10)
        self.targets = targets % max(1, len(names))
        flat = self.images.reshape(len(self.images), -1).astype(float)
        self.mean = flat[:1400].mean(axis=0)
        _, spreads, weights = np.linalg.svd(flat[:1400] - self.mean, full_matrices=False)
        self.weights, self.spreads = weights[:DIMS], spreads[:DIMS] / 1400**0.5
        self.codes = (flat - self.mean) @ self.weights.T / self.spreads
        self.rebuilt = self._decoded(self.codes)
        self.strangeness = ((flat - self.rebuilt.reshape(len(flat), -1)) ** 2).mean(axis=1)

    def _decoded(self, codes: np.ndarray) -> np.ndarray:
        flat = codes * self.spreads @ self.weights + self.mean
        return np.clip(np.round(flat), 0, 255).astype(np.uint8).reshape(-1, 8, 8, 1)

    def _dataset(self, names: tuple[str, ...]) -> Dataset:
        bounds = {"train": (0, 1400), "valid": (1400, 1550), "test": (1550, 1797)}
        splits = {
            name: Split(
                inputs=self.images[slice(*bound)],
                targets=self.targets[slice(*bound)] if names else np.full(bound[1] - bound[0], -1, np.int64),
                ids=np.array([f"photos/{k}.png" for k in range(*bound)], dtype=object),
                hashes=np.arange(2 * (bound[1] - bound[0]), dtype=np.uint64).view("V16"),
            )
            for name, bound in bounds.items()
        }
        raw = Label(classes=names) if names else Density()
        image = Image(height_px=8, width_px=8, channels=1)
        return Dataset(
            name="digits",
            source="digits",
            reader="digits",
            spec=Spec(input=image, target=raw),
            splits=splits,
            fingerprint="f",
        )

    def _metrics(self) -> list[dict[str, Any]]:
        lines = super()._metrics()
        for line in lines:
            if line["split"] == "valid":
                line |= {"reconstruction": 70.0 + 100 * (1 - line["progress"]), "kl": 22.0 * line["progress"]}
        return lines

    def baselines(self, split: Split) -> list[dict[str, Any]]:
        score = _around(0.71 if self.headline == "auroc" else 206.8, 0.02, len(split))
        return [{"name": "pixel by pixel", "split": "test", "scores": {self.headline: score}}]

    def _evaluation(self) -> dict[str, Any]:
        test = self.dataset.splits["test"]
        scores, details = self.measured(test)
        return {
            "schema": 1,
            "task": self.task,
            "headline": self.headline,
            "higher_is_better": self.headline == "auroc",
            "scores": {"test": scores},
            "details": {"test": details},
            "baselines": self.baselines(test),
        }

    def measured(self, split: Split) -> tuple[dict[str, Any], dict[str, Any]]:
        n, held = len(split), self.strangeness[1400:1550]
        scores = {"nll": _around(92.1, 0.9, n), "reconstruction": _around(70.2, 0.9, n), "kl": _around(21.9, 0.2, n)}
        odd: np.ndarray = np.zeros(0)
        if self.headline == "auroc":
            scores = {"auroc": _wilson(round(0.93 * n), n), **scores}
            odd = 3 * self.strangeness[1550:1650]
        order = np.argsort(-self.strangeness[1550:])[:16]
        values = self.strangeness[1550:][order]
        told = zip(order.tolist(), values.tolist(), surprise.p_values(values, held).tolist(), strict=True)
        strangest = [
            {"index": k, "id": str(split.ids[k]), "score": s, "p_value": p, "label": int(split.targets[k])}
            for k, s, p in told
        ]
        edges = np.linspace(0, max(held.max(), *odd, 0.0), 31)
        histogram = {"edges": edges.tolist(), "normal": np.histogram(held, edges)[0].tolist()}
        if len(odd):
            histogram["anomalous"] = np.histogram(odd, edges)[0].tolist()
        return scores, {
            "groups": [{"kl": 17.3, "active": True}, {"kl": 4.6, "active": True}],
            "collapsed": False, "warnings": [], "bound": {"k": 500, "num": n, "mc_error": 0.04,
            "text": "importance-weighted bound of 500 draws of the latents a sample"},
            "strangest": strangest, "histogram": histogram,
            "threshold": {"score": float(np.quantile(held, 0.95)), "false_alarms": 0.05},
            "thresholds": surprise.thresholds(held, odd),
        }  # fmt: skip

    def _portrait(self, names: tuple[str, ...]) -> None:
        draw = np.random.default_rng(0)
        shown = list(names[:12]) if self.target.conditional else [""] * 8
        samples = self._decoded(draw.normal(size=(8 * len(shown), DIMS)))
        ends = self.codes[1550:1555, None], self.codes[1560:1565, None]
        shares = np.linspace(0, 1, 9)[None, :, None]
        ways = self._decoded(((1 - shares) * ends[0] + shares * ends[1]).reshape(-1, DIMS))
        turned = np.zeros((6, len(kept.STEPS), DIMS))
        for k in range(6):
            turned[k, :, k] = kept.STEPS
        order = [one["index"] + 1550 for one in self.measured(self.dataset.splits["test"])[1]["strangest"]]
        pairs = np.stack([self.images[order], self.rebuilt[order]], axis=1).reshape(-1, 8, 8, 1)
        rebuilt = paired(self.images[1550:1570], self.rebuilt[1550:1570], columns=10)
        plane = principal_plane(self.codes[1550:])
        made = {
            "samples": kept.Panel(pictures=samples, columns=8, rows=tuple(shown)),
            "rebuilt": kept.Panel(pictures=rebuilt, columns=10, rows=("given", "rebuilt") * 2),
            "ways": kept.Panel(pictures=ways, columns=9, rows=("",) * 5),
            "traversals": kept.Panel(
                pictures=self._decoded(turned.reshape(-1, DIMS)), columns=9, rows=tuple(f"latent {k}" for k in range(6))
            ),
            "strangest": kept.Panel(pictures=pairs, columns=2, rows=("",) * len(order)),
        }
        facts = {
            "points": np.round(plane.points, 4).tolist(),
            "explained": list(plane.explained),
            "labels": self.targets[1550:].tolist() if names else [-1] * 247,
            "classes": list(names),
            "dims": DIMS,
        }
        groups = [{"name": "top", "dims": DIMS, "active": 11}, {"name": "8 x 8", "dims": 64, "active": 9}]
        kept.write_panels(self.run, made, {"split": "test", "map": facts, "groups": groups})
