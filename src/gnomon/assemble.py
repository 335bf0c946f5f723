"""The one place where names become objects and every ``"auto"`` is resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gnomon.core import config as configs
from gnomon.core import plugins
from gnomon.core import seed as seeds
from gnomon.core.config import DataConfig, Layer, Setting
from gnomon.core.errors import ArtefactError, UsageError
from gnomon.core.ranks import Ranks
from gnomon.core.spec import (
    MAX_SIDE_PX,
    Density,
    Image,
    Label,
    MixedRow,
    Series,
    Spec,
    Split,
    Tree,
    Vector,
    Waveform,
    spec_as_dict,
    spec_from_dict,
)
from gnomon.core.spec import Sequence as Tokens
from gnomon.core.training import Allowance, AugmentConfig, Phases, Proposal, RunConfig, Speed, TrainConfig
from gnomon.data import feeds, forecasts, opening, preparing
from gnomon.data.feeds import Feed
from gnomon.data.preparing import Prepared
from gnomon.layers.ensemble import Ensemble, can_answer_together
from gnomon.layers.network import Network
from gnomon.training import checkpoint, machine
from gnomon.training.precision import DTYPES, Precision

_MOST_NETWORKS = 1000
_MOST_PREPARED_PX = 4_000_000
_MOST_PREPARED = 1000
_MOST_PREPARED_NODES = 500_000
_MOST_ROWS = 20_000
"""Rows of a table, in which quantiles are looked for."""
_MOST_PREPARED_TOKENS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user asked for, before anything is known about the data."""

    run: RunConfig
    data: DataConfig
    layers: tuple[Layer, ...]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Everything that a run is configured with, each setting with who chose it."""

    run: RunConfig
    data: DataConfig
    task: Any
    family: Any
    train: TrainConfig
    augment: AugmentConfig
    settings: Mapping[str, Setting]
    why: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A finished model and all that is needed to use it."""

    network: Network
    task: Any
    spec: Spec
    precision: Precision
    size_px: int = 0
    """Resolution at which pictures are looked at; 0 where there are none."""
    fit: str = "crop"
    preparation: Mapping[str, Any] = field(default_factory=lambda: preparing.NOTHING)
    """What makes numbers of data as it is read."""
    views_below: float = 0.0
    temperature: float = 1.0
    held_out: tuple[float, ...] = ()
    """How strange held-out samples are, in rising order, where that is asked."""
    valid_too: bool = False
    """Whether networks of an ensemble have learned from the validation samples, but for the first."""
    num_tightened: int = 0
    """Samples that are measured with many draws of the latents, where there are any."""


def wish(layers: Sequence[Layer]) -> Wish:
    """Return the wish that the layers of the configuration express."""
    data, run = opening.wished(layers)
    return Wish(run=run, data=data, layers=tuple(layers))


def choose(wished: Wish, prepared: Prepared, speed: Speed, *, allowance: Allowance) -> Choice:
    """Choose task and family where the user did not, take the family's proposal, and settle every setting."""
    dataset = prepared.dataset
    task_name = _task_for(dataset.spec) if wished.run.task == "auto" else wished.run.task
    plugins.load("task", task_name)
    family_name, proposal = _family_for(wished.run.family, dataset.spec, allowance, speed)
    run = replace(wished.run, task=task_name, family=family_name)
    proposed = {f"family.{name}": value for name, value in vars(proposal.config).items()} | dict(proposal.settings)
    layers: list[Layer] = [("plan", proposed), *wished.layers]
    built: dict[str, Any] = {}
    settings: dict[str, Setting] = dict(prepared.settings)
    classes = {
        "data": DataConfig,
        "reader": plugins.load("reader", dataset.reader).Config,
        "task": plugins.load("task", task_name).Config,
        "family": plugins.load("family", family_name).Config,
        "train": TrainConfig,
        "augment": AugmentConfig,
    }
    for section, cls in classes.items():
        built[section], found = configs.build(cls, section, layers)
        if section != "augment" or isinstance(dataset.spec.input, Image | Waveform):
            settings |= found
    _, asked = configs.build(RunConfig, "run", wished.layers)
    for name, setting in asked.items():
        value = getattr(run, name.partition(".")[2])
        settings[name] = setting if setting.value == value else Setting(value=value, who="plan")
    built["train"] = _checked(built["train"], dataset.spec)
    del built["reader"]
    return Choice(run=run, settings=settings, why=proposal.why, **built)


def device_for(wished: Wish) -> torch.device:
    """Return the device that the user asked for, or the best there is."""
    train, _ = configs.build(TrainConfig, "train", wished.layers)
    return machine.choose_device(train)


def make_task(name: str, config: Any, spec: Spec) -> Any:
    """Return the task of a name."""
    return plugins.load("task", name).Task(config, spec)


def make_network(
    name: str,
    config: Any,
    spec: Spec,
    *,
    train: Split,
    seed: int,
    device: torch.device,
    channels_last: bool,
    turn: int = 0,
) -> Network:
    """Build a network, set what depends on the data, and bring it to the device.

    ``turn`` tells those of an ensemble apart: each begins from other random numbers.
    """
    torch.manual_seed(seeds.key("network", seed, turn) if turn else seeds.key("network", seed))
    network = _build(name, config, spec)
    inputs, targets = _some(train, spec)
    network.prepare(inputs)
    if targets is not None:
        network.solve(inputs, targets)
    if network.exact is not None and isinstance(spec.input, Series):
        network.exact.take(*map(torch.from_numpy, forecasts.exact(train, spec.input)))
    return place(network, device, channels_last=channels_last)


def place(network: Network, device: torch.device, *, channels_last: bool) -> Network:
    """Bring a network to a device, in the memory format that is fast there."""
    network.to(device)
    if channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def make_feed(train: Split, spec: Spec, *, choice: Choice, device: torch.device, ranks: Ranks) -> Feed:
    """Return the training batches."""
    return feeds.feed_for(
        train,
        spec,
        batch_size=choice.train.batch_size,
        augment=choice.augment,
        seed=choice.run.seed,
        device=device,
        ranks=ranks,
    )


def phases_of(config: TrainConfig, spec: Spec) -> Phases:
    """Return the resolutions over the progress; the data's own where none were chosen."""
    return config.phases or ((0.0, _side(spec)),)


def test_size(config: TrainConfig, spec: Spec) -> int:
    """Return the resolution at which the finished model looks."""
    return phases_of(config, spec)[-1][1] if config.test_size_px == "auto" else config.test_size_px


def card(choice: Choice, model: Model) -> dict[str, Any]:
    """Return what must be known to use the weights: kept beside them in ``model.json``."""
    settings = configs.as_toml(choice.settings)
    return {
        "task": {"name": choice.run.task, "config": settings.get("task", {})},
        "family": {"name": choice.run.family, "config": settings.get("family", {})},
        "networks": len(model.network.networks) if isinstance(model.network, Ensemble) else 1,
        "valid_too": model.valid_too,
        "spec": spec_as_dict(model.spec),
        "preparation": dict(model.preparation),
        "size_px": model.size_px,
        "fit": model.fit,
        "precision": model.precision.name,
        "views_below": model.views_below,
        "temperature": model.temperature,
        "held_out": list(model.held_out),
        "num_tightened": model.num_tightened,
    }


def load_model(folder: Path, *, device: torch.device | None = None) -> Model:
    """Return the model in a ``model/`` folder. Raises ``ArtefactError`` where it is corrupt or not understood."""
    tensors, facts = checkpoint.load_model(folder)
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        spec = spec_from_dict(facts["spec"])
        networks = int(_within({"networks": 1, **facts}, "networks", 1, _MOST_NETWORKS))
        network = _build_from(facts["family"], spec, networks=networks)
        _check_tensors(network, tensors, folder)
        network.load_state_dict(tensors)
        task = make_task(facts["task"]["name"], _config_from("task", facts["task"]), spec)
        held_out = tuple(float(score) for score in facts.get("held_out", ()))
        if isinstance(spec.target, Density):
            task.remember(held_out)
        return Model(
            network=place(network, device, channels_last=True).eval(),
            task=task,
            spec=spec,
            size_px=int(_within(facts, "size_px", int(isinstance(spec.input, Image)), MAX_SIDE_PX)),
            preparation=dict(facts.get("preparation", preparing.NOTHING)),
            fit=_one_of(facts, "fit", ("crop", "squash", "pad")),
            precision=Precision(_one_of(facts, "precision", tuple(DTYPES)), device),
            views_below=_within(facts, "views_below", 0, 1),
            temperature=_within(facts, "temperature", 1e-3, 1e3),
            held_out=held_out,
            num_tightened=int(facts.get("num_tightened", 0)),
            valid_too=bool(facts.get("valid_too", False)),
        )
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise ArtefactError(
            f"the model's description is not understood: {error}", fix="use the version that wrote it", path=folder
        ) from error


def _task_for(spec: Spec) -> str:
    """Return the task whose ``TARGETS`` name the kind of the target."""
    fitting = [name for name in plugins.names("task") if isinstance(spec.target, plugins.load("task", name).TARGETS)]
    if not fitting:
        raise UsageError(f"no task has a {type(spec.target).__name__} for its target", fix="choose one with --task")
    return fitting[0]


def _family_for(wanted: str, spec: Spec, allowance: Allowance, speed: Speed) -> tuple[str, Proposal]:
    names = plugins.names("family") if wanted == "auto" else (wanted,)
    modules = {name: plugins.load("family", name) for name in names}
    fitting = {name: module for name, module in modules.items() if isinstance(spec.input, module.ACCEPTS)}
    if not fitting:
        raise UsageError(
            f"{wanted} does not take {type(spec.input).__name__} data"
            if wanted != "auto"
            else "no family takes this data",
            fix=f"there are: {', '.join(plugins.names('family'))}",
        )
    proposals = {name: module.size_for(allowance, spec, speed) for name, module in fitting.items()}
    best = max(proposals, key=lambda name: proposals[name].merit)
    if not proposals[best].merit and (wanted == "auto" or isinstance(spec.target, Density)):
        who = "no family learns" if wanted == "auto" else f"{wanted} does not learn"
        raise UsageError(
            f"{who} a {type(spec.target).__name__} from this data", fix="choose another --task or --family"
        )
    return best, proposals[best]


def _checked(config: TrainConfig, spec: Spec) -> TrainConfig:
    starts = [start for start, _ in phases_of(config, spec)]
    if starts[0] != 0 or any(b <= a for a, b in pairwise(starts)) or starts[-1] >= 1:
        raise UsageError(f"train.phases start at {starts}", fix="start at 0 and rise, all below 1")
    if config.batch_size < 2:
        raise UsageError("train.batch_size must be at least 2", fix="batch norm needs two samples to compare")
    return config


def _side(spec: Spec) -> int:
    return max(spec.input.height_px, spec.input.width_px) if isinstance(spec.input, Image) else 0


def _some(train: Split, spec: Spec) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return some inputs, evenly spread over the split, for statistics, and their targets where they are at hand."""
    most = _MOST_ROWS if isinstance(spec.input, Vector | MixedRow) else _MOST_PREPARED
    if isinstance(spec.input, Image):
        most = _MOST_PREPARED_PX // _side(spec) ** 2
    elif isinstance(spec.input, Tree):
        most = min(most, _MOST_PREPARED_NODES // spec.input.nodes)
    elif isinstance(spec.input, Tokens) and isinstance(spec.target, Label):  # few texts do not tell how rare a word is
        most = max(most, _MOST_PREPARED_TOKENS // spec.input.length)
    rows = np.unique(np.linspace(0, len(train) - 1, max(1, min(len(train), most))).astype(np.int64))
    if isinstance(spec.input, Image):  # as they are stored: resized ones have other statistics
        return torch.from_numpy(np.ascontiguousarray(train.inputs[rows])), None
    found = next(feeds.looks(train, spec, batch_size=len(rows), size=0, device=torch.device("cpu"), rows=rows))
    return found.inputs, found.targets


def _build(name: str, config: Any, spec: Spec) -> Network:
    network = plugins.load("family", name).build(config, spec)
    if not isinstance(network, Network):
        raise TypeError(f"the family {name} built a {type(network).__name__}, not a Network")
    return network


def _config_from(kind: str, described: Mapping[str, Any]) -> Any:
    if unknown := described.keys() - {"name", "config"}:
        raise ValueError(f"the {kind} has {', '.join(sorted(unknown))}")
    values = {f"{kind}.{name}": value for name, value in described["config"].items()}
    built, _ = configs.build(plugins.load(kind, described["name"]).Config, kind, [("config", values)])
    return built


def _build_from(described: Mapping[str, Any], spec: Spec, *, networks: int) -> Network:
    with torch.device("meta"):
        sketch = _build(described["name"], _config_from("family", described), spec)
    if networks * sum(t.numel() for t in sketch.state_dict().values()) > 2**34:
        raise ValueError("it describes a network of more than 17 billion numbers")

    def build(turn: int) -> Network:
        return _build(described["name"], _config_from("family", described), spec)

    if networks == 1:
        return build(0)
    if not can_answer_together(spec):
        raise ValueError(f"it describes {networks} networks that cannot answer together")
    ensemble = Ensemble(build(0), spec, another=build)
    for turn in range(1, networks):
        ensemble.begin(turn)
    ensemble.finish()
    return ensemble


def _check_tensors(network: Network, tensors: Mapping[str, torch.Tensor], folder: Path) -> None:
    own = network.state_dict()
    wrong = [
        n for n in own.keys() | tensors.keys() if n not in own or n not in tensors or own[n].shape != tensors[n].shape
    ]
    if wrong:
        raise ArtefactError(
            f"the weights do not fit the described network: {', '.join(sorted(wrong)[:3])}",
            fix="restore the folder from a copy",
            path=folder,
        )


def _within(facts: Mapping[str, Any], name: str, low: float, high: float) -> float:
    value = facts[name]
    if not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}, not between {low:g} and {high:g}")
    return value


def _one_of(facts: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = facts[name]
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, not one of {', '.join(allowed)}")
    return str(value)
