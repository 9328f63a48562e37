"""How fast objects are scored: on run-length codes, as `amodal_sam.evaluation.protocols` does it, and on
full-size masks, as the evaluation codes of the field do it.

Objects are toy shapes at random places of 1242 x 375 (KINS) and 640 x 480 (COCO) pictures; truth, visible
part and prediction stand in memory as COCO's run-length codes, which is how annotations and result files
hold them. Three ways are timed in turns, in chunks, so that other work on the machine falls on all of them
alike:

    codes     count_pixels, five counts on run-length codes
    full      decode to full-size bool arrays, `&`, `|`, `~`, and sums, as in the public evaluation codes
    full+     the same with count_nonzero in place of sums, the fastest full-size form that was found

That is how the answers of a file are scored. A second table starts from the prediction as a full-size
array, which is how a model returns it, and the truth as codes, which is how a benchmark holds it: `codes`
then encodes the prediction, the others decode the truth. A third starts from three full-size arrays; there,
our way is `AmodalScores` of `amodal_sam.metrics`, which cuts the masks to the rows and columns that the
prediction or the object reaches. All must give the same four pixel counts for every object, and so the same
scores.

usage: python speed/scoring.py [--objects 5000] [--chunk 100] [--repeats 3] [--json FILE]
"""

import argparse
import json
import statistics
import time
from itertools import islice

import numpy as np
from pycocotools import mask as coco_mask

from amodal_sam.rle import code_of
from amodal_sam.metrics import AmodalScores
from amodal_sam.evaluation.protocols import PROTOCOLS, Truth, count_pixels
from amodal_sam.toy import toy_scene

SIZES = {"KINS": (375, 1242), "COCO": (480, 640)}
RULE = PROTOCOLS["paper"]


def objects(height: int, width: int, number: int, generator: np.random.Generator):
    "Prediction, truth and visible part of one object after another, bool, (H, W)."
    shapes = [toy_scene(seed, size=size) for seed in range(12) for size in (40, 90, 160, 260)]
    for _ in range(number):
        scene = shapes[generator.integers(len(shapes))]
        side, masks = len(scene.amodal), np.zeros((3, height, width), dtype=bool)
        top, left = generator.integers(height - side + 1), generator.integers(width - side + 1)
        window = np.s_[top : top + side, left : left + side]
        masks[1][window], masks[2][window] = scene.amodal, scene.visible
        masks[0] = np.roll(masks[1], generator.integers(-6, 7, size=2), axis=(0, 1))
        yield masks


def on_codes(predicted, amodal, visible):
    return count_pixels(RULE, Truth(amodal, visible), predicted)[:4]


def on_masks(predicted, amodal, visible):
    hidden, claimed = amodal & ~visible, predicted & ~visible
    return (
        (predicted & amodal).sum(),
        (predicted | amodal).sum(),
        (claimed & hidden).sum(),
        (claimed | hidden).sum(),
    )


def on_masks_counted(predicted, amodal, visible):
    hidden, claimed, pixels = amodal & ~visible, predicted & ~visible, np.count_nonzero
    return (
        pixels(predicted & amodal),
        pixels(predicted | amodal),
        pixels(claimed & hidden),
        pixels(claimed | hidden),
    )


def in_window(predicted, amodal, visible):
    row = AmodalScores().add(predicted, amodal, visible)
    return row["intersection"], row["union"], row["occluded_intersection"], row["occluded_union"]


def decoded(codes):
    return [coco_mask.decode(code).astype(bool) for code in codes]


FROM_CODES = {
    "codes": lambda codes: on_codes(*codes),
    "full": lambda codes: on_masks(*decoded(codes)),
    "full+": lambda codes: on_masks_counted(*decoded(codes)),
}
FROM_BOTH = {
    "codes": lambda case: on_codes(code_of(case[0]), *case[1:]),
    "full": lambda case: on_masks(case[0], *decoded(case[1:])),
    "full+": lambda case: on_masks_counted(case[0], *decoded(case[1:])),
}
FROM_MASKS = {
    "codes": lambda masks: in_window(*masks),
    "full": lambda masks: on_masks(*masks),
    "full+": lambda masks: on_masks_counted(*masks),
}

STARTS = {"codes": FROM_CODES, "a prediction as an array": FROM_BOTH, "three arrays": FROM_MASKS}


def timed(ways: dict, cases: list, repeats: int, seconds: dict) -> float:
    "Adds the seconds of each way, taken in turns; returns the largest difference of a score."
    answers = {}
    for turn in range(repeats):
        order = list(ways) if turn % 2 == 0 else list(reversed(ways))
        for name in order:
            start = time.perf_counter()
            answers[name] = [ways[name](case) for case in cases]
            seconds[name].append((time.perf_counter() - start) / len(cases))
    scores = {
        name: np.array(
            [
                [counts[0] / counts[1], counts[2] / counts[3] if counts[3] else 0]
                for counts in np.array(found, dtype=np.int64)
            ]
        )
        for name, found in answers.items()
    }
    return max(float(np.abs(scores["codes"] - other).max()) for other in scores.values())


def measure(size: tuple[int, int], number: int, chunk: int, repeats: int) -> dict:
    "Median microseconds an object, for each kind of input."
    generator = np.random.default_rng(0)
    result = {start: {name: [] for name in ways} for start, ways in STARTS.items()}
    difference, stream, done = 0.0, objects(*size, number, generator), 0
    while done < number:
        masks = list(islice(stream, chunk))
        codes = [[code_of(mask) for mask in one] for one in masks]
        cases = {
            "codes": codes,
            "a prediction as an array": [(mask[0], *code[1:]) for mask, code in zip(masks, codes)],
            "three arrays": masks,
        }
        for start, ways in STARTS.items():
            difference = max(difference, timed(ways, cases[start], repeats, result[start]))
        done += len(masks)
    medians = {
        start: {name: 1e6 * statistics.median(values) for name, values in ways.items()}
        for start, ways in result.items()
    }
    return {
        "objects": done,
        "largest difference of a score": difference,
        "microseconds an object": medians,
        "times faster": {
            start: {name: ways[name] / ways["codes"] for name in ("full", "full+")}
            for start, ways in medians.items()
        },
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objects", type=int, default=5000, help="of each picture size")
    parser.add_argument(
        "--chunk", type=int, default=100, help="objects that each way scores before the next takes its turn"
    )
    parser.add_argument("--repeats", type=int, default=3, help="turns over each chunk")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    found = {
        name: measure(size, options.objects, options.chunk, options.repeats) for name, size in SIZES.items()
    }
    for name, one in found.items():
        print(
            f"{name}, {SIZES[name][1]} x {SIZES[name][0]}, {one['objects']} objects; largest difference "
            f"of a score {one['largest difference of a score']:.1e}"
        )
        for start, ways in one["microseconds an object"].items():
            print(
                f"  from {start}: "
                + ", ".join(f"{way} {value:.0f} us" for way, value in ways.items())
                + "; ours is "
                + ", ".join(
                    f"{ratio:.1f} times as fast as {way}" for way, ratio in one["times faster"][start].items()
                )
            )
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()
