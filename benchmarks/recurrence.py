"""The recurrence that is trained in parallel over time against torch.nn.LSTM: same width, same input, in turns.

    python benchmarks/recurrence.py --rounds 7 --width 256 --batch 16

Both run forward and backward over sequences of 512 instants, each in the number formats given. Prints tokens a second
of every round's median and the ratio round by round.
"""

from __future__ import annotations

import argparse
import statistics
import time

from records import keep

from gnomon.core.processors import wait_politely

wait_politely()

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from gnomon.layers.gated_cell import GatedCell  # noqa: E402

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class Scan(nn.Module):
    """One layer of minGRU, ``(time, batch, width)`` to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cell = GatedCell("mingru", width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.cell(x, x.new_zeros(x.shape[1], self.cell.width, dtype=torch.float32))


class Lstm(nn.Module):
    """One layer of torch's LSTM, ``(time, batch, width)`` to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cell = nn.LSTM(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.cell(x)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--precision", choices=sorted(DTYPES), default="fp32")
    args = parser.parse_args()
    torch.manual_seed(0)
    sides = {"scan": Scan(args.width), "lstm": Lstm(args.width)}
    x = torch.randn(args.length, args.batch, args.width)
    for network in sides.values():
        seconds(network, x, args.precision)
    rounds = [{name: seconds(net, x, args.precision) for name, net in sides.items()} for _ in range(args.rounds)]
    tokens = args.length * args.batch
    ratios = [r["lstm"] / r["scan"] for r in rounds]
    facts = {
        "threads": torch.get_num_threads(),
        **vars(args),
        "scan_tokens_per_s": round(tokens / statistics.median(r["scan"] for r in rounds)),
        "lstm_tokens_per_s": round(tokens / statistics.median(r["lstm"] for r in rounds)),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
    }
    keep("recurrence", facts)


def seconds(network: nn.Module, x: Tensor, precision: str) -> float:
    """Return how long one pass forward and backward takes."""
    network.zero_grad()
    started_s = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
        states = network(x)
    states.float().square().mean().backward()
    return time.perf_counter() - started_s


if __name__ == "__main__":
    main()
