"""A textbook ResNet-18 for CIFAR-10 with one-cycle SGD, in plain PyTorch: what people write.

    python benchmarks/peers/resnet18.py --data FOLDER --wall-s 300 --seed 0

Source: He et al., arXiv 1512.03385 (the usual CIFAR variant: 3x3 stem, no first pooling); Smith and Topin, arXiv
1708.07120 (one cycle), peak rate 0.1, momentum 0.9, weight decay 5e-4, batch 128, random crop and flip.
"""

from __future__ import annotations

import argparse
import copy
import json

import numpy as np
import torch
from timing import age_s, cifar10, steps_that_fit
from torch import nn
from torch.nn import functional as F

MEAN, STD = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])


class Block(nn.Module):
    def __init__(self, a: int, b: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        same = stride == 1 and a == b
        self.short = nn.Identity() if same else nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.short(x))


def resnet18() -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    for a, b, stride in [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]:
        layers += [Block(a, b, stride), Block(b, b, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--wall-s", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    train_x, train_y, test_x, test_y = cifar10(args.data)
    padded = np.pad(train_x, ((0, 0), (4, 4), (4, 4), (0, 0)))
    net = resnet18()

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        rows = rng.integers(0, len(train_x), 128)
        out = np.empty((128, 32, 32, 3), np.uint8)
        for i, row in enumerate(rows):
            y, x = rng.integers(0, 9, 2)
            crop = padded[row, y : y + 32, x : x + 32]
            out[i] = crop[:, ::-1] if rng.random() < 0.5 else crop
        x = (torch.from_numpy(out).float() / 255 - MEAN) / STD
        return x.permute(0, 3, 1, 2).contiguous(), torch.from_numpy(train_y[rows])

    def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        x, y = batch()
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def accuracy() -> float:
        net.eval()
        right = 0
        with torch.no_grad():
            for i in range(0, len(test_x), 250):
                x = (torch.from_numpy(test_x[i : i + 250]).float() / 255 - MEAN) / STD
                right += (net(x.permute(0, 3, 1, 2)).argmax(1).numpy() == test_y[i : i + 250]).sum()
        return right / len(test_x)

    trial = copy.deepcopy(net)
    trial_optimizer = torch.optim.SGD(trial.parameters(), lr=0.0)
    steps = steps_that_fit(lambda: step(trial, trial_optimizer), args.wall_s)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=steps + 1)
    done = 0
    net.train()
    while done < steps and age_s() < args.wall_s:
        step(net, optimizer)
        schedule.step()
        done += 1
    trained_s = age_s()
    print(json.dumps({"accuracy": float(accuracy()), "trained_s": trained_s, "steps": done, "planned": steps}))


if __name__ == "__main__":
    main()
