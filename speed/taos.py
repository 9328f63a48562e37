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

Then two workers against one (time on the clock, without the start of the processes), the memory of a
worker over many samples, and its memory for one tar as large as SA-1B's: --pictures pictures with --masks
masks each, of which there are a hundred different ones; each is of --original pixels.

The photographs are crops of those that come with scikit-image, enlarged to --original pixels (as many as
--side, if left out; SA-1B's have about 2250) and shrunk to
--side by the factory and by the floor alike, with outlined objects; --source takes a COCO file, a tar of
SA-1B or a folder of your own.

    python speed/taos.py [--side PIXELS] [--composites N] [--rounds N] [--samples N] [--source PATH]
    [--cache MEGABYTES] [--original PIXELS] [--pictures N] [--masks N]
    [--only speed|workers|memory|tar] [--json FILE]
"""

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tarfile
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


def lobed_mask(shape: tuple[int, int], draw: np.random.Generator) -> np.ndarray:
    "A mask with a wavy outline, of any size between a 70th and a third of the picture's height."
    radius = shape[0] * np.exp(draw.uniform(np.log(1 / 140), np.log(1 / 6)))
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    waves = sum(draw.normal(0, 0.12) * np.sin(turns * angles + draw.uniform(0, 7)) for turns in (2, 3, 5, 9))
    middle = draw.uniform(0, 1, 2) * shape[::-1]
    outline = middle + radius * (1 + waves)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return cv2.fillPoly(np.zeros(shape, np.uint8), [np.rint(outline).astype(np.int32)], 1) > 0


def scene_files(given, draw: np.random.Generator) -> tuple[bytes, list[dict]]:
    "A picture, and its annotations in the form of SA-1B's."
    from amodal_sam.rle import encode_rle

    size = given.original, 2 * given.original // 3
    photo = cv2.resize(data.coffee(), size, interpolation=cv2.INTER_CUBIC)
    known, packed = [], io.BytesIO()
    for number in range(given.masks):
        mask = lobed_mask(photo.shape[:2], draw)
        if mask.any():
            scores = {"predicted_iou": 0.97, "stability_score": 0.98}
            known.append({"id": number, "segmentation": encode_rle(mask)} | scores)
    Image.fromarray(photo).save(packed, "JPEG", quality=80)
    return packed.getvalue(), known


def write_tar(path: Path, given) -> None:
    "A tar in SA-1B's layout."
    draw = np.random.default_rng(0)
    scenes = [scene_files(given, draw) for _ in range(min(100, given.pictures))]
    high, wide = 2 * given.original // 3, given.original
    with tarfile.open(path, "w") as archive:
        for number in range(given.pictures):
            packed, known = scenes[number % len(scenes)]
            about = {"image_id": number, "width": wide, "height": high, "file_name": f"sa_{number}.jpg"}
            content = json.dumps({"image": about, "annotations": known}).encode()
            for name, file in ((f"sa_{number}.jpg", packed), (f"sa_{number}.json", content)):
                entry = tarfile.TarInfo(name)
                entry.size = len(file)
                archive.addfile(entry, io.BytesIO(file))


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


def spent() -> float:
    "Processor time of all processes that were started here and have ended, seconds."
    times = os.times()
    return times.children_user + times.children_system


def run(source: Path, given, **settings) -> tuple[float, float, list[str]]:
    "A build in a fresh process; time on the clock and of processors, and what it printed."
    with tempfile.TemporaryDirectory() as folder:
        words = json.dumps([str(source), folder, given.side, settings])
        start, before = time.perf_counter(), spent()
        done = subprocess.run(
            [sys.executable, __file__, "--inside", words], capture_output=True, text=True, check=True
        )
        return time.perf_counter() - start, spent() - before, done.stdout.split()


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


def rate(source: Path, given, count: int) -> tuple[float, float]:
    """Samples a second, from the difference between a long and a short run, nan if it drowns in the noise;
    and the processor time of a sample, ms, which other programs disturb little."""
    short, long = (
        run(source, given, count=number, shard_size=given.composites // 4, workers=count)
        for number in (given.composites, 3 * given.composites)
    )
    samples = 2 * given.composites
    rate = samples / (long[0] - short[0]) if long[0] > 1.2 * short[0] else float("nan")
    return rate, 1000 * (long[1] - short[1]) / samples


def workers(source: Path, given) -> dict:
    "Samples a second by one worker and by two, in turns; the ratio is the median over the pairs."
    taken = [(rate(source, given, 1), rate(source, given, 2)) for _ in range(given.rounds)]
    pairs = [(one[0], two[0]) for one, two in taken]
    costs = [statistics.median(pair[count][1] for pair in taken) for count in (0, 1)]
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
        f"{len(known)} of {len(pairs)} pairs; {os.cpu_count()} cores; a sample takes {costs[0]:.1f} ms of "
        f"processor with one, {costs[1]:.1f} with two",
        flush=True,
    )
    return {"1": one, "2": two, "ratio": ratio, "processor ms": costs}


def memory(source: Path, given) -> dict:
    "The memory of a worker after each tenth of the samples."
    megabytes = [
        float(word) for word in run(source, given, count=given.samples, shard_size=given.samples // 10)[2]
    ]
    print(
        f"memory of a worker over {given.samples} samples: {' '.join(f'{one:.0f}' for one in megabytes)} MB",
        flush=True,
    )
    return {"megabytes": megabytes}


def tar(source: Path, given) -> dict:
    "The most memory of a worker that makes one shard of one large tar, and what it read."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sa_000000.tar"
        write_tar(path, given)
        words = [sys.executable, __file__, "--read", str(path), "--side", str(given.side)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout) | {"bytes": path.stat().st_size}
    print(
        f"a tar of {found['bytes'] / 2**30:.2f} GiB, {given.pictures} pictures of {given.masks} masks: "
        f"{found['objects']} objects in {found['seconds']:.0f} s of processor; memory before "
        f"{found['before']:.0f} MB, most while reading {found['read']:.0f} MB, most over "
        f"{found['samples']} samples {found['made']:.0f} MB",
        flush=True,
    )
    return found


def most_memory() -> float:
    "The most that this process ever held, MB."
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    return int(line.split()[1]) / 1024


def read_tar(path: Path, side: int) -> None:
    "What `tar` runs: read a tar, then make a shard of it, and say what that took."
    from amodal_sam.synthesis.factory import build_shards
    from amodal_sam.synthesis.judge import RuleJudge
    from amodal_sam.synthesis.sources import open_sources
    from amodal_sam.synthesis.taos import TaosConfig

    cv2.setNumThreads(1)
    found, clock = {"before": most_memory()}, time.process_time()
    (source,) = open_sources(path)
    things = source.objects(lambda member, reason: None)
    found |= {"seconds": time.process_time() - clock, "objects": len(things), "read": most_memory()}
    known = Read(source.name, source.kind, things)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"judge": RuleJudge(), "config": TaosConfig(longest_side=side)}
        index = build_shards([known], Path(folder), count=100, **settings)
    print(json.dumps(found | {"samples": index["samples"], "made": most_memory()}))


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
        "pictures": 11186,
        "masks": 86,
    }.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--only", choices=("speed", "workers", "memory", "tar"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        return read_tar(given.read, given.side)
    if given.inside:
        return inside(*json.loads(given.inside))
    from amodal_sam.synthesis.sources import open_sources

    with tempfile.TemporaryDirectory() as folder:
        source = given.source or write_photographs(Path(folder), given.original or given.side)
        measured = {
            name: measure(open_sources(source) if name == "speed" else source, given)
            for name, measure in (("speed", speed), ("workers", workers), ("memory", memory), ("tar", tar))
            if given.only in (None, name)
        }
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
