"""Puts what the page alive needs, and the repository should not hold, into nbs/alive/vendor: the packaged
model as ONNX, the examples, and two files of onnxruntime-web with their licence.

What is up to date stays, so a second run takes a moment; when the packaged weights or the exporter change,
the model is made again. Where npm cannot fetch its package, one line says so and the page does without.

usage: make_alive.py
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.resources import files
from pathlib import Path

from notebooks import NOTEBOOKS, PACKAGE

VENDOR = NOTEBOOKS / "alive" / "vendor"
WEIGHTS = PACKAGE / "weights" / "tiny.safetensors"
EXPORTER = PACKAGE / "exchange" / "onnx.py"
RUNTIME = "onnxruntime-web@1.30.0"
DIGEST = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
LICENCES = {"LICENSE": "LICENSE.txt", "ThirdPartyNotices.txt": "ThirdPartyNotices.txt"}
EXAMPLES = ("hidden-cup.jpg", "cup.jpg", "helmet.jpg")


class Absent(Exception):
    "What the machine lacks."


def wanted() -> dict[str, str]:
    "What the files are to be made of."
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (WEIGHTS, EXPORTER)}
    return {"runtime": RUNTIME} | digests


def made() -> dict[str, str]:
    "What they were made of; nothing where one is missing."
    everything = (*FILES, *LICENCES.values(), *EXAMPLES, "tiny.onnx", "made.json")
    if not all((VENDOR / name).is_file() for name in everything):
        return {}
    return json.loads((VENDOR / "made.json").read_text())


def fetched(folder: Path) -> bytes:
    "The pinned archive of onnxruntime-web."
    if not shutil.which("npm"):
        raise Absent("npm is not installed (Debian: apt-get install npm)")
    asked = ["npm", "pack", "--silent", RUNTIME]
    try:
        done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        raise Absent(f"npm pack {RUNTIME} did not end in two minutes") from None
    if done.returncode:
        raise Absent(f"npm pack {RUNTIME} failed: {' '.join(done.stderr.split())[:200]}")
    return next(folder.glob("*.tgz")).read_bytes()


def add_runtime(folder: Path) -> None:
    "Two files of the archive; its licence and notices, which it lacks, from the Python package beside it."
    if made().get("runtime") == RUNTIME:
        for name in (*FILES, *LICENCES.values()):
            shutil.copy(VENDOR / name, folder)
        return
    with tempfile.TemporaryDirectory() as beside:
        archive = fetched(Path(beside))
        if hashlib.sha512(archive).digest() != base64.b64decode(DIGEST):
            sys.exit(f"{RUNTIME}: the archive is not the one that is pinned")
        with tarfile.open(next(Path(beside).glob("*.tgz"))) as tar:
            for name in FILES:
                (folder / name).write_bytes(tar.extractfile(f"package/dist/{name}").read())
    for name, here in LICENCES.items():
        (folder / here).write_bytes((files("onnxruntime") / name).read_bytes())


def add_model(folder: Path) -> None:
    "The packaged weights as ONNX, by the command that anyone has."
    code = "from amodal_sam.cli.main import app; app()"
    command = [sys.executable, "-c", code, "export", "onnx", "-o", folder / "tiny.onnx"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=PACKAGE.parent)


def add_examples(folder: Path) -> None:
    "Photographs that scikit-image ships, one of them composed."
    from PIL import Image

    from amodal_sam.cli.demo import demo_scenes

    pictures = [Image.fromarray(scene.image) for scene in demo_scenes()]
    pictures.append(Image.open(files("skimage") / "data" / "astronaut.png").convert("RGB"))
    for name, picture in zip(EXAMPLES, pictures):
        picture.save(folder / name, quality=88, optimize=True)


def main():
    if made() == wanted():
        return print("the page alive has its files")
    with tempfile.TemporaryDirectory(prefix="vendor-", dir=VENDOR.parent) as folder:
        folder = Path(folder)
        try:
            add_runtime(folder)
        except Absent as lack:
            return print(f"the page alive goes without its model: {lack}")
        add_model(folder)
        add_examples(folder)
        (folder / "made.json").write_text(json.dumps(wanted(), indent=1))
        shutil.rmtree(VENDOR, ignore_errors=True)
        shutil.copytree(folder, VENDOR)
        VENDOR.chmod(0o755)
    size = sum(path.stat().st_size for path in VENDOR.iterdir())
    print(f"the page alive has its files: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
