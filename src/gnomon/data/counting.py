"""How many samples, or tokens where each has a tag, a split has of each class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Label, Spec, Split, Tags


def per_class(spec: Spec, part: Split) -> npt.NDArray[np.int64]:
    """Return the samples of each label or the tokens of each tag, ``(classes,)``; empty where there are no classes."""
    if isinstance(spec.target, Label):
        return np.bincount(part.targets, minlength=len(spec.target.classes))
    if isinstance(spec.target, Tags):
        values = part.targets.values
        return np.bincount(values[values >= 0], minlength=len(spec.target.classes))
    return np.zeros(0, np.int64)
