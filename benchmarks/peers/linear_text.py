"""TF-IDF of words and pairs of words with a linear support vector machine: what people write first.

    python benchmarks/peers/linear_text.py --data FILE --wall-s 60 --seed 0

It takes a second whatever the wall time is. Training and validation texts are trained on together.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from timing import age_s


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--wall-s", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    parts = json.loads(Path(args.data).read_text())
    texts = parts["train"]["inputs"] + parts["valid"]["inputs"]
    labels = parts["train"]["targets"] + parts["valid"]["targets"]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]"),
        LinearSVC(random_state=args.seed),
    )
    model.fit(texts, labels)
    trained_s = age_s()
    accuracy = model.score(parts["test"]["inputs"], parts["test"]["targets"])
    print(json.dumps({"accuracy": accuracy, "trained_s": round(trained_s, 2), "steps": 1}))


if __name__ == "__main__":
    main()
