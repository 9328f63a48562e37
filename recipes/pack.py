"""Make a small pack of training data that travels: pictures as JPEG of at most so many pixels, masks as codes

    python recipes/pack.py --data PHOTOGRAPHS CUTOUTS --amodal SCENES/scenes.json --out PACK

Each folder of --data becomes a folder of the pack under its own name: COCO files with their pictures are
reduced, folders of cut-outs are copied. Each file of --amodal becomes a folder with that file and its
pictures. What `amodal-sam train` reads of the originals it reads of the pack. Prints the size in the end.
"""

import argparse
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from amodal_sam.benchmarks.formats import annotated_mask
from amodal_sam.files import json_text
from amodal_sam.rle import encode_rle

MASKS = ("segmentation", "amodal_segmentation", "visible_mask")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="folders, as `train` takes them")
    parser.add_argument("--amodal", type=Path, nargs="+", default=[], help="COCO files with whole masks")
    parser.add_argument("--side", type=int, default=224, help="longest side of a picture, pixels")
    parser.add_argument("--quality", type=int, default=75, help="of the JPEG files")
    parser.add_argument("--out", type=Path, required=True, help="a folder that is not there yet")
    return parser.parse_args()


def picture(source: Path, target: Path, side: int, quality: int) -> tuple[tuple[int, int], tuple[int, int]]:
    "Write a reduced copy; height and width before and after."
    image = cv2.imread(str(source))
    if image is None:
        raise SystemExit(f"{source} is no picture that can be read")
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    target.parent.mkdir(parents=True, exist_ok=True)
    small = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(target), small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return (height, width), size


def coco(path: Path, out: Path, side: int, quality: int) -> None:
    "A COCO file and its pictures, reduced."
    content, sizes = json.loads(path.read_text(encoding="utf-8-sig")), {}
    for image in tqdm(content["images"], desc=path.name):
        name = Path(image["file_name"].replace("\\", "/")).with_suffix(".jpg").as_posix()
        sizes[image["id"]] = picture(path.parent / image["file_name"], out / name, side, quality)
        _, (image["height"], image["width"]) = sizes[image["id"]]
        image["file_name"] = name
    for annotation in content["annotations"]:
        before, after = sizes[annotation["image_id"]]
        for name in MASKS:
            if annotation.get(name):
                mask = annotated_mask(annotation[name], before).astype(np.float32)
                small = cv2.resize(mask, after[::-1], interpolation=cv2.INTER_AREA) > 0.5
                annotation[name] = encode_rle(small)
        for stale in ("bbox", "area", "amodal_bbox", "amodal_area"):
            annotation.pop(stale, None)
    (out / path.name).write_text(json_text(content) + "\n")


def main() -> None:
    options = arguments()
    options.out.mkdir(parents=True)
    for folder in options.data:
        files = sorted(folder.glob("*.json"))
        files = [file for file in files if "annotations" in json.loads(file.read_text(encoding="utf-8-sig"))]
        if not files:
            shutil.copytree(folder, options.out / folder.name)
        for file in files:
            (options.out / folder.name).mkdir(exist_ok=True)
            coco(file, options.out / folder.name, options.side, options.quality)
    for file in options.amodal:
        (options.out / file.parent.name).mkdir(exist_ok=True)
        coco(file, options.out / file.parent.name, options.side, options.quality)
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    print(f"{options.out}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
