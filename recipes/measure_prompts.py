"""Does a model hear its prompt? Objects off the middle of what it sees, and clicks that must be heeded.

    python recipes/measure_prompts.py --data VALIDATE --model amodal_sam/weights/tiny.safetensors --out
    nbs/results/prompts_run.json

The objects are those of `measure_tiny.py`. Crops are moved off the object's middle by a share of their side,
and the answer to the same true box is compared with what of the object the crop still holds. A click falls
on the deepest point of the visible part, a negative one on the deepest point of what was pasted (or beside
the object): the answer should hold the first and leave out the second.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from measure_tiny import deepest, samples
from tqdm import tqdm

from amodal_sam.crop import crop_around, put_back, take_crop
from amodal_sam.files import fingerprint
from amodal_sam.metrics import full_iou
from amodal_sam.modeling.amodal import AmodalSam
from amodal_sam.predict import AmodalPredictor
from amodal_sam.sample import AmodalSample
from amodal_sam.training.examples import as_planes

CONTEXTS, SHIFTS = (1.3, 2.6), (0.0, 0.2, 0.4)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--most", type=int, default=20, help="samples of each set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    return parser.parse_args()


@torch.inference_mode()
def shifted(
    model: AmodalSam, sample: AmodalSample, context: float, shift: tuple[float, float]
) -> list[float]:
    "IoU of the visible and of the whole answer inside a crop that is off the object's middle."
    size, (height, width) = model.image_size, sample.amodal.shape
    crop = crop_around(sample.box, context=context, size=size, shift=shift)
    left, top, right, bottom = crop.left, crop.top, crop.left + crop.side, crop.top + crop.side
    held = np.zeros((height, width), dtype=bool)
    held[max(top, 0):max(bottom, 0), max(left, 0):max(right, 0)] = True
    seen = as_planes(torch.from_numpy(take_crop(sample.image, crop))[None])
    box = torch.from_numpy(crop.inside(sample.box).clip(0, size))[None]
    found = []
    for adapted, truth in ((False, sample.visible), (True, sample.amodal)):
        logits = model(seen, boxes=box, adapted=adapted).logits[0, 0].numpy()
        answer = put_back(logits, crop, height=height, width=width)
        found.append(full_iou(answer & held, truth & held) if (truth & held).sum() >= 40 else np.nan)
    return found


def beside(sample: AmodalSample) -> np.ndarray | None:
    "A point that is not the object: on what was pasted, or close by."
    rest = sample.occluder & ~sample.amodal
    if rest.sum() < 64:
        side = max(sample.box[2:] - sample.box[:2])
        grown = cv2.dilate(
            sample.amodal.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(2, int(0.1 * side))
        )
        rest = (grown > 0) & ~sample.amodal
    return deepest(rest) if rest.any() else None


def clicked(predictor: AmodalPredictor, sample: AmodalSample) -> dict[str, float]:
    "What becomes of a click on the object, and of one beside it."
    predictor.set_image(sample.image)
    on, off = deepest(sample.visible), beside(sample)
    one = predictor.predict(points=[on + 0.5])
    found = {
        "a click on the object is in the answer": float(one.amodal[on[1], on[0]]),
        "one click, IoU": full_iou(one.amodal, sample.amodal),
    }
    if off is None:
        return found
    both = predictor.predict(points=np.stack([on, off]) + 0.5, labels=[1, 0])
    boxed = predictor.predict(box=sample.box, points=[off + 0.5], labels=[0])
    return found | {
        "a click beside it is not": float(not both.amodal[off[1], off[0]]),
        "a click on it and one beside it, IoU": full_iou(both.amodal, sample.amodal),
        "a click beside it, with its box, is not": float(not boxed.amodal[off[1], off[0]]),
        "its box and a click beside it, IoU": full_iou(boxed.amodal, sample.amodal),
    }


def main() -> None:
    options = arguments()
    predictor = AmodalPredictor.from_pretrained(options.model)
    made = samples(options.data, options.half, options.most, options.seed)
    chosen = [sample for group in made.values() for sample in group]
    generator, rows, clicks = np.random.default_rng(options.seed), {}, {}
    for sample in tqdm(chosen):
        angle = generator.uniform(0, 2 * np.pi)
        direction = np.array([np.cos(angle), np.sin(angle)])
        direction /= np.abs(direction).max()
        for context in CONTEXTS:
            for share in SHIFTS:
                shift = tuple(share * context * direction)
                rows.setdefault((context, share), []).append(
                    shifted(predictor.model, sample, context, shift)
                )
        for name, value in clicked(predictor, sample).items():
            clicks.setdefault(name, []).append(value)
    shifts = [
        [context, share, *np.nanmean(values, axis=0).round(4).tolist()]
        for (context, share), values in rows.items()
    ]
    weights = Path(options.model)
    result = {
        "half": options.half,
        "seed": options.seed,
        "objects": len(chosen),
        "sha256": fingerprint(weights) if weights.is_file() else "",
        "shifts": shifts,
        "clicks": {name: round(float(np.mean(values)), 4) for name, values in clicks.items()},
    }
    for context, share, visible, whole in shifts:
        print(f"context {context}, off by {share} of the side: visible {visible:.3f}, whole {whole:.3f}")
    for name, value in result["clicks"].items():
        print(f"{name:45s} {value:.3f}")
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
