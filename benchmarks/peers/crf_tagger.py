"""A conditional random field on hand-made features of words, with python-crfsuite: the usual tagger without a network.

    pip install gnomon[bench]
    python benchmarks/peers/crf_tagger.py --data FILE --wall-s 300 --seed 0

Features as in the tutorial of sklearn-crfsuite: the word, its ends, its shape, and those of its neighbours. It stops
after 100 iterations of L-BFGS.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import pycrfsuite
from timing import age_s


def features(words: list[str]) -> list[list[str]]:
    found = []
    for i, word in enumerate(words):
        one = ["bias", f"w={word.lower()}", f"title={word.istitle()}", f"upper={word.isupper()}"]
        one += [f"digit={any(c.isdigit() for c in word)}"]
        one += [f"s{n}={word[-n:].lower()}" for n in (1, 2, 3, 4)] + [f"p{n}={word[:n].lower()}" for n in (1, 2, 3)]
        for name, j in (("-1", i - 1), ("+1", i + 1)):
            if 0 <= j < len(words):
                near = words[j]
                one += [f"{name}w={near.lower()}", f"{name}title={near.istitle()}", f"{name}s3={near[-3:].lower()}"]
            else:
                one.append(f"{name}edge")
        found.append(one)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--wall-s", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    parts = json.loads(Path(args.data).read_text())
    trainer = pycrfsuite.Trainer(verbose=False)
    for words, tags in zip(parts["train"]["inputs"], parts["train"]["targets"], strict=True):
        trainer.append(features(list(words)), [str(tag) for tag in tags])
    trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 100, "feature.possible_transitions": True})
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model"
        trainer.train(path)
        trained_s = age_s()
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        right = total = 0
        for words, tags in zip(parts["test"]["inputs"], parts["test"]["targets"], strict=True):
            said = tagger.tag(features(list(words)))
            right += sum(a == str(b) for a, b in zip(said, tags, strict=True))
            total += len(tags)
    print(json.dumps({"token_accuracy": right / total, "trained_s": round(trained_s, 2), "steps": 100}))


if __name__ == "__main__":
    main()
