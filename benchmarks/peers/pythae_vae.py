"""pythae's VAE or IWAE on binarised pictures for a given wall time: what people use for variational autoencoders.

    PYTHON_WITH_PYTHAE benchmarks/peers/pythae_vae.py --data FILE --who VAE --wall-s 600 --seed 0 --draws 500

Runs in an environment of its own (``pip install pythae torch``); nothing of Gnomon is imported. Its default networks
and its own trainer, with Adam at a rate of 1e-3 in batches of 100, as in its reproducibility section; pictures are
binarised anew at each look. The bound of many draws is pythae's own ``get_nll``. ``FILE`` holds ``train``, uint8
``(n, height, width)``, and ``test``, the binarised pictures that are measured. Measuring does not count.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile

import numpy as np
import torch
from pythae.data.datasets import DatasetOutput
from pythae.models import IWAE, VAE, IWAEConfig, VAEConfig
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from timing import age_s

_LATENTS = 16


class Pictures(torch.utils.data.Dataset):
    """Grey pictures that are drawn black or white anew at each look."""

    def __init__(self, pictures: np.ndarray) -> None:
        self._grey = torch.from_numpy(pictures)

    def __len__(self) -> int:
        return len(self._grey)

    def __getitem__(self, index: int) -> DatasetOutput:
        grey = self._grey[index].float().div(255)
        return DatasetOutput(data=torch.bernoulli(grey)[None])


class TimeIsUpError(Exception):
    """Ends the training, which pythae's trainer knows by epochs only."""


class Watch(TrainingCallback):
    def __init__(self, wall_s: float) -> None:
        self.wall_s = wall_s
        self.steps = 0

    def on_train_step_end(self, training_config, **kwargs) -> None:
        self.steps += 1
        if age_s() > self.wall_s:
            raise TimeIsUpError


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--who", choices=("VAE", "IWAE"), required=True)
    parser.add_argument("--wall-s", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=500)
    args = parser.parse_args()
    data = np.load(args.data)
    torch.manual_seed(args.seed)
    side = data["train"].shape[1:]
    shared = {"input_dim": (1, *side), "latent_dim": _LATENTS, "reconstruction_loss": "bce"}
    model = VAE(VAEConfig(**shared)) if args.who == "VAE" else IWAE(IWAEConfig(**shared))
    watch = Watch(args.wall_s)
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=100,
            num_epochs=100_000,
            learning_rate=1e-3,
            seed=args.seed,
            no_cuda=True,
        )
        trainer = BaseTrainer(model, Pictures(data["train"]), training_config=config, callbacks=[watch])
        with contextlib.suppress(TimeIsUpError):
            trainer.train()
        trained_s = age_s()
    model = trainer.model.eval()
    with torch.no_grad():
        test = torch.from_numpy(data["test"].astype(np.float32))[:, None]
        log_p = model.get_nll(test, n_samples=args.draws, batch_size=min(args.draws, 100))
    print(json.dumps({"nll": -float(log_p), "trained_s": round(trained_s, 2), "steps": watch.steps}))


if __name__ == "__main__":
    main()
