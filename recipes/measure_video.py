"""Measure how whole objects are followed through clips whose truth is known.

    python recipes/measure_video.py --data DATA --half tune --trials --out tune.json
    python recipes/measure_video.py --data DATA --half report --video tiny-video --run RUN --out \
        nbs/results/video_run.json

DATA holds `validate` (photographs with masks), `cutouts` and `video/DAVIS_320`, none of which trained the
model: of the cut-outs only those are taken that training held out. In `synthetic` a camera moves over a
photograph and something passes in front of a whole object in it, or a cut-out moves over it; in `davis` the
same passes in front of the object of a real clip. Objects are shown by the true box of the first frame,
which does not count. Pictures and clips are split in halves by their names: `tune` is for choosing
settings, `report` for quoting. Every draw follows from --seed. --trials measures the followers that were
tried, one change each, or with --video what was tried of the video model; without it the systems of the
table, and with --video the video model's answers besides. --run adds the log of a training, as
`train_tiny_video` left it in its folder.
"""

import argparse
import json
import os
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from measure_tiny import SETS, half_of
from tqdm import tqdm

from amodal_sam.files import fingerprint
from amodal_sam.masks import tight_box
from amodal_sam.metrics import full_iou, occluded_iou
from amodal_sam.modeling.weights import weights_path
from amodal_sam.predict import AmodalPredictor, Prediction
from amodal_sam.synthesis.sources import read_coco, read_objects
from amodal_sam.synthesis.taos_clips import ClipConfig, longest_whole, read_clip, synthesize_clip
from amodal_sam.training.examples import held_out
from amodal_sam.video.clip_examples import ClipExamples
from amodal_sam.video.follow import FollowRule
from amodal_sam.video.frame_by_frame import FrameByFrame
from amodal_sam.video.predictor import AmodalVideoPredictor

HIDDEN = 0.05  # least share of an object that must be hidden for the hidden score
STILL = FollowRule(motion=0.0, place=1.0, size=1.0, trust=0.0, patience=2)  # the last backed answer's box


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--clips", type=int, default=20, help="synthetic ones; and at most so many of DAVIS")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--video", help="video model besides, a name or a safetensors file")
    parser.add_argument("--run", type=Path, action="append", default=[], help="folder of a training")
    parser.add_argument("--trials", action="store_true", help="the followers that were tried")
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    return parser.parse_args()


def synthetic_clips(data: Path, options: argparse.Namespace) -> tuple[list, list]:
    "Clips over photographs, and what may pass in front of other clips."
    things = [thing for name in SETS for thing in read_coco(data / "validate" / f"{name}.json")]
    things = [thing for thing in things if half_of(thing.image_id) == options.half]
    cutouts = [thing for thing in read_objects(data / "cutouts") if held_out(thing.image_id)]
    config = ClipConfig(longest_side=320)
    examples = ClipExamples(
        things + cutouts, frames=options.frames, config=config, seed=options.seed, augment=False
    )
    return [examples[number] for number in range(options.clips)], [t for t in things if t.whole]


def davis_clips(data: Path, occluders: list, options: argparse.Namespace) -> list:
    "Real clips, in front of whose object something passes."
    made, root = [], data / "video" / "DAVIS_320"
    for folder in sorted((root / "JPEGImages").glob("*/*")):
        masks = root / "Annotations" / folder.parent.name / folder.name
        piece = longest_whole(read_clip(folder, masks, name=folder.name))
        generator = np.random.default_rng((options.seed, zlib.crc32(folder.name.encode())))
        for _ in range(8 if half_of(folder.name) == options.half else 0):
            occluder = occluders[generator.integers(len(occluders))]
            seed = int(generator.integers(2**31))
            clip = synthesize_clip(piece, occluder, frames=options.frames, seed=seed, config=ClipConfig())
            if clip is not None:
                kinds = ("image", "amodal", "visible")
                stacks = [np.stack([getattr(sample, kind) for sample in clip]) for kind in kinds]
                made.append(dict(zip(("images", "amodal", "visible"), stacks)))
                break
    return made[: options.clips]


def boxes_of(clip: dict) -> list[np.ndarray]:
    "The true box of each frame; where nothing of the object is in the frame, that of the one before."
    boxes = []
    for mask in clip["amodal"]:
        boxes.append(tight_box(mask) if mask.any() else boxes[-1])
    return boxes


def flow_carried(before: np.ndarray, after: np.ndarray, seen: np.ndarray, box: np.ndarray) -> np.ndarray:
    "A box moved and scaled as the corners of what is seen in it move, by the median."
    old, new = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after))
    corners = cv2.goodFeaturesToTrack(old, 100, 0.01, 3, mask=seen.astype(np.uint8))
    if corners is None or len(corners) < 6:
        return box
    there, ok, _ = cv2.calcOpticalFlowPyrLK(old, new, corners, None)
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(new, old, there, None)
    good = (np.linalg.norm(back - corners, axis=2) < 1)[:, 0] & (ok[:, 0] & ok_back[:, 0]).astype(bool)
    if good.sum() < 6:
        return box
    start, stop = corners[good, 0], there[good, 0]
    pairs = np.random.default_rng(0).integers(len(start), size=(2, 200))
    apart = [np.linalg.norm(points[pairs[0]] - points[pairs[1]], axis=1) for points in (start, stop)]
    far = apart[0] > 4
    scale = float(np.median(apart[1][far] / apart[0][far])) if far.any() else 1.0
    shift = np.median(stop - start, axis=0)
    middle, half = (box[:2] + box[2:]) / 2 + shift, (box[2:] - box[:2]) / 2 * np.clip(scale, 0.9, 1.1)
    return np.concatenate([middle - half, middle + half]).astype(np.float32)


@dataclass
class Tried(FrameByFrame):
    "The frame-by-frame follower with one change."

    predictor: AmodalPredictor
    rule: FollowRule = STILL
    keep: float = 0.0  # share of the last region that stays in the next
    flow: bool = False  # the region moves as what is seen moves

    def __post_init__(self):
        self.looked = {}

    def region(self, run, name: object, number: int) -> np.ndarray:
        follow = run.follow[name]
        last, box = self.looked.get(name), follow.box
        if last is not None and not follow.lost:
            box = self.keep * last + (1 - self.keep) * box
        elif last is not None and self.flow:
            box = last
        if self.flow:
            answer = run.answers[name]
            box = flow_carried(run.frames[number - 1], run.frames[number], answer.visible, box)
        box = np.asarray(box, dtype=np.float32)
        self.looked[name] = box
        wide = replace(follow, box=box).region(self.rule, height=run.height, width=run.width)
        return wide if (wide[2:] - wide[:2] >= 2).all() else follow.region(height=run.height, width=run.width)


class Seen(AmodalPredictor):
    "The model with its adapters off."

    def predict(self, *, boxes):
        seen = [self.visible_mask(box=box) for box in boxes]
        return [Prediction(mask, mask, 1.0, np.float32(box)) for mask, box in zip(seen, boxes)]


class Unadapted(AmodalVideoPredictor):
    "The video model with its adapters off."

    def features(self, frame, state, places):
        _, seen = super().features(frame, state, places)
        return seen, seen


def remembering(name: str) -> dict:
    "The answers of a video model, by their names."

    def follower(kind: type = AmodalVideoPredictor, gate: float = 1.0, **changes) -> AmodalVideoPredictor:
        made = kind.from_pretrained(name)
        made.model.sam2.memory_attention.gate.data *= gate
        for field, value in changes.items():
            setattr(made, field, value)
        return made

    made = {
        "memory": follower(),
        "memory, nothing completes it": follower(image=None),
        "memory, adapters off": follower(Unadapted, image=None),
        "memory switched off": follower(gate=0.0, image=None),
    }
    return {name: lambda clip, one=one: followed(one, clip) for name, one in made.items()}


def followed(follower: FrameByFrame | AmodalVideoPredictor, clip: dict) -> list[np.ndarray]:
    "What a follower answers, frame by frame."
    state = follower.init_state(list(clip["images"]))
    follower.add_new_points_or_box(state, 0, 1, box=boxes_of(clip)[0])
    return [found[1].amodal for _, found in follower.propagate_in_video(state)]


def asked(predictor: AmodalPredictor, clip: dict, boxes: list[np.ndarray]) -> list[np.ndarray]:
    "What the model answers to a given box in each frame."
    found = []
    for image, box in zip(clip["images"], boxes):
        predictor.set_image(image)
        found.append(predictor.predict(boxes=[box])[0].amodal)
    return found


def systems(predictor: AmodalPredictor) -> dict:
    "The answers of the table, by their names."
    seen = Seen(predictor.model, context=predictor.context)
    return {
        "first answer carried": lambda clip: (
            asked(predictor, {"images": clip["images"][:1]}, boxes_of(clip)) * len(clip["images"])
        ),
        "first box carried": lambda clip: asked(predictor, clip, boxes_of(clip)[:1] * len(clip["images"])),
        "frame by frame, adapters off": lambda clip: followed(FrameByFrame(seen), clip),
        "frame by frame": lambda clip: followed(FrameByFrame(predictor), clip),
        "true box in each frame": lambda clip: asked(predictor, clip, boxes_of(clip)),
    }


def trials(predictor: AmodalPredictor) -> dict:
    "The followers that were tried, by their names."
    wide = AmodalPredictor(predictor.model, context=1.6)
    changes = {
        "as it was: the last backed answer's box": {},
        "any answer is believed": {"rule": FollowRule(backed=False)},
        "moved on by half of the smoothed motion": {"rule": replace(STILL, motion=0.5)},
        "crop 1.6 times the box": {"predictor": wide},
        "moved on by the last motion": {"rule": replace(STILL, motion=1.0, steady=0.0)},
        "by half of the last motion": {"rule": replace(STILL, motion=0.5, steady=0.0)},
        "with inertia, as it is": {"rule": FollowRule()},
        "half of the last region stays": {"keep": 0.5},
        "carried by flow": {"flow": True},
        "by flow, half of the last region stays": {"flow": True, "keep": 0.5},
        "by flow, 0.8 of it stays": {"flow": True, "keep": 0.8},
        "by flow, all of it stays": {"flow": True, "keep": 1.0},
    }
    return {
        name: lambda clip, change=change: followed(Tried(**({"predictor": predictor} | change)), clip)
        for name, change in changes.items()
    }


def memory_trials(name: str) -> dict:
    "What was tried of the video model."
    halfway = replace(STILL, motion=0.5)
    inert = replace(FollowRule(), patience=STILL.patience)
    changes = {
        "the box as it was": {"rule": STILL},
        "crop 1.3 times the box": {"rule": STILL, "context": 1.3},
        "crop 2 times the box": {"rule": STILL, "context": 2.0},
        "moved on by the last motion": {"rule": replace(STILL, motion=1.0, steady=0.0)},
        "by half of it": {"rule": replace(halfway, steady=0.0)},
        "by half of the smoothed motion": {"rule": halfway},
        "that, and inertia": {"rule": inert},
        "that, and four frames' patience": {},
        "that, and completed by `tiny`": {"image": AmodalPredictor.from_pretrained("tiny")},
    }
    model = AmodalVideoPredictor.from_pretrained(name).model
    usual = {"context": model.config.context}
    return {
        name: lambda clip, change=change: followed(AmodalVideoPredictor(model, **usual | change), clip)
        for name, change in changes.items()
    }


def scored(clip: dict, found: list[np.ndarray]) -> tuple[list[float], list[float]]:
    "Whole and hidden IoU of the frames after the first."
    whole, hidden = [], []
    for mask, amodal, visible in list(zip(found, clip["amodal"], clip["visible"]))[1:]:
        if amodal.any():
            whole.append(full_iou(mask, amodal))
        if amodal.any() and 1 - visible.sum() / amodal.sum() >= HIDDEN:
            hidden.append(occluded_iou(mask, amodal, visible))
    return whole, hidden


def summary(rows: list[tuple[list[float], list[float]]]) -> dict:
    "Means over frames and over clips, and the last fifth of each clip."
    found = {"clips": len(rows)}
    for name, kind in (("whole", 0), ("hidden", 1)):
        clips = [row[kind] for row in rows if row[kind]]
        found[name] = {
            "frames": round(float(np.mean(np.concatenate(clips))), 4),
            "clips": round(float(np.mean([np.mean(clip) for clip in clips])), 4),
            "count": sum(len(clip) for clip in clips),
            "by clip": [round(float(np.mean(row[kind])), 4) if row[kind] else None for row in rows],
        }
    late = [np.mean(row[0][-(len(row[0]) // 5) :]) for row in rows]
    return found | {"late": round(float(np.mean(late)), 4)}


def told(run: Path) -> dict:
    "Each stage of a training: how long it took, and its validations."
    found = {}
    for folder in (run / "base", run / "adapters"):
        rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        steps = [row for row in rows if "loss" in row]
        config = json.loads((folder / "config.json").read_text())
        found[folder.name] = {
            "steps": len(steps),
            "minutes": steps[-1]["minutes"],
            "batch": config["batch"],
            "frames": config["frames"],
            "rate": config["rate"],
            "validation": [{"step": row["step"]} | row["validation"] for row in rows if "validation" in row],
        }
    return found


def main() -> None:
    options = arguments()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 2)))
    cv2.setNumThreads(1)
    predictor = AmodalPredictor.from_pretrained(options.model)
    synthetic, occluders = synthetic_clips(options.data, options)
    sets = {"synthetic": synthetic, "davis": davis_clips(options.data, occluders, options)}
    table = {}
    if options.trials:
        tried = memory_trials(options.video) if options.video else trials(predictor)
    else:
        tried = systems(predictor) | (remembering(options.video) if options.video else {})
    for name, follow in tried.items():
        for kind, clips in sets.items():
            rows = [scored(clip, follow(clip)) for clip in tqdm(clips, desc=f"{name}, {kind}", disable=None)]
            table.setdefault(name, {})[kind] = part = summary(rows)
            figures = (f"{part[key]['frames']:.3f} {part[key]['clips']:.3f}" for key in ("whole", "hidden"))
            print(f"{name:42s} {kind:10s}", *figures, f"late {part['late']:.3f}", part["clips"], flush=True)
    about = {name: getattr(options, name) for name in ("half", "frames", "seed")}
    files = {name: weights_path(name) for name in (options.model, options.video) if name}
    prints = {name: fingerprint(Path(file)) for name, file in files.items()}
    runs = {run.name: told(run) for run in options.run}
    result = about | {"sha256": prints, "runs": runs, "answers": table}
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
