"""Train `tiny` on a GPU for some minutes from a pack of `pack.py`; see `gpu_tiny.sh`, which calls it.

    python recipes/gpu_tiny.py --pack PACK --out RUN --minutes 9 --start amodal_sam/weights/tiny.safetensors

The settings are those of the recipe (notebook `44_recipe`) with larger batches and with processes that make
the examples. The same words go on with a run that was stopped. RUN/tiny.safetensors and RUN/summary.json are
what is worth keeping.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.data import ConcatDataset

from amodal_sam.benchmarks.registry import open_benchmark
from amodal_sam.synthesis.objects import limit_cache
from amodal_sam.synthesis.sources import read_objects
from amodal_sam.training.recipe import TinyRecipe, imagenet_trunk, train_tiny


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--start", type=Path, help="weights to go on from; else ImageNet's")
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--workers", type=int, default=14)
    return parser.parse_args()


def settings(batch: int, workers: int) -> TinyRecipe:
    "The recipe with larger batches; the rate grows with the root of the batch."
    recipe, found = TinyRecipe(), {}
    for name in ("base_stage", "adapter_stage"):
        stage = getattr(recipe, name)
        rate = stage.rate * (batch / stage.batch) ** 0.5
        found[name] = replace(stage, batch=batch, workers=workers, rate=rate)
    return replace(recipe, **found)


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    limit_cache(4000)
    objects, scenes = [], []
    for folder in sorted(path for path in options.pack.iterdir() if path.is_dir()):
        if folder.name.startswith("scenes"):
            file = next(folder.glob("*.json"))
            scenes.append(open_benchmark("coco", folder, split="train", annotations=file))
        else:
            objects += read_objects(folder)
    print(f"{len(objects)} objects, {sum(map(len, scenes))} objects of scenes", flush=True)
    how = {"start": options.start} if options.start else {"trunk": imagenet_trunk()}
    how |= {"naturals": ConcatDataset(scenes) if scenes else [], "quiet": True}
    recipe = settings(options.batch, options.workers)
    print(train_tiny(objects, options.out, minutes=options.minutes, recipe=recipe, **how))


if __name__ == "__main__":
    main()
