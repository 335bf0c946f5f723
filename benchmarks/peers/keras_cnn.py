"""A convolutional net of the kind that the Keras guides show, for CIFAR-10, in Keras 3 on torch: what people write.

    KERAS_BACKEND=torch python benchmarks/peers/keras_cnn.py --data FOLDER --wall-s 300 --seed 0

Three double-convolution stages with batch norm and dropout, random flip and translation, Adam with cosine decay.
"""

from __future__ import annotations

import argparse
import json
import os
import time

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
from keras import layers
from timing import age_s, cifar10


def build(steps: int) -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = layers.RandomFlip("horizontal")(x)
    x = layers.RandomTranslation(0.1, 0.1)(x)
    for width, dropout in ((32, 0.2), (64, 0.3), (128, 0.4)):
        for _ in range(2):
            x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization()(x)
            x = layers.Activation("relu")(x)
        x = layers.MaxPooling2D()(x)
        x = layers.Dropout(dropout)(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(10)(x))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, max(1, steps))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--wall-s", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    train_x, train_y, test_x, test_y = cifar10(args.data)
    trial = build(100)
    trial.fit(train_x[:256], train_y[:256], batch_size=128, verbose=0)
    started_s = time.perf_counter()
    trial.fit(train_x[:1280], train_y[:1280], batch_size=128, verbose=0)
    step_s = (time.perf_counter() - started_s) / 10
    steps = max(1, int((args.wall_s - age_s() - 1.5) / step_s))
    model = build(steps)

    class Stop(keras.callbacks.Callback):
        done = 0

        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            self.done += 1
            if self.done >= steps or age_s() > args.wall_s - 0.5:
                self.model.stop_training = True

    stop = Stop()
    model.fit(train_x, train_y, batch_size=128, epochs=1000, verbose=0, callbacks=[stop])
    trained_s = age_s()
    _, accuracy = model.evaluate(test_x, test_y, batch_size=250, verbose=0)
    print(json.dumps({"accuracy": float(accuracy), "trained_s": trained_s, "steps": stop.done, "planned": steps}))


if __name__ == "__main__":
    main()
