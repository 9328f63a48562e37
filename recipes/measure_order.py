"""Who hides whom: how often the order of two objects is right, and how sure it is of itself.

    python recipes/measure_order.py --scenes SCENES --data VALIDATE --cocoa COCOA --out
    nbs/results/order_run.json

SCENES holds `scenes.json`, rendered pictures whose objects have their visible and their whole mask; of them
those count that no training saw (one scene in ten, by the CRC-32 of its name). VALIDATE is that of
`measure_tiny.py`: whole objects of photographs behind objects of other photographs. COCOA holds COCOA's
records beside their photographs. The boxes of the whole objects are given. True is who hides at least 12
pixels and half a per cent of the smaller object, four times as many as are hidden the other way.

Each set has two halves: `fit` for the slope of the confidence, `quote` for all else; COCOA is only quoted.
"""

import argparse
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from measure_tiny import samples
from numpy import ndarray
from scipy.optimize import minimize_scalar
from tqdm import tqdm

from amodal_sam.files import fingerprint, read_image
from amodal_sam.masks import tight_box
from amodal_sam.metrics import full_iou
from amodal_sam.order import SLOPE
from amodal_sam.predict import AmodalPredictor, Prediction
from amodal_sam.scene import Scene, everything
from amodal_sam.synthesis.sources import segmentation_mask

BINS = (0.0, 0.05, 0.15, 0.35, 0.65, 1.0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cocoa", type=Path, required=True)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--most", type=int, default=100, help="samples of each set of photographs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    parser.add_argument("--pairs", type=Path, help="JSON with every pair")
    return parser.parse_args()


@dataclass(frozen=True, eq=False)
class Known:
    "A picture whose objects are known."
    name: str
    image: ndarray
    whole: list[ndarray]
    visible: list[ndarray]


def known(name: str, image: ndarray, masks: list[tuple[ndarray, ndarray]]) -> Known:
    "Without what is not in the picture at all."
    masks = [(whole | visible, visible) for whole, visible in masks if (whole | visible).any()]
    return Known(name, image, [whole for whole, _ in masks], [visible for _, visible in masks])


def rendered(folder: Path, half: str) -> Iterator[Known]:
    "Pictures of scenes that no training saw."
    content, masks = json.loads((folder / "scenes.json").read_text()), {}
    chosen = {}
    for picture in content["images"]:
        number = zlib.crc32(picture["scene"].encode())
        if number % 10 == 0 and ("fit", "quote")[number // 10 % 2] == half:
            chosen[picture["id"]] = picture
    for entry in content["annotations"]:
        if entry["image_id"] in chosen:
            masks.setdefault(entry["image_id"], []).append(entry)
    for number, picture in chosen.items():
        image = read_image(folder / picture["file_name"])
        codes = [
            (entry["amodal_segmentation"], entry["segmentation"]) for entry in masks.get(number, [])
        ]
        decoded = [tuple(segmentation_mask(code, image.shape[:2]) for code in pair) for pair in codes]
        yield known(picture["file_name"], image, decoded)


def pasted(folder: Path, half: str, most: int, seed: int) -> Iterator[Known]:
    "Photographs with one object behind another that was pasted."
    made = samples(folder, {"fit": "tune", "quote": "report"}[half], most, seed)
    for name, group in made.items():
        for number, sample in enumerate(group):
            masks = [(sample.amodal, sample.visible), (sample.occluder, sample.occluder)]
            yield known(f"{name} {number}", sample.image, masks)


def photographed(folder: Path) -> Iterator[Known]:
    "COCOA's records, things only."
    for path in sorted(folder.glob("*.json")):
        image = read_image(path.with_suffix(".jpg"))
        size, masks = image.shape[:2], []
        for region in json.loads(path.read_text())["regions"]:
            if region["isStuff"]:
                continue
            whole = segmentation_mask([region["segmentation"]], size)
            seen = region.get("visible_mask")
            visible = segmentation_mask(seen, size) & whole if seen else whole
            masks.append((whole, visible))
        yield known(path.stem, image, masks)


def true_pairs(picture: Known) -> Iterator[tuple[int, int, float]]:
    "Who is in front, who is behind, and what they share as a part of the smaller."
    for i, j in combinations(range(len(picture.whole)), 2):
        shared = picture.whole[i] & picture.whole[j]
        ahead, behind = (
            (picture.visible[a] & shared & ~picture.visible[b]).sum() for a, b in ((i, j), (j, i))
        )
        smaller = min(picture.whole[i].sum(), picture.whole[j].sum())
        if max(ahead, behind) < 4 * min(ahead, behind) or ahead + behind < max(12, 0.005 * smaller):
            continue
        front, back = (i, j) if ahead > behind else (j, i)
        yield front, back, float(shared.sum() / smaller)


def hidden_share(found: Prediction) -> float:
    return float(found.occluded.sum() / max(1, found.amodal.sum()))


def in_front(front: float, back: float) -> float:
    "1 where the larger number is the one in front, 0 where it is not, one half where they are equal."
    return 0.5 + 0.5 * float(np.sign(front - back))


def rows_of(picture: Known, scene: Scene, alone: list[Prediction]) -> Iterator[dict]:
    "What each rule says of the pairs whose order is known; a pair that is not said to meet is a coin toss."
    order = scene.order
    arrows = [(arrow["relation"], True) for _, _, arrow in order.graph.edges(data=True)]
    told = {
        frozenset((one.front, one.back)): (one, decided)
        for one, decided in arrows + [(one, False) for one in order.undecided]
    }
    boxes = [one.box for one in alone]
    areas = [float(np.prod(box[2:] - box[:2])) for box in boxes]
    shares = [hidden_share(one) for one in alone]
    for front, back, overlap in true_pairs(picture):
        relation, decided = told.get(frozenset((front, back)), (None, False))
        yield {
            "picture": picture.name,
            "pair": (front, back),
            "overlap": overlap,
            "met": relation is not None,
            "decided": decided,
            "right": float(relation.front == front) if relation else 0.5,
            "confidence": relation.confidence if relation else 0.5,
            "shared": relation.overlap if relation else 0.0,
            "larger is in front": in_front(areas[front], areas[back]),
            "lower is in front": in_front(boxes[front][3], boxes[back][3]),
            "less hidden is in front": in_front(shares[back], shares[front]),
        }


def measured(predictor: AmodalPredictor, pictures: Iterator[Known]) -> dict:
    "Pairs, and IoUs of the visible parts with and without the order."
    rows, visible, count, rings = [], [], 0, 0
    for picture in tqdm(pictures):
        boxes = [tight_box(whole) for whole in picture.whole]
        predictor.set_image(picture.image)
        alone = predictor.predict(boxes=boxes)
        scene = everything(picture.image, boxes=boxes, predictor=predictor)
        rows += rows_of(picture, scene, alone)
        rings += bool(scene.order.rings)
        count += 1
        for truth, before, after in zip(picture.visible, alone, scene.objects):
            if truth.any():
                visible.append((full_iou(before.visible, truth), full_iou(after.visible, truth)))
    return {"rows": rows, "visible": visible, "pictures": count, "rings": rings}


def mean(rows: list[dict], key: str) -> float | None:
    return round(float(np.mean([row[key] for row in rows])), 4) if rows else None


def reliability(rows: list[dict]) -> dict:
    "Confidence against how often it was right, in ten bins of confidence."
    said = np.array([row["confidence"] for row in rows])
    right = np.array([row["right"] for row in rows])
    which, bins, error = np.minimum((20 * (said - 0.5)).astype(int), 9), [], 0.0
    for number in range(10):
        inside = which == number
        if inside.any():
            promised, kept = said[inside].mean(), right[inside].mean()
            error += inside.mean() * abs(promised - kept)
            bins.append([round(float(promised), 4), round(float(kept), 4), int(inside.sum())])
    return {"calibration_error": round(float(error), 4), "bins": bins}


RULES = ("right", "larger is in front", "lower is in front", "less hidden is in front")


def interval(rows: list[dict]) -> list[float]:
    "95 per cent of what resampled pictures give for the pairs that are right."
    pictures = {}
    for row in rows:
        pictures.setdefault(row["picture"], []).append(row["right"])
    sums = np.array([(sum(some), len(some)) for some in pictures.values()])
    drawn = np.random.default_rng(0).integers(len(sums), size=(2000, len(sums)))
    total = sums[drawn].sum(axis=1)
    return np.quantile(total[:, 0] / total[:, 1], (0.025, 0.975)).round(4).tolist()


def summary(found: dict) -> dict:
    "The figures of a set."
    rows = found["rows"]
    met = [row for row in rows if row["met"]]
    decided = [row for row in rows if row["decided"]]
    bins = []
    for low, high in zip(BINS, BINS[1:]):
        some = [row for row in rows if low <= row["overlap"] < high or high == row["overlap"] == 1]
        sure = [row for row in some if row["decided"]]
        bins.append({
            "from": low, "to": high, "pairs": len(some), "right": mean(some, "right"),
            "decided": len(sure), "right of the decided": mean(sure, "right"),
        })
    before, after = np.mean(found["visible"], axis=0).round(4).tolist()
    return {
        "pictures": found["pictures"], "pairs": len(rows), "met": len(met), "decided": len(decided),
        **{rule: mean(rows, rule) for rule in RULES}, "right, 95 %": interval(rows),
        "right of the decided": mean(decided, "right"), **reliability(met), "overlaps": bins,
        "objects": len(found["visible"]), "visible IoU alone": before, "visible IoU by order": after,
        "pictures with a ring": found["rings"],
    }


def fitted_slope(rows: list[dict]) -> float:
    "The slope of the sigmoid under which what was right and wrong is most likely, a set counting as one."
    def loss(slope: float) -> float:
        return sum(
            float(np.mean(np.log1p(np.exp(-slope * np.array(margins))))) for margins in sets.values()
        )

    sets = {}
    for row in rows:
        if row["met"]:
            odds = np.log(row["confidence"] / (1 - row["confidence"])) / SLOPE
            sets.setdefault(row["set"], []).append(odds if row["right"] else -odds)
    return round(float(minimize_scalar(loss, bounds=(0.1, 20), method="bounded").x), 2)


def main() -> None:
    options = arguments()
    predictor = AmodalPredictor.from_pretrained(options.model)
    cv2.setNumThreads(1)
    fit, quote = (
        {
            "rendered scenes": rendered(options.scenes, half),
            "photographs, pasted": pasted(options.data, half, options.most, options.seed),
        }
        for half in ("fit", "quote")
    )
    quote["photographs, COCOA"] = photographed(options.cocoa)
    fits = [
        row | {"set": name} for name, some in fit.items() for row in measured(predictor, some)["rows"]
    ]
    found = {name: measured(predictor, some) for name, some in quote.items()}
    weights = Path(options.model)
    result = {
        "seed": options.seed,
        "sha256": fingerprint(weights) if weights.is_file() else "",
        "slope": SLOPE,
        "slope that fits": fitted_slope(fits),
        "pairs of the fit": sum(row["met"] for row in fits),
        "sets": {name: summary(one) for name, one in found.items()},
    }
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    if options.pairs:
        rows = {name: one["rows"] for name, one in found.items()} | {"fit": fits}
        options.pairs.write_text(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main()
