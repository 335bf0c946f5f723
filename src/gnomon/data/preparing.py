"""From data as it was read to numbers: what has to be fitted on the training split, and is kept beside the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gnomon.core import config as configs
from gnomon.core import plugins
from gnomon.core.config import Layer, Setting
from gnomon.core.events import Emit, silent
from gnomon.core.spec import Audio, Dataset, Density, Normality, Series, Table, Text, Trees
from gnomon.core.training import RunConfig

NOTHING: Mapping[str, Any] = {"kind": "none"}
_DENSITIES: Mapping[str, type[Density]] = {kind.__name__: kind for kind in (Density, Normality)}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Data as families see it, what was fitted to get there (JSON values), and the settings that said how."""

    dataset: Dataset
    preparation: Mapping[str, Any]
    settings: Mapping[str, Setting] = field(default_factory=dict)


def prepare(
    dataset: Dataset,
    layers: Sequence[Layer],
    *,
    cache_dir: Path,
    known: Mapping[str, Any] | None = None,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
    allowed_s: float | None = None,
) -> Prepared:
    """Return a dataset, with its final splits, as families see it.

    What is fitted is fitted on the training split; ``known`` is what an earlier preparation of a run fitted, which is
    used as it is; ``allowed_s`` are the seconds that it should take at most. Raises ``UsageError`` for settings and
    ``DataError`` for data that do not allow it.
    """
    if isinstance(dataset.spec.input, Text | Trees):
        from gnomon.data import treeforms

        dataset = treeforms.fitting(dataset, treeforms.takes(layers), known)
    if isinstance(dataset.spec.input, Trees):
        from gnomon.data import treeprep

        tree, settings = configs.build(treeprep.TreeConfig, "tree", layers)
        made, facts = treeprep.prepare(dataset, tree, known, emit=emit, should_stop=should_stop)
        return Prepared(dataset=made, preparation=facts, settings=settings)
    if isinstance(dataset.spec.input, Text):
        from gnomon.data import textprep

        text, settings = configs.build(textprep.TextConfig, "text", layers)
        made, facts = textprep.prepare(
            dataset, text, known, cache_dir=cache_dir, emit=emit, should_stop=should_stop, allowed_s=allowed_s
        )
        return Prepared(dataset=made, preparation=facts, settings=settings)
    if isinstance(dataset.spec.input, Series) and (series_density := _density(dataset, layers, known)) is not None:
        from gnomon.data import seriesdensity

        made, facts, settings = seriesdensity.prepare(dataset, layers, series_density, known)
        return Prepared(dataset=made, preparation=facts, settings=settings)
    if isinstance(dataset.spec.input, Series):
        from gnomon.data import seriesprep

        series, settings = configs.build(seriesprep.SeriesConfig, "series", layers)
        made, facts = seriesprep.prepare(dataset, series, known)
        return Prepared(dataset=made, preparation=facts, settings=settings)
    if isinstance(dataset.spec.input, Table) and (wanted := _density(dataset, layers, known)) is not None:
        from gnomon.data import densityprep, mixedprep, tableprep

        table, settings = configs.build(tableprep.TableConfig, "table", layers)
        density, more = configs.build(densityprep.DensityConfig, "density", layers)
        made, facts = mixedprep.prepare(
            dataset, table, density, wanted, known, cache_dir=cache_dir, emit=emit, should_stop=should_stop
        )
        return Prepared(dataset=made, preparation=facts, settings={**settings, **more})
    if isinstance(dataset.spec.input, Table):
        from gnomon.data import tableprep

        table, settings = configs.build(tableprep.TableConfig, "table", layers)
        made, facts = tableprep.prepare(dataset, table, known, cache_dir=cache_dir, emit=emit, should_stop=should_stop)
        return Prepared(dataset=made, preparation=facts, settings=settings)
    if isinstance(dataset.spec.input, Audio):
        from gnomon.data import audioprep

        sound, settings = configs.build(audioprep.SoundConfig, "sound", layers)
        made, facts = audioprep.prepare(dataset, sound, known)
        return Prepared(dataset=made, preparation=facts, settings=settings)
    if (wanted := _density(dataset, layers, known)) is not None:
        from gnomon.data import densityprep

        density, settings = configs.build(densityprep.DensityConfig, "density", layers)
        made, facts = densityprep.prepare(dataset, density, wanted, known)
        return Prepared(dataset=made, preparation=facts, settings=settings)
    return Prepared(dataset=dataset, preparation=NOTHING)


def _density(dataset: Dataset, layers: Sequence[Layer], known: Mapping[str, Any] | None) -> type[Density] | None:
    """Return the kind of target where the samples themselves are to be learned: the task or the data asks for it.

    Other data of a finished run come without the task; what was fitted before tells it then.
    """
    run, _ = configs.build(RunConfig, "run", layers)
    if run.task == "auto":
        if known is not None and "learned" in known:
            return _DENSITIES[str(known["learned"])]
        return type(dataset.spec.target) if isinstance(dataset.spec.target, Density) else None
    return next((kind for kind in plugins.load("task", run.task).TARGETS if issubclass(kind, Density)), None)
