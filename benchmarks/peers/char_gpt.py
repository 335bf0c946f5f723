"""A small character GPT in plain PyTorch: nanoGPT's settings for a processor, at a given wall time.

    python benchmarks/peers/char_gpt.py --data FILE --wall-s 180 --seed 0

Source: Karpathy, nanoGPT, README, "I only have a macbook": 4 layers and heads, width 128, context 64, batch 12, no
dropout, AdamW 1e-3 with betas 0.9 and 0.99, decay 0.1, 100 steps of warm-up, cosine to 1e-4, gradient norm 1.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
from pathlib import Path

import torch
from timing import age_s, steps_that_fit
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, LAYERS, CONTEXT, BATCH = 128, 4, 4, 64, 12


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mix, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, t, _ = x.shape
        q, k, v = (part.view(b, t, HEADS, -1).transpose(1, 2) for part in self.mix(self.norm1(x)).chunk(3, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, WIDTH)
        x = x + self.out(y)
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, num_characters: int) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(num_characters, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, num_characters, bias=False)
        self.head.weight = self.token.weight
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.token(ids) + self.place(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--wall-s", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    parts = json.loads(Path(args.data).read_text())
    texts = {name: "".join(part["inputs"]) for name, part in parts.items()}
    number = {c: i for i, c in enumerate(sorted(set("".join(texts.values()))))}
    train, valid = (torch.tensor([number[c] for c in texts[name]]) for name in ("train", "valid"))
    net = Gpt(len(number))

    def step(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        starts = torch.randint(len(train) - CONTEXT - 1, (BATCH,))
        rows = torch.stack([train[s : s + CONTEXT + 1] for s in starts])
        loss = F.cross_entropy(net(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

    def adam(net: nn.Module) -> torch.optim.Optimizer:
        groups = [
            {"params": [p for p in net.parameters() if p.ndim >= 2], "weight_decay": 0.1},
            {"params": [p for p in net.parameters() if p.ndim < 2], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))

    probe = copy.deepcopy(net)
    probe_optimizer = adam(probe)
    steps = steps_that_fit(lambda: step(probe, probe_optimizer), args.wall_s, num_timed=30)
    optimizer = adam(net)
    for i in range(steps):
        share = (i - 100) / max(1, steps - 100)
        rate = 1e-3 * (i + 1) / 100 if i < 100 else 1e-4 + 0.5 * (1 + math.cos(math.pi * share)) * 9e-4
        for group in optimizer.param_groups:
            group["lr"] = rate
        step(net, optimizer)
        if age_s() > args.wall_s:
            break
    trained_s = age_s()
    net.eval()
    total = count = 0.0
    with torch.no_grad():  # every character but the first once, in windows of the context
        for start in range(0, len(valid) - 1, 64 * CONTEXT):
            piece = valid[start : start + 64 * CONTEXT + 1]
            rows = (len(piece) - 1) // CONTEXT
            if rows:
                x, y = (piece[s : s + rows * CONTEXT].view(rows, CONTEXT) for s in (0, 1))
                total += F.cross_entropy(net(x).flatten(0, 1), y.flatten(), reduction="sum").item()
                count += y.numel()
    print(json.dumps({"loss": total / count, "trained_s": round(trained_s, 2), "steps": steps}))


if __name__ == "__main__":
    main()
