"""How many samples, or tokens or nodes where each has one, a split has of each class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Label, NodeLabels, Spec, Split, Tags


def per_class(spec: Spec, part: Split) -> npt.NDArray[np.int64]:
    """Return the samples of each label or the tokens or nodes with each tag, ``(classes,)``; else nothing."""
    if isinstance(spec.target, Label):
        return np.bincount(part.targets, minlength=len(spec.target.classes))
    if isinstance(spec.target, Tags | NodeLabels):
        values = part.targets.values
        return np.bincount(values[values >= 0], minlength=len(spec.target.classes))
    return np.zeros(0, np.int64)
