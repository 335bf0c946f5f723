"""DLinear in plain PyTorch, the plain model that many transformers did not beat, for one horizon of a series.

    python benchmarks/peers/dlinear.py --data FOLDER --horizon 96 --wall-s 300 --seed 0

The moving average of 25 steps and what is left each go through one linear layer, shared by all channels; lookback 336,
Adam, batches of 32, rate 0.005 halved every epoch, 10 epochs at most, the best epoch on the validation split (patience
3). Every test window is measured. It prints mse and mae on values scaled by the training rows, and those of repeating
the last season. Source: Zeng et al., arXiv 2205.13504, and the settings that its authors published for ETTh1.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

import numpy as np
import torch
from timing import age_s
from torch import Tensor, nn

LOOKBACK = 336
AVERAGED = 25
SEASON = 24
BATCH_SIZE = 32
RATE = 0.005
EPOCHS = 10
PATIENCE = 3


class DLinear(nn.Module):
    """Known steps ``(batch, lookback, channels)`` to coming steps ``(batch, horizon, channels)``."""

    def __init__(self, horizon: int) -> None:
        super().__init__()
        self.slow = nn.Linear(LOOKBACK, horizon)
        self.fast = nn.Linear(LOOKBACK, horizon)

    def forward(self, known: Tensor) -> Tensor:
        """Return the sum of what follows from the slow and from the fast part."""
        known = known.transpose(1, 2)
        wide = nn.functional.pad(known, (AVERAGED // 2, AVERAGED // 2), mode="replicate")
        trend = nn.functional.avg_pool1d(wide, AVERAGED, stride=1)
        return (self.slow(trend) + self.fast(known - trend)).transpose(1, 2)


def windows(rows: np.ndarray, first: int, last: int, horizon: int) -> Tensor:
    """Return all windows ``(count, channels, lookback + horizon)`` whose horizon lies in the rows ``first … last``."""
    part = torch.from_numpy(rows[max(0, first - LOOKBACK) : last])
    return part.unfold(0, LOOKBACK + horizon, 1)


def measured(forecast, cut: Tensor) -> tuple[float, float]:
    """Return mse and mae over all windows, steps and channels."""
    squared = absolute = 0.0
    with torch.no_grad():
        for start in range(0, len(cut), 256):
            some = cut[start : start + 256].transpose(1, 2)
            error = (forecast(some[:, :LOOKBACK]) - some[:, LOOKBACK:]).double()
            squared += float(error.square().sum())
            absolute += float(error.abs().sum())
    count = len(cut) * cut.shape[1] * (cut.shape[2] - LOOKBACK)
    return squared / count, absolute / count


def train(train_cut: Tensor, valid_cut: Tensor, horizon: int, wall_s: float) -> tuple[DLinear, int]:
    """Return the network of the best epoch, and how many epochs there were."""
    net = DLinear(horizon)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    best, best_mse, since, epoch = copy.deepcopy(net), float("inf"), 0, 0
    while epoch < EPOCHS and since < PATIENCE and age_s() < wall_s:
        for group in optimizer.param_groups:
            group["lr"] = RATE * 0.5**epoch
        for chosen in torch.randperm(len(train_cut)).split(BATCH_SIZE):
            some = train_cut[chosen].transpose(1, 2)
            loss = (net(some[:, :LOOKBACK]) - some[:, LOOKBACK:]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if age_s() > wall_s:
                break
        mse, _ = measured(net, valid_cut)
        since = 0 if mse < best_mse else since + 1
        if mse < best_mse:
            best, best_mse = copy.deepcopy(net), mse
        epoch += 1
    return best, epoch


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--horizon", type=int, required=True)
    parser.add_argument("--wall-s", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rows, ends = np.load(Path(args.data) / "rows.npy"), np.load(Path(args.data) / "ends.npy")
    known = rows[: ends[0]].astype(np.float64)
    scaled = ((rows - known.mean(0)) / known.std(0)).astype(np.float32)
    starts = (0, *ends[:-1])
    cuts = [windows(scaled, first, last, args.horizon) for first, last in zip(starts, ends, strict=True)]
    net, epochs = train(cuts[0], cuts[1], args.horizon, args.wall_s)
    trained_s = age_s()

    def seasonal(inputs: Tensor) -> Tensor:
        return inputs[:, LOOKBACK - SEASON + torch.arange(args.horizon) % SEASON]

    found = {}
    for name, forecast in (("dlinear", net), ("seasonal", seasonal)):
        for split, cut in (("valid", cuts[1]), ("test", cuts[2])):
            mse, mae = measured(forecast, cut)
            found[name] = found.get(name, {}) | {f"{split}_mse": mse, f"{split}_mae": mae}
    print(json.dumps({"scores": found, "trained_s": trained_s, "steps": epochs * -(-len(cuts[0]) // BATCH_SIZE)}))


if __name__ == "__main__":
    main()
