"""How long does it take to say who hides whom, by the number of objects?

Asks for 1, 2, 4 and 8 objects of one picture, whose boxes all overlap, with the model that ships on two
threads: `predict(boxes=)` completes them, `everything(boxes=)` says who hides whom besides. Both look at the
picture anew in each call, and take turns. Prints the medians in milliseconds, and how many pairs met.

    python speed/order.py [--rounds N] [--threads N]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from amodal_sam import AmodalPredictor, everything
from amodal_sam.toy import toy_scene

COUNTS = (1, 2, 4, 8)
STEP = np.array([12, 8, 12, 8])  # pixels from a box to the next


def milliseconds(call: Callable[[], object]) -> float:
    "One call."
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    "Measure, then print the table."
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="calls of each kind (15)")
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch (2)")
    options = parser.parse_args()
    model = AmodalPredictor.from_pretrained("tiny").model
    predictor = AmodalPredictor(model, threads=options.threads)
    scene = toy_scene(5, size=640)
    boxes = np.clip([scene.box + number * STEP for number in range(max(COUNTS))], 0, 640)

    def completed(count: int) -> None:
        predictor.set_image(scene.image)
        predictor.predict(boxes=boxes[:count])

    def ordered(count: int) -> object:
        return everything(scene.image, boxes=boxes[:count], predictor=predictor)

    taken = {(count, way): [] for count in COUNTS for way in (completed, ordered)}
    for _ in range(options.rounds + 1):
        for (count, way), times in taken.items():
            times.append(milliseconds(lambda count=count, way=way: way(count)))
    print("objects  predict  everything  the order alone  pairs")
    for count in COUNTS:
        alone, both = (statistics.median(taken[count, way][1:]) for way in (completed, ordered))
        order = ordered(count).order
        pairs = order.graph.number_of_edges() + len(order.undecided)
        print(f"{count:7} {alone:8.0f} {both:11.0f} {both - alone:16.0f} {pairs:6}")


if __name__ == "__main__":
    main()
