"""How fast does the data factory work, beside what it cannot do without?

The floor is the work that any such factory has: decode the two JPEG files of a pair and encode the two of a
sample. The factory does that, and synthesis, masks, judging and the tar besides; half of its occlusions
have two occluders, so that it decodes two and a half pictures for a composite, and it is measured with one
occluder as well, and no judge, which is like with like. Both work in one process on one thread, in turns,
on the same photographs; the numbers are medians over the rounds, as processor time (which other programs on
the machine disturb little) and as time on the clock. A composite is a candidate that was judged, whether it
was accepted or not. Decoded pictures are not kept between composites unless --cache says so, for in a pile
of millions the next pair is hardly ever in memory. Annotations are read before, and their time is printed
beside: it is spent once for a source, however many samples are made of it.

Then two workers against one (time on the clock, without the start of the processes), and the memory of a
worker over many samples.

The photographs are crops of those that come with scikit-image, enlarged to --original pixels (as many as
--side, if left out; SA-1B's have about 2250) and shrunk to
--side by the factory and by the floor alike, with outlined objects; --source takes a COCO file, a tar of
SA-1B or a folder of your own.

    python speed/taos.py [--side PIXELS] [--composites N] [--rounds N] [--samples N] [--source PATH]
    [--cache MEGABYTES] [--original PIXELS] [--only speed|workers|memory] [--json FILE]
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

OUTLINES = {  # x and y of each corner in turn
    "coffee": [
        77,
        222,
        86,
        160,
        121,
        106,
        174,
        72,
        205,
        44,
        250,
        22,
        310,
        20,
        365,
        41,
        397,
        71,
        424,
        76,
        417,
        104,
        448,
        140,
        474,
        195,
        477,
        250,
        452,
        310,
        400,
        358,
        330,
        386,
        250,
        387,
        175,
        365,
        118,
        324,
        83,
        262,
    ],
    "rocket": [
        322,
        127,
        328,
        133,
        333,
        145,
        333,
        176,
        331,
        180,
        331,
        407,
        312,
        407,
        312,
        180,
        311,
        176,
        311,
        145,
        316,
        133,
    ],
    "astronaut": [
        45,
        511,
        22,
        420,
        33,
        305,
        65,
        245,
        113,
        205,
        155,
        150,
        183,
        148,
        160,
        110,
        160,
        58,
        205,
        22,
        265,
        24,
        301,
        80,
        294,
        115,
        257,
        160,
        285,
        192,
        303,
        232,
        350,
        285,
        362,
        347,
        400,
        343,
        490,
        408,
        511,
        511,
    ],
}


def write_photographs(folder: Path, side: int, number: int = 48) -> Path:
    "A COCO file of crops with that longer side, each with one outlined object."
    from amodal_sam.rle import encode_rle

    draw, images, annotations = random.Random(0), [], []
    for index in range(number):
        name = list(OUTLINES)[index % len(OUTLINES)]
        photo = getattr(data, name)()
        mask = cv2.fillPoly(np.zeros(photo.shape[:2], np.uint8), [np.reshape(OUTLINES[name], (-1, 2))], 1)
        left, top = (
            draw.randint(0, max(0, int(edge) - 3))
            for edge in (min(OUTLINES[name][::2]), min(OUTLINES[name][1::2]))
        )
        photo, mask = photo[top:, left:], mask[top:, left:]
        size = [round(length * side / max(mask.shape)) for length in mask.shape[::-1]]
        photo, mask = (
            cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC),
            cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) > 0,
        )
        if draw.random() < 0.5:
            photo, mask = photo[:, ::-1], mask[:, ::-1]
        Image.fromarray(photo).save(folder / f"{index}.jpg", quality=92)
        images.append({"id": index, "file_name": f"{index}.jpg"})
        annotations.append(
            {"id": index, "image_id": index, "segmentation": encode_rle(np.ascontiguousarray(mask))}
        )
    (folder / "crops.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return folder / "crops.json"


@dataclass(frozen=True)
class Read:
    "A source whose annotations are read already."

    name: str
    kind: str
    things: list

    def objects(self, report=None):
        return self.things

    def survey(self):
        from amodal_sam.synthesis.sources import Survey

        return Survey(len({thing.image_id for thing in self.things}), self.name)


def floor(sources: list, composites: int, side: int, seed: int) -> tuple[float, float]:
    "Decode two pictures and encode two, and nothing else."
    from amodal_sam.synthesis.objects import shrunk

    things, draw = [thing for source in sources for thing in source.objects()], random.Random(seed)
    clock = time.process_time(), time.perf_counter()
    for _ in range(composites):
        pictures = [shrunk(thing, side / max(thing.size)).load_image() for thing in draw.sample(things, 2)]
        for picture in pictures:
            cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])[
                1
            ].tobytes()
    return time.process_time() - clock[0], time.perf_counter() - clock[1]


def factory(
    sources: list, composites: int, side: int, seed: int, judge, occluders: tuple[int, int] = (1, 2)
) -> tuple[float, float, int]:
    "Make shards; processor time, time on the clock, and candidates."
    from amodal_sam.synthesis.factory import build_shards
    from amodal_sam.synthesis.taos import TaosConfig

    with tempfile.TemporaryDirectory() as folder:
        clock = time.process_time(), time.perf_counter()
        index = build_shards(
            sources,
            Path(folder),
            judge=judge,
            count=composites,
            seed=seed,
            config=TaosConfig(longest_side=side, occluders=occluders),
        )
        return time.process_time() - clock[0], time.perf_counter() - clock[1], sum(index["verdicts"].values())


def speed(sources: list, given) -> dict:
    "Milliseconds a composite, factory and floor in turns."
    from amodal_sam.synthesis.judge import NoJudge, RuleJudge
    from amodal_sam.synthesis.objects import limit_cache

    limit_cache(given.cache)
    cv2.setNumThreads(1)
    clock = time.process_time()
    sources = [Read(source.name, source.kind, source.objects()) for source in sources]
    pictures = len({thing.image_id for source in sources for thing in source.things})
    print(
        f"reading the annotations: {1000 * (time.process_time() - clock) / pictures:.1f} ms of processor "
        f"for each of {pictures} pictures, once for each source",
        flush=True,
    )
    ways = {
        "one occluder": (NoJudge(), (1, 1)),
        "no judge": (NoJudge(), (1, 2)),
        "rules": (RuleJudge(), (1, 2)),
    }
    rounds = {"floor": []} | {f"factory, {name}": [] for name in ways}
    for number in range(-1, given.rounds):  # the first is for warming up
        taken = {
            "floor": [
                1000 * seconds / given.composites
                for seconds in floor(sources, given.composites, given.side, number + 1)
            ]
        }
        for name, way in ways.items():
            *seconds, candidates = factory(sources, given.composites, given.side, number + 1, *way)
            taken[f"factory, {name}"] = [1000 * one / candidates for one in seconds]
        if number >= 0:
            [rounds[name].append(times) for name, times in taken.items()]
    medians = {name: [statistics.median(times) for times in zip(*taken)] for name, taken in rounds.items()}
    for name, (processor, clock) in medians.items():
        ratios = [
            statistics.median(one[how] / base[how] for one, base in zip(rounds[name], rounds["floor"]))
            for how in (0, 1)
        ]
        print(
            f"{name:21} {processor:6.1f} ms of processor, {clock:6.1f} ms on the clock; "
            f"{1000 / processor:5.1f} composites a second and core; {ratios[0]:.2f} times the floor "
            f"({ratios[1]:.2f} on the clock)",
            flush=True,
        )
        medians[name] = {
            "processor ms": processor,
            "clock ms": clock,
            "ratio of processor time": ratios[0],
            "ratio on the clock": ratios[1],
        }
    return medians


def _report_memory(line: str) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    if " samples of " in line:
        print(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, flush=True)


def run(source: Path, given, **settings) -> tuple[float, list[str]]:
    "A build in a fresh process; time on the clock, and what it printed."
    with tempfile.TemporaryDirectory() as folder:
        words = json.dumps([str(source), folder, given.side, settings])
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, __file__, "--inside", words], capture_output=True, text=True, check=True
        )
        return time.perf_counter() - start, done.stdout.split()


def inside(source: str, folder: str, side: int, settings: dict) -> None:
    "What `run` runs."
    from amodal_sam.synthesis.judge import RuleJudge
    from amodal_sam.synthesis.factory import build_shards
    from amodal_sam.synthesis.sources import open_sources
    from amodal_sam.synthesis.taos import TaosConfig

    cv2.setNumThreads(1)
    build_shards(
        open_sources(Path(source)),
        Path(folder),
        judge=RuleJudge(),
        config=TaosConfig(longest_side=side),
        log=_report_memory,
        **settings,
    )


def rate(source: Path, given, count: int) -> float:
    "Samples a second, from the difference between a long and a short run; nan if it drowns in the noise."
    short, long = (
        run(source, given, count=number, shard_size=given.composites // 4, workers=count)[0]
        for number in (given.composites, 3 * given.composites)
    )
    return 2 * given.composites / (long - short) if long > 1.2 * short else float("nan")


def workers(source: Path, given) -> dict:
    "Samples a second by one worker and by two, in turns; the ratio is the median over the pairs."
    pairs = [(rate(source, given, 1), rate(source, given, 2)) for _ in range(given.rounds)]
    known = [pair for pair in pairs if not np.isnan(pair).any()]
    if 2 * len(known) <= len(pairs):
        print(
            f"two workers: not measured, {len(pairs) - len(known)} of {len(pairs)} pairs were too short "
            "to tell: give more --composites",
            flush=True,
        )
        return {"not measured": len(pairs) - len(known)}
    one, two = (statistics.median(column) for column in zip(*known))
    ratio = statistics.median(two / one for one, two in known)
    print(
        f"one worker {one:.1f} samples a second, two {two:.1f}: {ratio:.2f} times, "
        f"{len(known)} of {len(pairs)} pairs; {os.cpu_count()} cores",
        flush=True,
    )
    return {"1": one, "2": two, "ratio": ratio}


def memory(source: Path, given) -> dict:
    "The memory of a worker after each tenth of the samples."
    megabytes = [
        float(word) for word in run(source, given, count=given.samples, shard_size=given.samples // 10)[1]
    ]
    print(
        f"memory of a worker over {given.samples} samples: {' '.join(f'{one:.0f}' for one in megabytes)} MB",
        flush=True,
    )
    return {"megabytes": megabytes}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in {
        "side": 1024,
        "composites": 48,
        "rounds": 5,
        "samples": 2000,
        "cache": 0,
        "original": 1800,
    }.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--only", choices=("speed", "workers", "memory"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return inside(*json.loads(given.inside))
    from amodal_sam.synthesis.sources import open_sources

    with tempfile.TemporaryDirectory() as folder:
        source = given.source or write_photographs(Path(folder), given.original or given.side)
        measured = {
            name: measure(open_sources(source) if name == "speed" else source, given)
            for name, measure in (("speed", speed), ("workers", workers), ("memory", memory))
            if given.only in (None, name)
        }
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
