"""Make the small video model from photographs with masks and cut-outs: first a small SAM-2, then its
adapters.

    python recipes/train_tiny_video.py --data DIR --data DIR --out RUN --minutes 240

Started again with the same words, it goes on where it stopped; the trained file is
RUN/tiny-video.safetensors.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import torch

from amodal_sam.synthesis.sources import read_objects
from amodal_sam.video.clip_training import TinyVideoRecipe, train_tiny_video


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        help="folder of photographs with masks or of cut-outs; may be given several times",
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="for both stages")
    parser.add_argument("--share", type=float, help="of the minutes that the first stage gets")
    parser.add_argument(
        "--start", default="tiny", help="image model that sees, or a video model's file to go on from"
    )
    parser.add_argument("--batch", type=int, help="clips a step; pictures are taken in proportion")
    parser.add_argument("--every", type=int, help="steps between validations and checkpoints")
    parser.add_argument("--workers", type=int, default=0, help="processes that make examples")
    parser.add_argument("--threads", type=int, default=1, help="of the processor, for the network")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    recipe, changes = TinyVideoRecipe(), {}
    if options.batch:
        changes |= {"batch": options.batch, "picture_batch": 2 * options.batch}
    if options.every:
        changes["every"] = options.every
    if options.share is not None:
        recipe = replace(recipe, base_share=options.share)
    recipe = replace(
        recipe,
        base_stage=replace(recipe.base_stage, **changes),
        adapter_stage=replace(recipe.adapter_stage, **changes),
    )
    objects = [thing for folder in options.data for thing in read_objects(folder)]
    print(
        train_tiny_video(
            objects,
            options.out,
            minutes=options.minutes,
            start=options.start,
            recipe=recipe,
            workers=options.workers,
            device=options.device,
            quiet=not sys.stderr.isatty(),
        )
    )


if __name__ == "__main__":
    main()
