"""The data of a sitting: read again as a run had it, and prepared. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gnomon.core import config as configs
from gnomon.core.config import Layer
from gnomon.core.errors import GnomonError, StoppedError
from gnomon.core.events import Emit, Said, silent
from gnomon.core.run import RunFolder, read_json
from gnomon.core.signals import StopFlag
from gnomon.core.spec import Dataset
from gnomon.data import manifest, opening, preparing
from gnomon.data.audit import Audit
from gnomon.data.preparing import Prepared
from gnomon.sitting.asked import where_it_lay


def prepared_of(
    dataset: Dataset,
    layers: Sequence[Layer],
    *,
    stop: StopFlag,
    known: Mapping[str, Any] | None = None,
    emit: Emit = silent,
) -> Prepared:
    """Return the data as families see it; tell what was decided on the way, unless it was decided before."""
    prepared = preparing.prepare(
        dataset, layers, cache_dir=opening.cache_folder(), known=known, emit=emit, should_stop=stop
    )
    for guess in prepared.dataset.guesses[len(dataset.guesses) :]:
        opening.tell_guess(guess, emit)
    return prepared


def tell_findings(audited: Audit, emit: Emit) -> None:
    """Say what an audit warns of. Raises ``DataError`` where nothing can be learnt."""
    audited.require_learnable()
    for finding in audited.findings:
        if finding.level == "warning":
            emit(Said(text=finding.text, level="warning"))


def dataset_or_none(folder: RunFolder, emit: Emit) -> Dataset | None:
    """Return a run's data with the splits that it had, or None with a word about it where the data is gone."""
    stored = read_json(folder.data)
    layers: list[Layer] = [("config", configs.read_toml(folder.config))]
    data, run = opening.wished(layers)
    try:
        with StopFlag() as stop:
            dataset = opening.load_dataset(
                data, seed=run.seed, data_dir=where_it_lay(stored), emit=emit, should_stop=stop, layers=layers
            )
            return manifest.restore(dataset, stored)
    except StoppedError:
        raise
    except GnomonError as error:
        emit(Said(text=f"the report has no pictures: {error.what}", level="warning"))
        return None
