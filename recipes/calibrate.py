"""Make the two scores of a trained model honest: fit a line through their log-odds, save it with the weights.

    python recipes/calibrate.py --data VALIDATE --model tiny.safetensors --out tiny.safetensors

The pictures are those of `measure_tiny.py` that tune and are never quoted (--half tune there). A score is
fitted to the IoU that the answer really has, by logistic regression on the score's log-odds; the model's own
calibration is taken off first, so that the command may be run again.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from measure_tiny import samples
from tqdm import tqdm

from amodal_sam.metrics import full_iou, occluded_iou
from amodal_sam.modeling.amodal import AdapterConfig
from amodal_sam.modeling.weights import from_pretrained, save_model
from amodal_sam.predict import AmodalPredictor


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--most", type=int, default=100, help="samples of each set")
    parser.add_argument("--seed", type=int, default=1, help="another than that of the measurement")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def fitted(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    "Slope and offset of the line through the log-odds that fits the truth best."
    scores, truth = (torch.tensor(column) for column in np.array(pairs).T)
    odds = torch.logit(scores.clamp(1e-6, 1 - 1e-6))
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = line[0] * odds + line[1]
        value = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)
        value.backward()
        return value

    optimiser.step(loss)
    return tuple(round(float(value), 4) for value in line.detach())


def main() -> None:
    options = arguments()
    model = from_pretrained(options.model)
    model.config = replace(model.config, calibration=AdapterConfig().calibration)
    predictor, whole, hidden = AmodalPredictor(model), [], []
    made = samples(options.data, "tune", options.most, options.seed)
    for sample in tqdm([sample for group in made.values() for sample in group]):
        predictor.set_image(sample.image)
        found = predictor.predict(box=sample.box)
        whole.append((found.score, full_iou(found.amodal, sample.amodal)))
        if found.hidden_score is not None and sample.occluded.any():
            hidden.append((found.hidden_score, occluded_iou(found.amodal, sample.amodal, sample.visible)))
    model.config = replace(model.config, calibration=(*fitted(whole), *fitted(hidden)))
    save_model(model, options.out, half=True)
    print(f"{len(whole)} answers, {len(hidden)} with a hidden part: {model.config.calibration}")


if __name__ == "__main__":
    main()
