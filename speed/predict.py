"""How long does a picture's objects' completion take, by the number of objects and of threads?

Completes 1, 2, 3, 4 and 8 objects of one picture with the model that ships, on one thread, on two, on all
that there are, and as the predictor chooses by itself, in turns. Prints the medians in milliseconds and, in
the last column, how the predictor's own choice compares with PyTorch's default.

    python speed/predict.py [--rounds N]
"""

import argparse
import os
import statistics
import time

import numpy as np
import torch

from amodal_sam import AmodalPredictor
from amodal_sam.toy import toy_scene

COUNTS = (1, 2, 3, 4, 8)


def milliseconds(predictor: AmodalPredictor, boxes: np.ndarray) -> float:
    "One call."
    start = time.perf_counter()
    predictor.predict(boxes=boxes)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    "Measure, then print the table."
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="calls of each kind (15)")
    rounds = parser.parse_args().rounds
    cores = os.cpu_count() or 1
    torch.set_num_threads(cores)
    free = AmodalPredictor.from_pretrained("tiny")
    fixed = sorted({1, min(2, cores), cores})
    ways = {str(count): AmodalPredictor(free.model, threads=count) for count in fixed} | {"chosen": free}
    scene = toy_scene(5, size=640)
    for predictor in ways.values():
        predictor.set_image(scene.image)
    taken = {(count, way): [] for count in COUNTS for way in ways}
    for _ in range(rounds + 1):
        for (count, way), times in taken.items():
            times.append(milliseconds(ways[way], np.tile(scene.box, (count, 1))))
    print("objects", *(f"{way:>8}" for way in ways), " chosen / default")
    for count in COUNTS:
        medians = {way: statistics.median(taken[count, way][1:]) for way in ways}
        ratio = medians["chosen"] / medians[str(cores)]
        print(f"{count:7}", *(f"{value:8.0f}" for value in medians.values()), f"{ratio:17.2f}")


if __name__ == "__main__":
    main()
