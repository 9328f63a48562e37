"""Measure a model on photographs it was never trained on, with synthetic occlusions whose truth is known.

    python recipes/measure_tiny.py --data VALIDATE --model amodal_sam/weights/tiny.safetensors --out
    amodal_sam/weights/tiny.json --card amodal_sam/weights/README.md

VALIDATE holds COCO JSON files of visible masks beside their pictures. Targets are objects that pass the
test for wholeness; occluders come from other pictures of the same folder. Pictures are split in halves by
their name: `tune` is for choosing settings, `report` for quoting. Every draw follows from --seed. Four
prompts: the whole object's box, the same with each side off by up to 5 % and 10 % of the box's size, and
two points on the visible part; and a fifth, the box with one click where its answer is wrong. Beside the
model stand answers that need no model, and two that use the truth's visible mask. Scores are compared with
the IoU that they promise; thin objects have a row of their own.
"""

import argparse
import json
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from amodal_sam.files import fingerprint
from amodal_sam.masks import box_mask
from amodal_sam.metrics import AmodalScores, full_iou, occluded_iou
from amodal_sam.predict import AmodalPredictor, Prediction
from amodal_sam.synthesis.sources import read_coco
from amodal_sam.synthesis.taos import TaosConfig, synthesize

SETS = ("ecssd", "horses", "pets", "humans", "davis_frames")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--most", type=int, default=100, help="samples of each set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--context", type=float, help="of the crops, instead of the predictor's own")
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    parser.add_argument("--card", type=Path, help="model card whose table is to be replaced")
    return parser.parse_args()


def half_of(image_id: str) -> str:
    return ("tune", "report")[zlib.crc32(image_id.encode()) % 2]


def samples(folder: Path, half: str, most: int, seed: int) -> dict[str, list]:
    "Seeded occlusions of whole objects, set by set."
    whole = {
        name: [
            thing
            for thing in read_coco(folder / f"{name}.json")
            if thing.whole and half_of(thing.image_id) == half
        ]
        for name in SETS
    }
    occluders = [thing for things in whole.values() for thing in things]
    config, made = TaosConfig(negative_share=0.0, target_area=(0.005, 0.8)), {}
    for name, things in whole.items():
        generator, made[name] = np.random.default_rng((seed, zlib.crc32(name.encode()))), []
        for index in generator.permutation(len(things)):
            if len(made[name]) == most:
                break
            for _ in range(10):
                occluder = occluders[generator.integers(len(occluders))]
                if occluder.image_id == things[index].image_id:
                    continue
                sample = synthesize(
                    things[index], occluder, seed=int(generator.integers(2**31)), config=config
                )
                if sample is None or sample.visible.sum() < 64:
                    continue
                made[name].append(sample)
                break
    return made


def hull(mask: np.ndarray) -> np.ndarray:
    "Convex hull of a mask."
    if not mask.any():
        return mask
    rows, columns = np.nonzero(mask)
    filled = np.zeros(mask.shape, dtype=np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.stack([columns, rows], axis=1).astype(np.int32)), 1)
    return filled > 0


def deepest(mask: np.ndarray) -> np.ndarray:
    "The point of a mask, x before y, that is furthest from all else."
    inside = np.pad(mask, 1).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return np.array([column, row])


def mended(predictor: AmodalPredictor, sample, found: Prediction) -> np.ndarray:
    "The whole object by its box and one click in the middle of what was wrong."
    wrong = found.amodal ^ sample.amodal
    if not wrong.any():
        return found.amodal
    column, row = deepest(wrong)
    label = float(sample.amodal[row, column])
    click = np.array([[column + 0.5, row + 0.5]])
    return predictor.predict(box=sample.box, points=click, labels=[label]).amodal


def answers(
    predictor: AmodalPredictor, sample, found: Prediction, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    "Every method's whole object."
    height, width = sample.amodal.shape
    box, size = sample.box, np.tile(sample.box[2:] - sample.box[:2], 2)
    jitter = generator.uniform(-1, 1, 4)

    def off(share: float) -> np.ndarray:
        moved = box + share * jitter * size
        return np.clip(moved, 0, (width, height, width, height)).astype(np.float32)

    rows, columns = np.nonzero(sample.visible)
    chosen = generator.integers(len(rows), size=2)
    base = predictor.visible_mask(box=box)
    return {
        "model, box": found.amodal,
        "model, box off by 5 %": predictor.predict(box=off(0.05)).amodal,
        "model, box off by 10 %": predictor.predict(box=off(0.1)).amodal,
        "model, two points": predictor.predict(
            points=np.stack([columns[chosen], rows[chosen]], axis=1) + 0.5
        ).amodal,
        "model, box and a mending click": mended(predictor, sample, found),
        "box itself": box_mask(box, height=height, width=width),
        "base, adapters off": base,
        "hull of the base's mask": hull(base),
        "true visible mask": sample.visible,
        "hull of the true visible mask": hull(sample.visible),
    }


def write_card(card: Path, result: dict) -> None:
    "Put the table of means between the card's two marks."
    before, rest = card.read_text().split("<!-- table -->")
    after = rest.split("<!-- end of table -->")[1]
    lines = [
        f"| {method} | {row['full']:.3f} | {row['occluded']:.3f} |"
        if "occluded" in row
        else f"| {method} (against the visible truth) | {row['full']:.3f} | |"
        for method, row in result["mean"].items()
    ]
    objects = ", ".join(f"{name} {part['model, box']['objects']}" for name, part in result["sets"].items())
    options = f"--half {result['half']} --seed {result['seed']}"
    command = f"`python recipes/measure_tiny.py --data VALIDATE --model tiny.safetensors {options}`"
    table = "\n".join(
        [
            "| answer | mIoU full | mIoU hidden |",
            "|---|---|---|",
            *lines,
            "",
            f"Made by {command}; objects: {objects}.",
        ]
    )
    card.write_text(f"{before}<!-- table -->\n{table}\n<!-- end of table -->{after}")


def thin(sample) -> bool:
    "Is the object's longest side over four times its shortest?"
    _, (width, height), _ = cv2.minAreaRect(np.argwhere(sample.amodal).astype(np.float32))
    return max(width, height) > 4 * min(width, height)


def reliability(pairs: list[tuple[float, float]]) -> dict:
    "Scores against the IoU that they promise, in ten bins of score."
    scores, truth = np.array(pairs).T
    bins, error = [], 0.0
    which = np.minimum((10 * scores).astype(int), 9)
    for number in range(10):
        inside = which == number
        if inside.any():
            promised, kept = scores[inside].mean(), truth[inside].mean()
            error += inside.mean() * abs(promised - kept)
            bins.append([round(float(promised), 4), round(float(kept), 4), int(inside.sum())])
    return {"calibration_error": round(float(error), 4), "bins": bins}


def ask(predictor: AmodalPredictor, sample) -> tuple[Prediction, float]:
    "The answer to the whole object's box, and the milliseconds from array to masks."
    begun = time.perf_counter()
    predictor.set_image(sample.image)
    return predictor.predict(box=sample.box), 1000 * (time.perf_counter() - begun)


def rounded(summary: dict) -> dict:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in summary.items()}


def main() -> None:
    options = arguments()
    torch.set_num_threads(2)
    predictor = AmodalPredictor.from_pretrained(options.model)
    if options.context:
        predictor.context = options.context
    made, table = samples(options.data, options.half, options.most, options.seed), {}
    slender, took, trust = AmodalScores(), [], {"whole": [], "hidden": []}
    for name, group in made.items():
        scores, visible, generator = {}, AmodalScores(), np.random.default_rng(options.seed)
        for sample in tqdm(group, desc=name):
            one, milliseconds = ask(predictor, sample)
            took.append(milliseconds)
            trust["whole"].append((one.score, full_iou(one.amodal, sample.amodal)))
            if one.hidden_score is not None and sample.occluded.any():
                hidden = occluded_iou(one.amodal, sample.amodal, sample.visible)
                trust["hidden"].append((one.hidden_score, hidden))
            if thin(sample):
                slender.add(one.amodal, sample.amodal, sample.visible)
            found = answers(predictor, sample, one, generator)
            for method, mask in found.items():
                scores.setdefault(method, AmodalScores()).add(
                    mask, sample.amodal, sample.visible, name=sample.image_id
                )
            visible.add(found["base, adapters off"], sample.visible, sample.visible, name=sample.image_id)
        table[name] = {method: rounded(one.summary()) for method, one in scores.items()} | {
            "visible, adapters off": {"full": round(visible.summary()["full"], 4)}
        }
        table[name]["worst"] = sorted(
            (round(row["full"], 3), row["name"]) for row in scores["model, box"].rows
        )[:10]
    methods = [method for method in table[SETS[0]] if method not in ("worst",)]
    mean = {
        method: {
            key: round(float(np.mean([table[name][method][key] for name in SETS])), 4)
            for key in ("full", "occluded")
            if key in table[SETS[0]][method]
        }
        for method in methods
    }
    weights = Path(options.model)
    result = {
        "half": options.half,
        "seed": options.seed,
        "context": predictor.context,
        "sha256": fingerprint(weights) if weights.is_file() else "",
        "milliseconds": round(float(np.median(took)), 1),
        "thin": rounded(slender.summary()),
        "trust": {part: reliability(pairs) for part, pairs in trust.items()},
        "mean": mean,
        "sets": table,
    }
    for method, row in mean.items():
        print(f"{method:32s}", *(f"{value:.3f}" for value in row.values()))
    print("thin", result["thin"], "milliseconds", result["milliseconds"])
    for part, found in result["trust"].items():
        print(f"calibration error of the score, {part}: {found['calibration_error']}")
    if options.card:
        write_card(options.card, result)
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
