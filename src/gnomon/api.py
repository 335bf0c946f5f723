"""The verbs, for Python and the command line alike. Importing this module imports no torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnomon.core import config as configs
from gnomon.core import files
from gnomon.core import run as runfolders
from gnomon.core.clock import MonotonicClock, Stopwatch
from gnomon.core.config import Auto, Off
from gnomon.core.errors import UsageError
from gnomon.core.events import Emit, Finished, Said, silent
from gnomon.core.processors import wait_politely
from gnomon.core.run import RunFolder, read_json, read_lines
from gnomon.core.signals import StopFlag
from gnomon.sitting.asked import RUNS, allowance_of, data_dir_of, layers_of, preparing_s, value_of, where_it_lay
from gnomon.training.budget import parse_budget

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from gnomon.assemble import Model
    from gnomon.core.spec import Dataset
    from gnomon.outputs import drawing, drawstretches

    Pictures = npt.NDArray[np.uint8]
    Stretches = npt.NDArray[np.float32]


_JUDGE_BUDGET = "60s"
"""What the classifier may take that judges drawn pictures."""


@dataclass(frozen=True)
class Run:
    """A run folder, and what can be done with it."""

    path: Path

    @property
    def folder(self) -> RunFolder:
        """The paths inside."""
        return RunFolder(self.path)

    @property
    def plan(self) -> dict[str, Any]:
        """The plan."""
        return next(read_lines(self.folder.plan), {})

    @property
    def evaluation(self) -> dict[str, Any]:
        """What ``evaluation.json`` holds. Raises ``ArtefactError`` where the run is not finished."""
        found: dict[str, Any] = read_json(self.folder.evaluation)
        return found

    @property
    def scores(self) -> dict[str, Any]:
        """``{split: {metric: {value, low, high, n}}}``."""
        scores: dict[str, Any] = self.evaluation["scores"]
        return scores

    def predict(self, inputs: Any, *, out: str | None = None, strict: bool = False) -> list[dict[str, Any]]:
        """Return one row for each input; see ``gnomon.predict``."""
        return predict(self, inputs, out=out, strict=strict)

    def generate(self, prompt: str = "", *, length: int = 400, temperature: float = 0.8, seed: int = 0) -> str:
        """Return a text with which the run's language model goes on from ``prompt``; see ``gnomon.generate``."""
        return "".join(generate(self, prompt, length=length, temperature=temperature, seed=seed))

    def draw(
        self, count: int = 64, *, label: str | None = None, seed: int = 0, temperature: float = 1.0
    ) -> Pictures | Stretches:
        """Return new pictures of the run's model, uint8 ``(count, height, width, channels)``, or new stretches of a
        series, float32 ``(count, time, channels)``; see ``gnomon.draw``."""
        return draw(self, count=count, label=label, seed=seed, temperature=temperature)

    def synthesise(
        self, count: int = 1000, *, label: str | None = None, seed: int = 0, temperature: float = 1.0
    ) -> pa.Table:
        """Return a table of new rows like those that the run learned; see ``gnomon.synthesise``."""
        return synthesise(self, count=count, label=label, seed=seed, temperature=temperature)

    def evaluate(self, data: Any = None) -> dict[str, Any]:
        """Measure the model anew; see ``gnomon.evaluate``."""
        return evaluate(self, data)

    def report(self) -> Path:
        """Write the report anew and return its path."""
        return report(self)


def load_run(path: str | os.PathLike[str] | Run) -> Run:
    """Return a run by its folder or its name under ``runs/``. Raises ``ArtefactError`` where there is none."""
    return path if isinstance(path, Run) else Run(runfolders.open_run(Path(path)).path)


def runs(folder: str = "runs") -> list[dict[str, Any]]:
    """Return what is known of all runs in a folder, newest first."""
    return runfolders.list_runs(Path(folder))


def _read(path: Any, valid: Any, test: Any) -> dict[str, Any]:
    """Return where the data lies; tables that are handed over in Python are written to the cache first."""
    from gnomon.data import handed, opening

    given = {"path": path, "valid": valid, "test": test}
    return {name: handed.path_of(data, opening.cache_folder()) for name, data in given.items()}


def _words(inputs: Any) -> list[str]:
    """Return what is to be predicted as paths; a table that is handed over in Python is written to the cache first."""
    from gnomon.data import handed, opening

    given = inputs if isinstance(inputs, list | tuple) else [inputs]
    return [handed.path_of(one, opening.cache_folder()) for one in given]


def inspect(
    path: Any,
    *,
    target: str = "auto",
    task: str = "auto",
    family: str = "auto",
    valid: Any = "off",
    test: Any = "off",
    split: str = "auto",
    group: str = "off",
    time: str = "off",
    horizon: int | Auto = "auto",
    label_from: str = "auto",
    seed: int = 0,
    budget: str = "5m",
    data_dir: str | None = None,
    config: str | None = None,
    settings: Sequence[str] = (),
    max_bad: float = 0.01,
    emit: Emit = silent,
) -> dict[str, Any]:
    """Return what the data is, what Gnomon would do and why, and what is wrong with it. Nothing is trained.

    ``path`` is a path, a known name, or a table of pandas, polars or Arrow.
    """
    asked = {"budget": budget, "task": task, "family": family, "seed": seed}
    read = _read(path, valid, test) | {"target": target, "split": split, "max_bad": max_bad}
    read |= {"label_from": label_from, "group": group, "time": time}
    layers = layers_of(asked, read, config, settings, horizon=horizon)
    parsed = parse_budget(value_of(layers, "run.budget"))
    wait_politely()
    with StopFlag() as stop:
        from gnomon.data import audit, manifest, opening
        from gnomon.sitting.reading import prepared_of

        data, run = opening.wished(layers)
        dataset = opening.load_dataset(
            data, seed=run.seed, data_dir=data_dir_of(data_dir), emit=emit, should_stop=stop, layers=layers
        )
        audited = audit.audit(dataset, needs_labels=opening.needs_labels(layers))
        opening.tell(dataset, emit)
        for finding in audited.findings:
            emit(Said(text=finding.text, level="warning" if finding.level == "error" else finding.level))
        allowed_s = preparing_s(parsed, used_s=0.0)
        prepared = prepared_of(dataset, layers, emit=emit, stop=stop, allowed_s=allowed_s)
        from gnomon import assemble  # with torch: what was found is on the screen before it is there
        from gnomon.training import machine

        wished = assemble.wish(layers)
        known = machine.know(assemble.device_for(wished), cache=opening.cache_folder(), may_measure=True)
        allowance = allowance_of(parsed, len(prepared.dataset.splits["train"]), used_s=0.0)
        choice = assemble.choose(wished, prepared, known.speed(), allowance=allowance)
    result = {
        **manifest.data_json(dataset, audited),
        "would": {
            "task": choice.run.task,
            "family": choice.run.family,
            "budget": parsed.text,
            "why": list(choice.why),
            "settings": configs.as_toml(choice.settings),
        },
    }
    emit(Finished(result=result))
    return result


def train(
    path: Any = None,
    *,
    budget: str = "5m",
    task: str = "auto",
    family: str = "auto",
    target: str = "auto",
    valid: Any = "off",
    test: Any = "off",
    split: str = "auto",
    group: str = "off",
    time: str = "off",
    horizon: int | Auto = "auto",
    label_from: str = "auto",
    seed: int = 0,
    out: str | None = None,
    config: str | None = None,
    settings: Sequence[str] = (),
    max_bad: float = 0.01,
    data_dir: str | None = None,
    replay: str | None = None,
    already_s: float = 0.0,
    emit: Emit = silent,
) -> Run:
    """Train the best model that the budget can buy, measure it and write a report.

    ``path`` is a path, a known name, or a table of pandas, polars or Arrow, as are ``valid`` and ``test``.
    ``already_s`` are seconds of the budget that were used before the call: by starting the program, for instance.
    """
    wait_politely()
    if replay is not None:
        return _replayed(load_run(replay), out=out, emit=emit)
    asked = {"budget": budget, "task": task, "family": family, "seed": seed}
    read = _read(path, valid, test) | {"target": target, "split": split, "max_bad": max_bad}
    read |= {"label_from": label_from, "group": group, "time": time}
    layers = layers_of(asked, read, config, settings, horizon=horizon)
    parsed = parse_budget(value_of(layers, "run.budget"))
    stopwatch = Stopwatch(MonotonicClock(), already_s=already_s)
    with StopFlag() as stop:
        from gnomon.sitting import starting

        folder = starting.start(layers, parsed, out=out, data_dir=data_dir, stopwatch=stopwatch, stop=stop, emit=emit)
    return Run(folder.path)


def resume(
    run: str | Run,
    *,
    budget: str | None = None,
    accept_changed_data: bool = False,
    already_s: float = 0.0,
    emit: Emit = silent,
) -> Run:
    """Go on with a stopped run: with what is left of its budget, or with a new allotment of wall time."""
    opened = load_run(run)
    wait_politely()
    with StopFlag() as stop:
        from gnomon.sitting import starting

        starting.resume(
            opened.folder,
            budget=budget,
            accept_changed_data=accept_changed_data,
            already_s=already_s,
            stop=stop,
            emit=emit,
        )
    return opened


def evaluate(
    run: str | Run, data: Any = None, *, split: str = "test", judge: str | Run = "off", emit: Emit = silent
) -> dict[str, Any]:
    """Measure a run's model: on its own data's split, or on other data with the same classes.

    ``data`` is a path, a known name, or a table of pandas, polars or Arrow.
    ``judge`` is for models that draw: a run of a classifier of such pictures, in whose eyes drawn ones are compared
    with real ones; ``auto`` trains one on the run's own labels, once, and keeps it in the run folder.
    """
    opened = load_run(run)
    wait_politely()
    judged = None
    if judge != "off":
        if makes(opened) != "pictures":
            raise UsageError("there is nothing to judge: this model draws no pictures", fix="leave --judge out")
        judged = _judge_of(opened, judge, emit)
    with StopFlag() as stop:
        from dataclasses import replace

        from gnomon import assemble
        from gnomon.outputs import evaluate as evaluation
        from gnomon.sitting import records, starting

        plan = records.log_of(opened.folder).plan
        model = assemble.load_model(opened.folder.model)
        if data is None:
            dataset = starting.reopened(opened.folder, stop, emit, accept_changed_data=False).dataset
        else:
            from gnomon.data import handed, opening

            data = handed.path_of(data, opening.cache_folder())
            dataset = opening.load_foreign(
                data,
                fit=model.fit,
                spec=model.spec,
                preparation=model.preparation,
                before=opening.AsBefore(
                    reader=str(read_json(opened.folder.data)["reader"]),
                    settings=configs.read_toml(opened.folder.config),
                ),
                data_dir=data_dir_of(None),
                emit=emit,
                should_stop=stop,
            )
        if split not in dataset.splits:
            raise UsageError(f"there is no split {split!r}", fix=f"there are: {', '.join(dataset.splits)}")
        asked = replace(
            dataset, splits={"train": dataset.splits.get("train", dataset.splits[split]), "test": dataset.splits[split]}
        )
        compared = {} if judged is None else _compared(opened, model, asked, judged, plan["seed"], stop, emit)
        learnt = "train" in dataset.splits
        plain = evaluation.baselines(model.task, asked, seed=plan["seed"], thorough=learnt)
        found = evaluation.evaluation(
            model,
            asked,
            known={},
            task_name=plan["task"],
            seed=plan["seed"],
            emit=emit,
            # Fitted on the very samples that it is to answer, any but the most trivial would know them by heart.
            measured=plain if learnt else plain[:1],
            should_stop=stop,
        )
        if makes(opened) == "tables" and learnt:
            compared = _beside_real(opened, model, asked, found, plan["seed"], stop)
    found["scores"]["test"] |= compared
    result = {
        "run": str(opened.path),
        "data": data or str(dataset.source),
        "split": split,
        "scores": {split: found["scores"]["test"]},
        "baseline": evaluation.best_baseline(found),
    }
    emit(Finished(result=result))
    return result


def _compared(
    opened: Run, model: Model, dataset: Dataset, judge: Run, seed: int, stop: StopFlag, emit: Emit
) -> dict[str, Any]:
    """Compare drawn pictures with real ones in the eyes of a classifier; keep what was found in the run folder."""
    from gnomon import assemble
    from gnomon.outputs import judging

    classifier = assemble.load_model(judge.folder.model)
    scores = judging.judged(model, classifier, dataset, split="test", seed=seed, emit=emit, should_stop=stop)
    accuracy = (judge.scores.get("test") or judge.scores.get("valid") or {}).get("accuracy", {}).get("value")
    files.write_json(
        opened.folder.fidelity,
        {"judge": judge.path.name, "accuracy": accuracy, "data": dataset.source, "scores": scores},
    )
    return scores


def _beside_real(
    opened: Run, model: Model, dataset: Dataset, found: Mapping[str, Any], seed: int, stop: StopFlag
) -> dict[str, Any]:
    """Compare made-up rows with real ones at length; keep what was found in the run folder and return the scores."""
    from gnomon.outputs import rowfidelity, rowportrait

    details = found["details"].get("test", {})
    told = rowportrait.write(
        model, dataset, opened.folder, details=details, effort=rowportrait.WHOLE, seed=seed, should_stop=stop
    )
    scores: dict[str, Any] = told.get("beside", {}).get(rowfidelity.THIS, {})
    return scores


def _judge_of(opened: Run, wanted: str | Run, emit: Emit) -> Run:
    """Return the classifier that judges: a named run, else that in the run's own folder, trained now if need be."""
    if wanted != "auto":
        return load_run(wanted)
    place = RunFolder(opened.folder.judge)
    if place.evaluation.exists():
        return Run(place.path)
    if place.path.exists():
        files.remove_tree(place.path)
    data = {name: value for name, value in configs.read_toml(opened.folder.config).items() if name.startswith("data.")}
    emit(Said(text=f"a classifier is trained to judge the pictures, for {_JUDGE_BUDGET}"))
    return train(
        budget=_JUDGE_BUDGET,
        task="classify",
        settings=[f"{name}={json.dumps(value)}" for name, value in data.items()],
        out=str(place.path),
        data_dir=str(where_it_lay(read_json(opened.folder.data)) or "") or None,
        emit=lambda event: None if isinstance(event, Finished) else emit(event),
    )


def predict(
    run: str | Run, inputs: Any, *, out: str | None = None, strict: bool = False, emit: Emit = silent
) -> list[dict[str, Any]]:
    """Return one row for each input, in order, an unreadable one with its ``error``; write them to ``out`` if named.

    ``inputs`` are paths, or a table of pandas, polars or Arrow whose rows are asked about. ``strict`` refuses a table
    that lacks a column instead of taking all its cells for missing.
    """
    opened = load_run(run)
    wait_politely()
    with StopFlag() as stop:
        from gnomon import assemble
        from gnomon.outputs import predict as prediction
        from gnomon.outputs.asking import asking

        if out is not None:
            prediction.require_format(Path(out))
        model = assemble.load_model(opened.folder.model)
        asked = asking(model, emit, strict=strict)
        rows = list(prediction.predict(model, asked, asked.paths(_words(inputs)), emit=emit, should_stop=stop))
    if out is not None:
        prediction.write(rows, asked, Path(out))
    emit(Finished(result={"run": str(opened.path), "out": out, "predictions": rows}))
    return rows


def generate(
    run: str | Run,
    prompt: str = "",
    *,
    length: int = 400,
    temperature: float = 0.8,
    top_k: int | Off = "off",
    top_p: float | Off = "off",
    seed: int = 0,
    stop: Sequence[str] = (),
    emit: Emit = silent,
) -> Iterator[str]:
    """Yield the pieces of a text with which a language model goes on from ``prompt``, as they come.

    At most ``length`` tokens, drawn at ``temperature`` among the ``top_k`` likeliest, or the likeliest that together
    have the probability ``top_p``; it ends before the first of the texts in ``stop``. The same seed, the same text.
    """
    opened = load_run(run)
    wait_politely()
    with StopFlag() as asked_to_stop:
        from gnomon import assemble
        from gnomon.outputs import generate as writing

        model = assemble.load_model(opened.folder.model)
        choice = writing.Choice(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        pieces = writing.generate(
            model, prompt, length=length, choice=choice, stop=stop, emit=emit, should_stop=asked_to_stop
        )
        written = yield from pieces
    emit(
        Finished(
            result={
                "run": str(opened.path),
                "prompt": prompt,
                "text": written.text,
                "seed": seed,
                "num_tokens": written.num_tokens,
                "ended": written.ended,
            }
        )
    )


def makes(run: str | Run) -> str:
    """Return what a run's model makes: ``text``, ``pictures``, ``series``, ``tables``, or ``answers`` where it makes
    nothing new.

    Raises ``ArtefactError`` where the model is not there or not understood.
    """
    from gnomon.core.spec import Density, Image, MixedRow, Series, spec_from_dict
    from gnomon.core.spec import Sequence as Tokens

    card = read_json(load_run(run).folder.card)
    spec = spec_from_dict(card.get("spec", {}) if isinstance(card, dict) else {})
    if isinstance(spec.input, Image) and isinstance(spec.target, Density):
        return "pictures"
    if isinstance(spec.input, MixedRow) and isinstance(spec.target, Density):
        return "tables"
    if isinstance(spec.input, Series) and isinstance(spec.target, Density):
        return "series"
    return "text" if isinstance(spec.input, Tokens) and isinstance(spec.target, Tokens) else "answers"


def draw(
    run: str | Run,
    *,
    out: str | None = None,
    count: int | None = None,
    label: str | None = None,
    like: Sequence[str] = (),
    between: tuple[str, str] | None = None,
    seed: int = 0,
    temperature: float = 1.0,
    emit: Emit = silent,
) -> Pictures | Stretches:
    """Return what a generative model draws; write it to ``out``.

    Pictures are uint8 ``(n, height, width, channels)``; stretches of a series float32 ``(n, time, channels)``, in
    their units. New ones, ``count`` of them, of the class ``label`` or of each class in turn; or what the model makes
    of those ``like``, files or folders; or ``count`` steps of the way ``between`` two files. ``out`` is a ``.png`` file
    for a grid of all pictures, enlarged where they are small, or a folder for a file each; for series, a table. The
    same seed draws the same.
    """
    opened = load_run(run)
    if like and between is not None:
        raise UsageError("what is drawn is like some or between two, not both", fix="choose one of the two")
    wait_politely()
    with StopFlag() as stop:
        from gnomon import assemble
        from gnomon.outputs import contactsheet, drawing, drawstretches

        series = makes(opened) == "series"
        if out is not None:
            (drawstretches if series else contactsheet).require_place(Path(out))
        model, how = assemble.load_model(opened.folder.model), drawstretches if series else drawing
        drawn: drawing.Drawn | drawstretches.Drawn
        if like:
            drawn = how.alike(model, like, label=label)
        elif between is not None:
            drawn = how.between(model, *between, count=count or how.STEPS, label=label)
        else:
            count = how.COUNT if count is None else count
            about: dict[str, Any] = {"seed": seed, "temperature": temperature, "label": label}
            drawn = how.samples(model, count=count, emit=emit, should_stop=stop, **about)
        files = [] if out is None else _write_drawn(drawn, Path(out), one_row=between is not None)
    values = drawn.pictures if isinstance(drawn, drawing.Drawn) else drawn.values
    counted = {"num_series" if series else "num_pictures": len(values)}
    emit(Finished(result={"run": str(opened.path), **counted, "files": files}))
    return values


def _write_drawn(drawn: drawing.Drawn | drawstretches.Drawn, out: Path, *, one_row: bool) -> list[str]:
    """Write what was drawn and return the files: pictures as they are wished, a series as a table."""
    from gnomon.outputs import contactsheet, drawstretches

    if isinstance(drawn, drawstretches.Drawn):
        drawstretches.write(drawn, out)
        return [str(out)]
    columns = min(len(drawn.pictures), contactsheet.MOST_COLUMNS) if one_row else None
    return list(map(str, contactsheet.write(drawn.pictures, drawn.names, out, columns=columns, above=drawn.above)))


def synthesise(
    run: str | Run,
    *,
    out: str | None = None,
    count: int | None = None,
    label: str | None = None,
    like: str | None = None,
    seed: int = 0,
    temperature: float = 1.0,
    emit: Emit = silent,
) -> pa.Table:
    """Return a table that a model of a table's rows makes, with the columns of its data; write it to ``out``.

    New rows, ``count`` of them, of the class ``label`` or of each class as often as in training; or what the model
    makes of each row of the table ``like``. The same seed, the same rows. ``out`` ends in .csv, .tsv, .jsonl or
    .parquet.
    """
    opened = load_run(run)
    wait_politely()
    with StopFlag() as stop:
        from gnomon import assemble
        from gnomon.outputs import predict as prediction
        from gnomon.outputs import synthesis

        if out is not None:
            prediction.require_format(Path(out))
        model = assemble.load_model(opened.folder.model)
        if like is not None:
            made = synthesis.alike(model, Path(like), label=label, emit=emit)
        else:
            wanted = synthesis.COUNT if count is None else count
            about = {"seed": seed, "temperature": temperature, "label": label}
            made = synthesis.rows(model, count=wanted, emit=emit, should_stop=stop, **about)  # type: ignore[arg-type]
        table = synthesis.table_of(model, made, seed=seed)
        if out is not None:
            synthesis.write(table, Path(out))
    emit(Finished(result={"run": str(opened.path), "num_rows": table.num_rows, "columns": table.column_names}))
    return table


def report(run: str | Run, *, emit: Emit = silent) -> Path:
    """Write a run's report anew from its records and return its path."""
    opened = load_run(run)
    from gnomon.outputs import report as reports
    from gnomon.outputs.examples import examples_of
    from gnomon.sitting.reading import dataset_or_none

    dataset = dataset_or_none(opened.folder, emit)
    return reports.write_report(opened.folder, examples=None if dataset is None else examples_of(dataset))


def doctor(*, emit: Emit = silent) -> dict[str, Any]:
    """Return what this machine is and can do, and whether a small training works on it."""
    from gnomon.data import opening
    from gnomon.outputs.doctor import examine

    return examine(
        train=train,
        predict=predict,
        cache_dir=opening.cache_folder(),
        data_dir=data_dir_of(None),
        runs_dir=RUNS,
        emit=emit,
    )


def _replayed(run: Run, *, out: str | None, emit: Emit) -> Run:
    with StopFlag() as stop:
        from gnomon.sitting import starting

        return Run(starting.replay(run.folder, out=out, stop=stop, emit=emit).path)
