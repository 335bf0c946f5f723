"""Lets a language model write: one token after the other, each drawn from what the model expects next."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from gnomon.assemble import Model
from gnomon.core import seed as seeds
from gnomon.core import spec as specs
from gnomon.core.config import Off
from gnomon.core.errors import DivergedError, StoppedError, UsageError, printable
from gnomon.core.events import Emit, Said, silent
from gnomon.core.spec import Spec
from gnomon.data import textprep
from gnomon.data.tokenise import Decoder, ExactTokenizer
from gnomon.layers.network import Network

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_AT_ONCE = 512
"""Tokens of a prompt that the network reads in one go."""
_MAX_TEMPERATURE = 100.0
_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How the next token is drawn."""

    temperature: float = 0.8
    """Divides the logits: 0 takes the likeliest token, 1 what the model expects, more is wilder."""
    top_k: int | Off = "off"
    """Only so many of the likeliest tokens can be drawn."""
    top_p: float | Off = "off"
    """Only the fewest likeliest tokens that together have this probability can be drawn.

    Source: Holtzman et al., "The curious case of neural text degeneration", ICLR 2020, section 3.1.
    """
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= _MAX_TEMPERATURE:
            raise UsageError(
                f"a temperature of {self.temperature:g} is not possible", fix=f"choose 0 to {_MAX_TEMPERATURE:g}"
            )
        if self.top_k != "off" and self.top_k < 1:
            raise UsageError(f"the {self.top_k} likeliest tokens are none to choose from", fix="choose 1 or more")
        if self.top_p != "off" and not 0 < self.top_p <= 1:
            raise UsageError(f"a probability of {self.top_p:g} is not possible", fix="choose more than 0, at most 1")


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written, without the prompt. ``ended`` tells why it ends: ``length``, ``stop`` or ``document``."""

    text: str
    num_tokens: int
    ended: str


class Reader(Protocol):
    """Reads tokens and knows what it expects next."""

    def __call__(self, tokens: Ints) -> Floats:
        """Return the logits ``(values,)`` of the token after these and all that were read before."""
        ...


def generate(
    model: Model,
    prompt: str,
    *,
    length: int = 400,
    choice: Choice | None = None,
    stop: Sequence[str] = (),
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Generator[str, None, Written]:
    """Return an iterator over the pieces of a text that goes on from ``prompt``, as they come; it returns `Written`.

    At most ``length`` tokens are drawn. The text ends before the first of the texts in ``stop``, and where the model
    ends the document. Without a prompt it begins as a document does. No piece has half a character, nor the beginning
    of a text in ``stop``. The same seed gives the same text. Raises ``UsageError`` for settings that are not possible,
    and while iterating ``StoppedError``, and ``DivergedError`` where the network's outputs are no numbers.
    """
    require_language_model(model.spec)
    if length < 1:
        raise UsageError(f"a text of {length} tokens is none", fix="choose a --length of 1 or more")
    if not all(stop):
        raise UsageError("a text to stop at is empty", fix="leave --stop out, or give it a text")
    tokenizer = textprep.encoder(model.preparation).exact()
    tokens = _tokens(tokenizer, prompt, emit)
    decoder = tokenizer.decoder()
    drawn = _draw(reader_of(model.network, model.spec), tokens, decoder, choice or Choice(), length, should_stop)
    return _written(model.network, drawn, tokenizer, decoder, stop)


def require_language_model(spec: Spec) -> None:
    """Raise ``UsageError`` where a model of this spec does not write text."""
    if not (isinstance(spec.input, specs.Sequence) and isinstance(spec.target, specs.Sequence)):
        raise UsageError(
            f"this model writes no text: it gives a {type(spec.target).__name__} for a {type(spec.input).__name__}",
            fix="use it with gnomon predict; a plain text file gives a model that writes: gnomon train book.txt\n"
            "and pictures one that draws: gnomon train PICTURES --task generate",
        )


def reader_of(network: Network, spec: Spec) -> Reader:
    """Return what reads with a network: from state to state where it carries one, else windows of its length."""
    if network.carries:
        return _Carrying(network)
    return _Windowed(network, spec.input.length if isinstance(spec.input, specs.Sequence) else _AT_ONCE)


class Sampler:
    """Draws tokens. The n-th draw is a function of the seed, of n and of the logits."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._draws = np.random.Generator(np.random.Philox(key=seeds.key("generate", choice.seed)))

    def __call__(self, logits: npt.NDArray[Any]) -> int:
        """Return an id for logits ``(values,)``; never 0, which is no token. Raises ``DivergedError``."""
        values = np.array(logits, dtype=np.float64)
        values[0] = -np.inf
        top = values.max()
        if not np.isfinite(top) or np.isnan(values).any():
            raise DivergedError("the network's outputs are not finite numbers", fix="train the model again")
        if self._choice.temperature == 0:
            return int(values.argmax())
        order = None
        if self._choice.top_k != "off" or self._choice.top_p != "off":
            kept = None if self._choice.top_k == "off" else self._choice.top_k
            order = np.argsort(-values, kind="stable")[:kept]
            values = values[order]
        weights = np.exp((values - top) / self._choice.temperature)
        if self._choice.top_p != "off":
            shares = np.cumsum(weights) / weights.sum()
            weights = weights[: int(np.searchsorted(shares, self._choice.top_p)) + 1]
        place = _place(np.cumsum(weights), self._draws.random())
        return int(place if order is None else order[place])


class Held:
    """Holds text back that may turn out to be the beginning of a text at which to stop."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = stop
        self._text = ""

    def push(self, piece: str) -> tuple[str, bool]:
        """Return what can be given out after another piece, and whether a text to stop at has come."""
        self._text += piece
        places = [place for place in (self._text.find(text) for text in self._stop) if place >= 0]
        if places:
            free, self._text = self._text[: min(places)], ""
            return free, True
        keep = max((_overlap(self._text, text) for text in self._stop), default=0)
        free, self._text = self._text[: len(self._text) - keep], self._text[len(self._text) - keep :]
        return free, False

    def rest(self) -> str:
        """Return what was held back."""
        return self._text


class _Carrying:
    """Reads on from the state that the network carries over: each token costs the same."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._carry: torch.Tensor | None = None

    @torch.inference_mode()
    def __call__(self, tokens: Ints) -> Floats:
        for start in range(0, len(tokens), _AT_ONCE):
            output = self._network(_batch(self._network, tokens[start : start + _AT_ONCE]), self._carry)
            self._carry = output.carry
        return _last(output.value)


class _Windowed:
    """Reads the last tokens anew for each one: for networks without a state."""

    def __init__(self, network: Network, length: int) -> None:
        self._network = network
        self._length = length
        self._tokens = np.zeros(0, np.int64)

    @torch.inference_mode()
    def __call__(self, tokens: Ints) -> Floats:
        self._tokens = np.concatenate([self._tokens, tokens])[-self._length :]
        return _last(self._network(_batch(self._network, self._tokens)).value)


def _tokens(tokenizer: ExactTokenizer, prompt: str, emit: Emit) -> Ints:
    """Return the tokens from which the model goes on; at least one."""
    try:
        prompt.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the prompt is no valid text", fix="give it in the terminal's encoding") from error
    if not prompt:
        if tokenizer.separator is not None:
            return np.array([tokenizer.separator], np.int64)
        return tokenizer.encode("\n")[:, 0]
    if tokenizer.unit == "character":
        unknown = sorted({c for c in set(prompt) if len(tokenizer.encode(c)) > 1})
        if unknown:
            some = ", ".join(f"'{printable(c)}'" for c in unknown[:_SHOWN])
            emit(Said(text=f"the training text never has {some}: the model cannot know what follows", level="warning"))
    return tokenizer.encode(prompt)[:, 0]


def _draw(
    reader: Reader, tokens: Ints, decoder: Decoder, choice: Choice, length: int, should_stop: Callable[[], bool]
) -> Generator[int, None, None]:
    """Draw tokens that go on in valid UTF-8 from what was pushed into ``decoder``."""
    sampler = Sampler(choice)
    for _ in range(length):
        if should_stop():
            raise StoppedError("stopped while writing", fix="generate again, with a smaller --length")
        logits = reader(tokens)
        token = sampler(np.where(decoder.allowed()[: len(logits)], logits, -np.inf))
        yield token
        tokens = np.array([token], np.int64)


def _written(
    network: Network,
    drawn: Generator[int, None, None],
    tokenizer: ExactTokenizer,
    decoder: Decoder,
    stop: Sequence[str],
) -> Generator[str, None, Written]:
    was_training = network.training
    network.eval()
    held, parts = Held(stop), []
    num_tokens, ended = 0, "length"
    try:
        for token in drawn:
            if token == tokenizer.separator:
                ended = "document"
                break
            num_tokens += 1
            piece, stops = held.push(decoder.push(token))
            if piece:
                parts.append(piece)
                yield piece
            if stops:
                ended = "stop"
                break
        if rest := held.rest():  # the bytes of a character that is not complete stay in the decoder
            parts.append(rest)
            yield rest
    finally:
        network.train(was_training)
    return Written(text="".join(parts), num_tokens=num_tokens, ended=ended)


def _batch(network: Network, tokens: Ints) -> torch.Tensor:
    device = next(network.parameters()).device
    return torch.from_numpy(np.ascontiguousarray(tokens))[None, :, None].to(device)


def _last(value: torch.Tensor) -> Floats:
    return value[0, -1].double().cpu().numpy()


def _place(running: Floats, share: float) -> int:
    """Return at which place ``share`` of the running sum is passed: never one whose own weight is 0."""
    place = np.searchsorted(running, share * running[-1], side="right")
    return int(min(place, np.searchsorted(running, running[-1])))


def _overlap(text: str, stop: str) -> int:
    """Return how many of the last characters of ``text`` are the first ones of ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if stop.startswith(text[-size:])), 0)
