"""How much faster a file of answers is scored on run-length codes than on full-size masks, from file to table

The file of annotations is KINS' own format (polygons of the whole and of the visible part, 1242 x 375
pixels), made from toy shapes; the file of answers is COCO's results, a run-length code each, the truth
moved by some pixels. Two ways are timed in turns, each from the two files on disk to the table of means:

    codes     amodal_sam: open_benchmark, PredictionFile, evaluate, scores_table
    full      json.load, pycocotools to full-size arrays, `&`, `|`, `~` and sums, as the public codes do it

Both must give the same four means, to 1e-9.

usage: python speed/evaluation.py [--objects 3000] [--repeats 5] [--json FILE]
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from amodal_sam.benchmarks.registry import open_benchmark
from amodal_sam.evaluation.evaluate import Evaluation, evaluate, scores_table
from amodal_sam.evaluation.systems import PredictionFile
from amodal_sam.rle import encode_rle
from amodal_sam.toy import toy_scene

HEIGHT, WIDTH = 375, 1242
EACH = 8  # objects of a picture


def polygons(mask: np.ndarray) -> list[list[float]]:
    "The outlines of a mask."
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [(outline[:, 0] + 0.5).ravel().tolist() for outline in found if len(outline) >= 3]


def objects(number: int, generator: np.random.Generator):
    "Whole, visible part and answer of one object after another, bool, (H, W)."
    shapes = [toy_scene(seed, size=size) for seed in range(12) for size in (40, 90, 160, 260)]
    for _ in range(number):
        scene = shapes[generator.integers(len(shapes))]
        side, masks = len(scene.amodal), np.zeros((2, HEIGHT, WIDTH), dtype=bool)
        top, left = generator.integers(HEIGHT - side + 1), generator.integers(WIDTH - side + 1)
        window = np.s_[top : top + side, left : left + side]
        masks[0][window], masks[1][window] = scene.amodal, scene.visible
        yield *masks, np.roll(masks[0], generator.integers(-6, 7, size=2), axis=(0, 1))


def write(root: Path, number: int) -> tuple[Path, Path]:
    "The file of annotations and that of answers."
    annotations, answers = [], []
    for place, (whole, seen, guess) in enumerate(objects(number, np.random.default_rng(0))):
        picture = place // EACH
        record = {"id": place, "image_id": picture, "category_id": 1, "iscrowd": 0}
        record |= {"a_segm": polygons(whole), "i_segm": polygons(seen) or [[0.0, 0, 0, 0, 0, 0]]}
        annotations.append(record | {"a_bbox": [0, 0, 1, 1], "i_bbox": [0, 0, 1, 1]})
        answer = {"image_id": picture, "object_id": place, "category_id": 1, "score": 0.9}
        answers.append(answer | {"segmentation": encode_rle(guess)})
    images = [
        {"id": picture, "file_name": f"{picture:06d}.png", "height": HEIGHT, "width": WIDTH}
        for picture in range(-(-number // EACH))
    ]
    categories = [{"id": 1, "name": "thing"}]
    truth, guesses = root / "update_test_2020.json", root / "answers.json"
    truth.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    guesses.write_text(json.dumps(answers))
    return truth, guesses


def on_codes(truth: Path, guesses: Path) -> Evaluation:
    "The scores, by this project, and their table."
    result = evaluate(open_benchmark("kins", truth.parent, "test"), PredictionFile(guesses), progress=False)
    scores_table(result)
    return result


def means_of(result: Evaluation) -> list[float]:
    "Means over objects and ratios over pixels."
    about = result.summaries["paper"]
    return [about[name] for name in ("full", "occluded", "full_ratio", "occluded_ratio")]


def decoded(segments: list, height: int, width: int) -> np.ndarray:
    "A full-size mask of polygons."
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(segments, height, width))).astype(bool)


def on_masks(truth: Path, guesses: Path) -> list[float]:
    "The means, on full-size masks."
    content, answers = json.loads(truth.read_text()), {}
    for answer in json.loads(guesses.read_text()):
        answers[answer["object_id"]] = answer["segmentation"]
    sizes = {one["id"]: (one["height"], one["width"]) for one in content["images"]}
    counts = []
    for record in content["annotations"]:
        size = sizes[record["image_id"]]
        whole, seen = decoded(record["a_segm"], *size), decoded(record["i_segm"], *size)
        seen &= whole
        guess = coco_mask.decode(answers[record["id"]]).astype(bool)
        hidden, claimed = whole & ~seen, guess & ~seen
        pairs = (guess & whole, guess | whole, claimed & hidden, claimed | hidden, hidden)
        counts.append([int(pixels.sum()) for pixels in pairs])
    counts = np.array(counts)
    occluded = counts[counts[:, 4] > 0]
    means = (counts[:, 0] / counts[:, 1]).mean(), (occluded[:, 2] / occluded[:, 3]).mean()
    sums = counts.sum(axis=0)
    return [*map(float, means), sums[0] / sums[1], sums[2] / sums[3]]


WAYS = {"codes": on_codes, "full": on_masks}


def measure(number: int, repeats: int) -> dict:
    "Median seconds of both ways, taken in turns, and the largest difference of a mean."
    seconds, found = {name: [] for name in WAYS}, {}
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), number)
        for turn in range(repeats):
            for name in list(WAYS) if turn % 2 == 0 else reversed(WAYS):
                start = time.perf_counter()
                scores = WAYS[name](*files)
                seconds[name].append(time.perf_counter() - start)
                found[name] = means_of(scores) if name == "codes" else scores
                del scores
                gc.collect()
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "objects": number,
        "seconds": medians,
        "times faster": medians["full"] / medians["codes"],
        "largest difference of a mean": float(np.abs(np.subtract(*found.values())).max()),
        "means": found["codes"],
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objects", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=5, help="turns of both ways")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    found = measure(options.objects, options.repeats)
    seconds = ", ".join(f"{name} {value:.2f} s" for name, value in found["seconds"].items())
    print(f"{found['objects']} objects, {WIDTH} x {HEIGHT}, from file to table: {seconds}")
    print(f"codes are {found['times faster']:.1f} times as fast; largest difference of a mean "
          f"{found['largest difference of a mean']:.1e}")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
