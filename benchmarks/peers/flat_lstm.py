"""An LSTM over the flat string of an expression: what people write who do not see the tree.

    python benchmarks/peers/flat_lstm.py --data FILE --wall-s 600 --seed 0

One layer of 128 units, both ways, mean over time, Adam with a rate that falls to zero as the wall time that it is
given runs out; batches of like length, as many tokens in each.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path

import torch
from timing import age_s
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

TOKENS, WIDTH = 8192, 128
"""Tokens of a batch, padding included; units of a direction."""


class Classifier(nn.Module):
    """Tokens ``(batch, time)`` to logits."""

    def __init__(self, num_tokens: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_tokens, 128, padding_idx=0)
        self.lstm = nn.LSTM(128, WIDTH, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * WIDTH, num_classes)

    def forward(self, tokens: Tensor) -> Tensor:
        lengths = (tokens != 0).sum(1)
        packed = pack_padded_sequence(self.embedding(tokens), lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.head(states.sum(1) / lengths[:, None])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--wall-s", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    draw = random.Random(args.seed)
    parts = json.loads(Path(args.data).read_text())
    vocabulary = {
        token: i for i, token in enumerate(sorted({t for x in parts["train"]["inputs"] for t in split(x)}), 1)
    }
    train = [(encoded(x, vocabulary), y) for part in ("train", "valid") for x, y in pairs(parts[part])]
    network = Classifier(len(vocabulary) + 1, 1 + max(y for _, y in train))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    batches: list[list[tuple[list[int], int]]] = []

    def step() -> None:
        if not batches:
            batches.extend(of_like_length(train))
            draw.shuffle(batches)
        batch = batches.pop()
        optimizer.zero_grad()
        F.cross_entropy(network(padded([x for x, _ in batch])), torch.tensor([y for _, y in batch])).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    began_s, steps = age_s(), 0
    while (left := (args.wall_s - age_s()) / (args.wall_s - began_s)) > 0:
        optimizer.param_groups[0]["lr"] = 1e-3 * left
        step()
        steps += 1
    trained_s = age_s()
    network.eval()
    hits = 0
    with torch.no_grad():
        for batch in of_like_length([(encoded(x, vocabulary), y) for x, y in pairs(parts["test"])]):
            guessed = network(padded([x for x, _ in batch])).argmax(1)
            hits += int((guessed == torch.tensor([y for _, y in batch])).sum())
    print(
        json.dumps({"accuracy": hits / len(parts["test"]["inputs"]), "trained_s": round(trained_s, 2), "steps": steps})
    )


def pairs(part: dict) -> list[tuple[str, int]]:
    return list(zip(part["inputs"], part["targets"], strict=True))


def of_like_length(samples: list[tuple[list[int], int]]) -> list[list[tuple[list[int], int]]]:
    """Return the samples, sorted by length, in batches of about as many tokens each."""
    found: list[list[tuple[list[int], int]]] = [[]]
    for sample in sorted(samples, key=lambda pair: len(pair[0])):
        if (len(found[-1]) + 1) * len(sample[0]) > TOKENS and found[-1]:
            found.append([])
        found[-1].append(sample)
    return found


def split(text: str) -> list[str]:
    return re.findall(r"\S+", text)


def encoded(text: str, vocabulary: dict[str, int]) -> list[int]:
    return [vocabulary[token] for token in split(text) if token in vocabulary]


def padded(rows: list[list[int]]) -> Tensor:
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


if __name__ == "__main__":
    main()
