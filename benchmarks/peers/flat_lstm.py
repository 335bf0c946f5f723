"""An LSTM over the flat string of an expression: what people write who do not see the tree.

    python benchmarks/peers/flat_lstm.py --data FILE --wall-s 600 --seed 0

Two layers of 256 units, both ways, mean over time, Adam with a rate that falls to zero; batches of like length. It
measures its own speed first and chooses its number of steps so that it uses the wall time that it is given.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path

import torch
from timing import age_s, steps_that_fit
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

BATCH, WIDTH, POOL = 64, 256, 20


class Classifier(nn.Module):
    """Tokens ``(batch, time)`` to logits."""

    def __init__(self, num_tokens: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_tokens, 128, padding_idx=0)
        self.lstm = nn.LSTM(128, WIDTH, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
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
            for _ in range(POOL):
                pool = sorted(draw.sample(train, BATCH * POOL), key=lambda pair: len(pair[0]))
                batches.extend(pool[i : i + BATCH] for i in range(0, len(pool), BATCH))
            draw.shuffle(batches)
        batch = batches.pop()
        optimizer.zero_grad()
        F.cross_entropy(network(padded([x for x, _ in batch])), torch.tensor([y for _, y in batch])).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    num_steps = steps_that_fit(step, args.wall_s, num_timed=20)
    for done in range(num_steps):
        optimizer.param_groups[0]["lr"] = 1e-3 * (1 - done / num_steps)
        step()
    trained_s = age_s()
    network.eval()
    with torch.no_grad():
        hits = [int(network(padded([encoded(x, vocabulary)])).argmax()) == y for x, y in pairs(parts["test"])]
    print(json.dumps({"accuracy": sum(hits) / len(hits), "trained_s": round(trained_s, 2), "steps": num_steps}))


def pairs(part: dict) -> list[tuple[str, int]]:
    return list(zip(part["inputs"], part["targets"], strict=True))


def split(text: str) -> list[str]:
    return re.findall(r"\S+", text)


def encoded(text: str, vocabulary: dict[str, int]) -> list[int]:
    return [vocabulary[token] for token in split(text) if token in vocabulary]


def padded(rows: list[list[int]]) -> Tensor:
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


if __name__ == "__main__":
    main()
