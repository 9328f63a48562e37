"""How long does a frame of a clip take, by the number of objects, and how does memory grow with the clip?

The packaged video model, the packaged image model frame by frame, and, with one set of random weights of the
size --size, this package's video predictor and SAM-2's own: each follows 1, 2, 4 and 8 objects through the
same frames, in turns. Prints medians of milliseconds per frame; the last column is this package's predictor
with adapters (two answers for each object, whole and visible) as a multiple of SAM-2's own (one).

    python speed/video.py [--size sam2.1-t] [--frames N] [--rounds N] [--threads N]

With --memory LENGTH LENGTH ... it measures memory instead, on Linux: what a process has after a run through
a clip of that length, MiB, each run in a process of its own, by the packaged model, and by both predictors
with the size --size.

    python speed/video.py --memory 200 2000 --size micro-video

--out FILE adds what was measured to a file of JSON.
"""

import argparse
import copy
import importlib
import json
import logging
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from tqdm import tqdm

from amodal_sam import AmodalPredictor
from amodal_sam.modeling.amodal_sam2 import AmodalSam2, VideoConfig
from amodal_sam.modeling.sam2 import build_sam2, sam2_settings
from amodal_sam.toy import toy_clip
from amodal_sam.video.frame_by_frame import FrameByFrame
from amodal_sam.video.predictor import AmodalVideoPredictor

COUNTS = (1, 2, 4, 8)
SIDE = 480  # of the frames, pixels


class Stock:
    "SAM-2's own video predictor with given weights, shown frames that are in memory."

    def __init__(self, base: torch.nn.Module, name: str):
        settings = sam2_settings(name)
        settings["_target_"] = "sam2.sam2_video_predictor.SAM2VideoPredictor"
        self.predictor = importlib.import_module("hydra.utils").instantiate(settings, _recursive_=True).eval()
        self.predictor.load_state_dict(base.state_dict())

    def init_state(self, frames: list[np.ndarray]) -> dict:
        "All frames as the network sees them, as SAM-2 loads them from files."
        size = self.predictor.image_size
        seen = torch.zeros(len(frames), 3, size, size)
        for number, frame in enumerate(frames):
            image = torch.from_numpy(frame).permute(2, 0, 1)[None] / 255
            seen[number] = torch.nn.functional.interpolate(image, size=(size, size))[0]
        loaded = (seen, SIDE, SIDE)
        with mock.patch("sam2.sam2_video_predictor.load_video_frames", return_value=loaded):
            return self.predictor.init_state("clip")

    def add_new_points_or_box(self, state: dict, frame: int, name: object, box: np.ndarray) -> None:
        "Show an object."
        self.predictor.add_new_points_or_box(state, frame, name, box=box)

    def propagate_in_video(self, state: dict) -> Iterator[tuple]:
        "Run through the clip, silently."
        with mock.patch("sam2.sam2_video_predictor.tqdm", lambda order, **_: order):
            yield from self.predictor.propagate_in_video(state)


def followers(size: str) -> dict:
    "What is measured, by name."
    torch.manual_seed(0)
    base = build_sam2(size)
    adapted = AmodalSam2(copy.deepcopy(base), VideoConfig(base=size))
    return {
        "tiny-video": AmodalVideoPredictor.from_pretrained("tiny-video"),
        "tiny, frame by frame": FrameByFrame(AmodalPredictor.from_pretrained("tiny")),
        f"{size}, adapters": AmodalVideoPredictor(adapted),
        f"{size}, SAM-2's own": Stock(base, size),
    }


def frames_of(count: int) -> list[np.ndarray]:
    "A toy clip, run through to and fro."
    clip = [sample.image for sample in toy_clip(1, frames=12, size=SIDE)]
    return [clip[min(number % 22, 22 - number % 22)] for number in range(count)]


def shown(follower: object, frames: list[np.ndarray], count: int) -> object:
    "A state with so many objects in the first frame."
    state = follower.init_state(frames)
    for number in range(count):
        left, top = 40 * (number % 4), 180 * (number // 4)
        box = np.float32([left, top, left + 200, top + 200])
        follower.add_new_points_or_box(state, 0, number, box=box)
    return state


@torch.inference_mode()
def milliseconds(follower: object, frames: list[np.ndarray], count: int) -> list[float]:
    "Of each frame after the first."
    times, before = [], None
    for _ in follower.propagate_in_video(shown(follower, frames, count)):
        now = time.perf_counter()
        if before is not None:
            times.append(1000 * (now - before))
        before = now
    return times


def keep(options: argparse.Namespace, name: str, rows: dict) -> None:
    "Add a table to the file."
    if options.out:
        kept = json.loads(options.out.read_text()) if options.out.exists() else {}
        kept[name] = {"size": options.size, "threads": options.threads, "rows": rows}
        options.out.write_text(json.dumps(kept, indent=1) + "\n")


def time_frames(options: argparse.Namespace) -> None:
    "Print the table of times."
    measured, frames = followers(options.size), frames_of(options.frames)
    taken = {(count, name): [] for count in COUNTS for name in measured}
    for _ in tqdm(range(options.rounds), desc="rounds", disable=None):
        for (count, name), times in taken.items():
            times += milliseconds(measured[name], frames, count)
    print("objects", *(f"{name:>22}" for name in measured), "   ratio")
    rows = {}
    for count in COUNTS:
        medians = [statistics.median(taken[count, name]) for name in measured]
        rows[count] = dict(zip(measured, (round(value, 1) for value in medians)))
        ratio = medians[-2] / medians[-1]
        print(f"{count:7}", *(f"{value:22.0f}" for value in medians), f"{ratio:8.2f}")
    keep(options, "milliseconds", rows)


def resident(name: str, size: str, length: int) -> None:
    "Run through a clip and print the memory that this process has then, MiB."
    follower, frames = followers(size)[name], frames_of(length)
    with torch.inference_mode():
        state = shown(follower, frames, 1)
        for _ in follower.propagate_in_video(state):
            pass
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        print(pages * resource.getpagesize() / 2**20)


def measure_memory(options: argparse.Namespace) -> None:
    "Print the table of memory."
    names = [name for name in followers(options.size) if "frame by frame" not in name]
    print("frames ", *(f"{name:>24}" for name in names))
    rows = {}
    for length in options.memory:
        found = []
        for name in names:
            words = [sys.executable, __file__, "--one", name, "--size", options.size]
            words += ["--threads", str(options.threads), "--memory", str(length)]
            found.append(float(subprocess.run(words, check=True, capture_output=True, text=True).stdout))
        print(f"{length:7}", *(f"{value:24.0f}" for value in found), flush=True)
        rows[length] = dict(zip(names, (round(value, 1) for value in found)))
    keep(options, "MiB", rows)


def main() -> None:
    "Measure, then print."
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", default="sam2.1-t", help="of the SAM-2 with random weights (sam2.1-t)")
    parser.add_argument("--frames", type=int, default=8, help="of a clip (8)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind (3)")
    parser.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    parser.add_argument("--memory", type=int, nargs="+", metavar="LENGTH", help="measure memory instead")
    parser.add_argument("--out", type=Path, help="file of JSON to add to")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.disable(logging.CRITICAL)
    if options.one:
        resident(options.one, options.size, options.memory[0])
    elif options.memory:
        measure_memory(options)
    else:
        time_frames(options)


if __name__ == "__main__":
    main()
