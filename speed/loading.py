"""How long does it take to open annotations as large as those of KINS, and how much memory?

Writes a file with as many pictures and objects as KINS has, in its format of 2020 (polygons for the whole
and for the visible part), into a temporary folder, and opens it in a fresh process each time: by
`open_benchmark`, and by plain `json.load`, in turns. Prints seconds and peak memory of each run and the
medians; the memory that the imports alone take (PyTorch among them) is printed beside the peak, which
includes it.

    python speed/loading.py [--pictures N] [--objects N] [--corners N] [--rounds N] [--json FILE]
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAME = "update_test_2020.json"
LIMIT_SECONDS, LIMIT_MEGABYTES = 20, 2000


def write(root: Path, pictures: int, objects: int, corners: int) -> int:
    "A file of random polygons in the format of KINS; returns its size in bytes."
    draw, path = random.Random(0), root / NAME
    with open(path, "w", encoding="ascii") as file:
        images = [
            {"id": number, "file_name": f"{number:06d}.png", "width": 1242, "height": 375}
            for number in range(pictures)
        ]
        file.write(
            '{"images": '
            + json.dumps(images)
            + ', "categories": [{"id": 4, "name": "car", "supercategory": "vehicles"}], "annotations": ['
        )
        for number in range(objects):
            polygons = [
                [
                    round(draw.uniform(0, 1242 if place % 2 == 0 else 375), 2)
                    for place in range(2 * draw.randint(corners // 2, corners * 3 // 2))
                ]
                for _ in range(2)
            ]
            record = {
                "id": number,
                "image_id": number * pictures // objects,
                "category_id": 4,
                "iscrowd": 0,
                "a_segm": [polygons[0]],
                "i_segm": [polygons[1]],
                "a_bbox": [1, 2, 30, 40],
                "i_bbox": [1, 2, 30, 20],
                "a_area": 1200,
                "i_area": 600,
                "oco_id": number % 7,
                "ico_id": number % 3,
            }
            file.write((", " if number else "") + json.dumps(record))
        file.write("]}")
    return path.stat().st_size


def megabytes() -> float:
    "The most memory that this process has held so far."
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform != "darwin" else 1024**2
    )


def measure(way: str, root: Path):
    "Open the file in this process and print what it took."
    found = {}
    if way == "open_benchmark":
        from amodal_sam.benchmarks.registry import open_benchmark

        before, start = megabytes(), time.perf_counter()
        benchmark = open_benchmark("kins", root, "test")
        found["seconds"], found["objects"] = time.perf_counter() - start, len(benchmark)
        found["megabytes"] = megabytes()
        start = time.perf_counter()
        for index in range(0, len(benchmark), max(1, len(benchmark) // 200)):
            benchmark.read(benchmark.entries[index])
        found["milliseconds for a sample"] = (
            1000
            * (time.perf_counter() - start)
            / len(range(0, len(benchmark), max(1, len(benchmark) // 200)))
        )
    else:
        before, start = megabytes(), time.perf_counter()
        with open(root / NAME, encoding="utf-8") as file:
            content = json.load(file)
        found |= {
            "seconds": time.perf_counter() - start,
            "objects": len(content["annotations"]),
            "megabytes": megabytes(),
        }
    print(json.dumps(found | {"megabytes of imports": before}))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=14991, help="as many as KINS has in both splits")
    parser.add_argument(
        "--objects", type=int, default=190000, help="about as many as KINS has in both splits"
    )
    parser.add_argument(
        "--corners",
        type=int,
        default=60,
        help="corners of a polygon, on average; a guess, not a published number",
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each way, in turns")
    parser.add_argument("--json", type=Path, help="write the results here, too")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        return measure(given.measure[0], Path(given.measure[1]))
    with tempfile.TemporaryDirectory() as folder:
        size = write(Path(folder), given.pictures, given.objects, given.corners)
        print(
            f"{given.pictures:,} pictures, {given.objects:,} objects, {given.corners} corners on "
            f"average: {size / 1e6:.0f} MB"
        )
        runs = {"json.load": [], "open_benchmark": []}
        for number in range(given.rounds):
            for way in runs:
                done = subprocess.run(
                    [sys.executable, __file__, "--measure", way, folder], capture_output=True, text=True
                )
                if done.returncode:
                    sys.exit(done.stderr)
                runs[way].append(json.loads(done.stdout))
                print(
                    f"  {number + 1}. {way}: {runs[way][-1]['seconds']:.1f} s, "
                    f"{runs[way][-1]['megabytes']:,.0f} MB",
                    flush=True,
                )
    medians = {
        way: {key: statistics.median(run[key] for run in group) for key in group[0]}
        for way, group in runs.items()
    }
    for way, median in medians.items():
        print(f"{way}: " + ", ".join(f"{key} {value:,.1f}" for key, value in median.items()))
    if given.json:
        given.json.write_text(json.dumps({"bytes": size, "runs": runs, "medians": medians}, indent=2))
    ours = medians["open_benchmark"]
    kept = ours["seconds"] < LIMIT_SECONDS and ours["megabytes"] < LIMIT_MEGABYTES
    print(f"limits of {LIMIT_SECONDS} s and {LIMIT_MEGABYTES:,} MB: {'kept' if kept else 'NOT kept'}")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
