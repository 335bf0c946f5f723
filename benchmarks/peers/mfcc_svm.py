"""Statistics of cepstra (MFCC) with a linear model and with a support vector machine: what people write first.

    python benchmarks/peers/mfcc_svm.py --data FILE --seed 0

Both take a second whatever the wall time is. Training and validation recordings are trained on together; the penalty
and the width of the machine's kernel are chosen by five-fold cross-validation on them.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from timing import age_s

from gnomon.data.spectrogram import statistics


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    data = np.load(args.data)
    rate = int(data["rate_hz"])
    cut = np.split(data["samples"], data["ends"][:-1])
    features = np.array([statistics(samples, rate) for samples in cut])
    known, asked = data["part"] != 2, data["part"] == 2
    found = {}
    models = {
        "linear": (LogisticRegression(max_iter=500), {"logisticregression__C": [0.01, 0.1, 1.0]}),
        "svm": (SVC(random_state=args.seed), {"svc__C": [1.0, 10.0, 100.0], "svc__gamma": ["scale", 0.001, 0.003]}),
    }
    for name, (model, grid) in models.items():
        search = GridSearchCV(make_pipeline(StandardScaler(), model), grid, cv=5)
        search.fit(features[known], data["targets"][known])
        found[name] = float(search.score(features[asked], data["targets"][asked]))
    print(json.dumps({**found, "trained_s": round(age_s(), 2)}))


if __name__ == "__main__":
    main()
