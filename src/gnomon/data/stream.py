"""One long text, cut into windows: a column, training batches whose rows go on from step to step, and evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.ranks import Ranks
from gnomon.core.spec import Batch, Column, Split
from gnomon.data.sequences import placed

if TYPE_CHECKING:
    import torch

Ints = npt.NDArray[np.int64]

UNSCORED = -1
"""The target of a token that is there for its meaning only."""


class Stream:
    """All tokens of a text, any integer array ``(num_tokens,)``, as a column of windows.

    Window i predicts the tokens ``i * window + 1`` to ``(i + 1) * window``; all windows together predict every token
    but the first. ``num_bytes`` (UTF-8) and ``num_characters`` are those of the whole text: the mean loss of a token
    times ``len(tokens) / num_bytes`` is the loss of a byte.
    """

    def __init__(self, tokens: npt.NDArray[Any], window: int, *, num_bytes: int = 0, num_characters: int = 0) -> None:
        if window < 1:
            raise ValueError(f"windows of {window} tokens")
        self.tokens = tokens
        self.window = window
        self.num_bytes = num_bytes
        self.num_characters = num_characters

    def __len__(self) -> int:
        return -(-max(len(self.tokens) - 1, 0) // self.window)

    def __getitem__(self, key: Any) -> Any:
        """Return the tokens that one window predicts, int64 ``(time,)``, for an int; for others a list of these."""
        if isinstance(key, int | np.integer):
            start = range(len(self))[int(key)] * self.window + 1
            return np.asarray(self.tokens[start : start + self.window], np.int64)
        places = range(len(self))[key] if isinstance(key, slice) else np.asarray(key)
        return [self[int(place)] for place in places]


class Places:
    """Names of the windows of a stream: the document in which one begins, and at which of its tokens."""

    def __init__(self, documents: Sequence[str], starts: Ints, stream: Stream) -> None:
        self._documents = documents
        self._starts = starts
        self._stream = stream

    def __len__(self) -> int:
        return len(self._stream)

    def __getitem__(self, key: Any) -> Any:
        """Return ``book.txt@512`` for an int, a list of such names for a slice or an int array."""
        if isinstance(key, int | np.integer):
            token = range(len(self))[int(key)] * self._stream.window + 1
            document = int(np.searchsorted(self._starts, token, side="right")) - 1
            return f"{self._documents[document]}@{token - int(self._starts[document])}"
        places = range(len(self))[key] if isinstance(key, slice) else np.asarray(key)
        return [self[int(place)] for place in places]


class StreamFeed:
    """Training batches: ``batch_size`` lanes, evenly spread over the text, each moving on by a window a step.

    The text is a ring, so that all of it is seen equally often; no token is predicted from its end to its beginning.
    An epoch takes ``steps`` steps, in which the lanes together pass every token at least once; then they begin again,
    all shifted by the same seeded number of tokens. Neighbouring lanes overlap by less than a window.
    """

    def __init__(self, split: Split, *, batch_size: int, seed: int, device: torch.device, ranks: Ranks) -> None:
        self._stream = _stream_of(split)
        if len(self._stream.tokens) < 2:
            raise ValueError("a text of fewer than two tokens has nothing to predict")
        self._batch_size = batch_size
        self._seed = seed
        self._device = device
        self._ranks = ranks
        self.steps = -(-len(self._stream.tokens) // (batch_size * self._stream.window))

    @property
    def num_samples(self) -> int:
        """Windows of one epoch."""
        return len(self._stream)

    @property
    def typical_step(self) -> int:
        """Any step: all batches have the same shape."""
        return 0

    def batch(self, step: int, *, size: int) -> Batch:
        """Return this rank's lanes of one step: inputs ``(lanes, window, 1)``, targets ``(lanes, window)``.

        ``size`` changes nothing: a window has one length. Where the ring closes the target is -1.
        """
        import torch

        starts = self.starts(step)
        num_tokens, window = len(self._stream.tokens), self._stream.window
        places = (starts[:, None] + np.arange(window + 1)) % num_tokens
        tokens = np.asarray(self._stream.tokens[places], np.int64)
        targets = tokens[:, 1:].copy()
        targets[places[:, 1:] == 0] = UNSCORED
        fresh = torch.full((len(starts),), step % self.steps == 0, dtype=torch.bool, device=self._device)
        return Batch(
            inputs=placed(np.ascontiguousarray(tokens[:, :-1, None]), self._device),
            targets=placed(targets, self._device),
            ids=np.minimum(starts // window, len(self._stream) - 1),
            fresh=fresh,
        )

    def starts(self, step: int) -> Ints:
        """Return the token at which each lane of this rank begins in a step, shape ``(lanes,)``."""
        num_tokens = len(self._stream.tokens)
        epoch, within = divmod(step, self.steps)
        shift = seeds.key("shift", self._seed, epoch) % num_tokens
        lanes = np.arange(self._batch_size, dtype=np.int64)[self._ranks.share(self._batch_size)]
        return (lanes * num_tokens // self._batch_size + shift + within * self._stream.window) % num_tokens


def looks_stream(
    split: Split,
    *,
    batch_size: int,
    device: torch.device,
    rows: Ints | None = None,
    context: int | None = None,
) -> Iterator[Batch]:
    """Yield the windows of a stream in order: all, or those at ``rows``; the last batch may be smaller.

    Every window is looked at on its own, with up to ``context`` tokens before it (default: a window of them) whose
    targets are -1: each token but the first is scored exactly once. Inputs ``(batch, context + window, 1)``, 0 behind
    the end; targets ``(batch, context + window)``, -1 there.
    """
    stream = _stream_of(split)
    before = stream.window if context is None else context
    chosen = np.arange(len(stream), dtype=np.int64) if rows is None else np.asarray(rows, np.int64)
    for start in range(0, len(chosen), batch_size):
        ids = chosen[start : start + batch_size]
        inputs, targets = _windows(stream, ids, before)
        yield Batch(inputs=placed(inputs, device), targets=placed(targets, device), ids=ids)


def _windows(stream: Stream, ids: Ints, context: int) -> tuple[Ints, Ints]:
    scored = ids * stream.window  # the place whose target is the first that counts
    first = np.maximum(scored - context, 0)
    ends = np.minimum(scored + stream.window, len(stream.tokens) - 1)
    places = first[:, None] + np.arange(int((ends - first).max()))
    inside = places < ends[:, None]
    safe = np.where(inside, places, 0)
    inputs = np.where(inside, np.asarray(stream.tokens[safe], np.int64), 0)
    counts = inside & (places >= scored[:, None])
    targets = np.where(counts, np.asarray(stream.tokens[safe + 1], np.int64), UNSCORED)
    return inputs[:, :, None], targets


def _stream_of(split: Split) -> Stream:
    column: Column = split.inputs
    if not isinstance(column, Stream):
        raise TypeError(f"a {type(column).__name__} is no text to be continued")
    return column
