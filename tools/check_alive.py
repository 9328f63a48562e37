"""Checks the page alive as a reader uses it, in Chromium and under a sub-path: mouse, finger and keys give
masks, the masks are the Python predictor's, nothing is fetched from elsewhere or too early, the console
stays empty, and the page's model is made of the packaged weights.

usage: check_alive.py [--shots FOLDER]
"""

import functools
import http.server
import io
import json
import re
import shutil
import statistics
import sys
import tempfile
import threading
import traceback
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import numpy as np
from lab import browser, chromium
from make_alive import VENDOR, WEIGHTS
from notebooks import NOTEBOOKS, cells, finish
from PIL import Image

from amodal_sam.files import fingerprint
from amodal_sam.metrics import full_iou
from amodal_sam.predict import AmodalPredictor
from amodal_sam.toy import toy_scene

BASE, ROOT = "/amodal-sam/", "document.querySelector('.alive')"
PHOTOGRAPHS = ("coffee.png", "astronaut.png", "motorcycle_left.png", "chelsea.png", "rocket.jpg")
SAME = 0.999  # IoU of masks that page and predictor agree on, on the average; ties at borders may fall
_PACK = """async box => { const found = await document.querySelector('.alive').alive.complete(box);
    const ones = mask => mask.reduce((all, value, n) => { if (value) all.push(n); return all; }, []);
    return {whole: ones(found.whole), visible: ones(found.visible), hidden: ones(found.hidden),
            score: found.score}; }"""
_DROP = """([selector, bytes]) => { const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], 'a.png', {type: 'image/png'}));
    document.querySelector(selector).dispatchEvent(
        new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})); }"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    "Serves a folder and says nothing."

    def log_message(self, *_):
        pass


@contextmanager
def served(folder: Path):
    "The address of a folder."
    handler = functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def write_site(folder: Path, *, vendor: bool) -> None:
    "The page's own part, without the book around it."
    folder.mkdir(parents=True)
    skip = () if vendor else ("vendor",)
    shutil.copytree(NOTEBOOKS / "alive", folder / "alive", ignore=shutil.ignore_patterns(*skip))
    sources = "\n".join(cell.source for cell in cells(NOTEBOOKS / "alive.ipynb"))
    fragment = re.search(r"^```\{=html\}\n(.*?)^```", sources, re.M | re.S)[1]
    head = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>alive</title><link rel=icon href='data:,'>"
    )
    head += "<meta name=viewport content='width=device-width, initial-scale=1'>"
    (folder / "index.html").write_text(head + fragment, encoding="utf-8")


class Reader:
    "Somebody with the page open, and what the browser noted."

    def __init__(self, chrome, address: str, **screen):
        self.page = chrome.new_context(**{"viewport": {"width": 1280, "height": 900}} | screen).new_page()
        self.requests, self.errors, self.address = [], [], address
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)
        self.page.wait_for_load_state("networkidle")

    @property
    def log(self) -> list[dict]:
        return self.page.evaluate(f"{ROOT}.alive.state.log")

    @property
    def says(self) -> str:
        return self.page.text_content(".says")

    def answered(self, count: int) -> None:
        self.page.wait_for_function(f"{ROOT}.alive.state.log.length >= {count}", timeout=60_000)

    def example(self) -> None:
        before = len(self.log)
        self.page.get_by_role("button", name="Cup behind an astronaut").click()
        self.answered(before + 1)

    def place(self, x: float, y: float) -> tuple[float, float]:
        "A place of the picture, both from 0 to 1, on the screen."
        self.page.locator(".photo").scroll_into_view_if_needed()
        frame = self.page.locator(".photo").bounding_box()
        return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*end), steps=6)
        self.page.mouse.up()

    def opens(self, photo: bytes) -> None:
        "Choose a file, and wait until the page asks for a box."
        self.page.evaluate(f"window.before = {ROOT}.alive.state.photo")
        self.page.set_input_files(
            ".alive input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": photo}
        )
        self.asks()

    def asks(self) -> None:
        self.page.wait_for_function(
            f"{ROOT}.alive.state.photo !== window.before && "
            "document.querySelector('.says').textContent.startsWith('Drag')",
            timeout=60_000,
        )


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def objects(count: int = 30):
    "Pictures with boxes of every size, inside, at the border and beyond a crop's own pixels."
    generator = np.random.default_rng(0)
    folder = files("skimage") / "data"
    pictures = [np.array(Image.open(folder / name).convert("RGB")) for name in PHOTOGRAPHS]
    pictures.append(toy_scene(3, size=128).image)
    for picture in pictures:
        height, width = picture.shape[:2]
        boxes = []
        while len(boxes) < count // len(pictures):
            x0, x1 = sorted(generator.integers(0, width + 1, 2).tolist())
            y0, y1 = sorted(generator.integers(0, height + 1, 2).tolist())
            if min(x1 - x0, y1 - y0) >= 24:
                boxes.append([x0, y0, x1, y1])
        yield picture, boxes


def test_nothing_is_loaded_before(reader: Reader):
    assert not [url for url in reader.requests if "vendor" in url], reader.requests
    assert reader.says == "" and reader.page.get_by_text("it stays on your machine").is_visible()


def test_mouse(reader: Reader) -> str:
    reader.example()
    for step in range(12):
        before = len(reader.log)
        reader.drag((0.29 + 0.004 * step, 0.05), (0.68, 0.77 - 0.004 * step))
        reader.answered(before + 1)
    log = reader.log[-12:]
    assert all(entry["share"] > 5 and 0.3 < entry["score"] <= 1 for entry in log), log
    assert re.match(r"\d+ % of the object is hidden; the model expects an IoU of 0\.\d\d\. ", reader.says)
    assert reader.page.locator(".three canvas").nth(1).is_visible()
    times = {
        name: statistics.median(entry[name] for entry in log) for name in ("total", "crop", "model", "paste")
    }
    parts = ", ".join(f"{name} {value:.0f}" for name, value in times.items() if name != "total")
    return f"mouse-up to masks: {times['total']:.0f} ms, the median of 12 ({parts})"


def test_small_box_is_said(reader: Reader):
    before = len(reader.log)
    reader.drag((0.5, 0.5), (0.505, 0.505))
    reader.page.wait_for_function("document.querySelector('.says').textContent.includes('too small')")
    assert len(reader.log) == before


def test_keys(reader: Reader):
    before, box = len(reader.log), reader.page.evaluate(f"{ROOT}.alive.state.box")
    reader.page.locator(".photo").focus()
    for key in ("ArrowRight", "Shift+ArrowDown"):
        reader.page.keyboard.press(key)
    reader.answered(before + 1)
    moved = reader.page.evaluate(f"{ROOT}.alive.state.box")
    assert [round(one - other) for one, other in zip(moved, box)] == [12, 0, 12, 12], (box, moved)


def test_drop(reader: Reader):
    reader.page.evaluate(f"window.before = {ROOT}.alive.state.photo")
    reader.page.evaluate(_DROP, [".alive .stage", list(png(toy_scene(1).image))])
    reader.asks()
    reader.page.evaluate(_DROP, [".alive .stage", list(b"no picture")])
    reader.page.wait_for_function("document.querySelector('.says').textContent.includes('no photograph')")


def test_masks_are_the_predictors(reader: Reader) -> str:
    predictor, scores = AmodalPredictor.from_pretrained("tiny"), {"whole": [], "visible": [], "hidden": []}
    for picture, boxes in objects():
        predictor.set_image(picture)
        reader.opens(png(picture))
        for box in boxes:
            found, given = predictor.predict(box=np.float32(box)), reader.page.evaluate(_PACK, box)
            assert abs(found.score - given["score"]) < 0.005, (box, found.score, given["score"])
            masks = {"whole": found.amodal, "visible": found.visible, "hidden": found.occluded}
            for name, mask in masks.items():
                painted = np.zeros(mask.size, dtype=bool)
                painted[given[name]] = True
                scores[name].append(full_iou(painted.reshape(mask.shape), mask))
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    assert min(means.values()) >= SAME and min(scores["whole"]) > 0.99, (means, scores)
    said = ", ".join(
        f"{name} {value:.4f} (least {min(scores[name]):.4f})" for name, value in means.items()
    )
    return f"IoU with the predictor, {len(scores['whole'])} objects: {said}"


def test_finger_on_a_phone(reader: Reader):
    reader.example()
    session, before = reader.page.context.new_cdp_session(reader.page), len(reader.log)
    for kind, spot in (("touchStart", (0.3, 0.1)), ("touchMove", (0.5, 0.5)), ("touchEnd", None)):
        x, y = reader.place(*spot) if spot else (0, 0)
        points = [{"x": x, "y": y}] if spot else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    reader.answered(before + 1)
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_missing_files_are_said(reader: Reader):
    reader.page.get_by_role("button", name="Cup in full view").click()
    reader.page.wait_for_function("document.querySelector('.says').textContent.includes('make docs')")
    reader.page.evaluate("document.querySelector('.says').textContent = ''")
    reader.page.set_input_files(
        ".alive input[type=file]",
        {"name": "a.png", "mimeType": "image/png", "buffer": png(toy_scene(1).image)},
    )
    reader.page.wait_for_function("document.querySelector('.says').textContent.includes('make docs')")


DESK = [
    test_nothing_is_loaded_before,
    test_mouse,
    test_small_box_is_said,
    test_keys,
    test_drop,
    test_masks_are_the_predictors,
]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}


def check_weights() -> list[str]:
    "Is the page's model made of the packaged weights?"
    from onnx import load

    about = {one.key: one.value for one in load(VENDOR / "tiny.onnx").metadata_props}
    if json.loads(about["weights"]) == {WEIGHTS.name: fingerprint(WEIGHTS)}:
        return []
    return ["nbs/alive/vendor/tiny.onnx is made of other weights than the packaged: tools/make_alive.py"]


def tried(reader: Reader, tests: list, shots: Path | None, problems: list[str], notes: list[str]) -> None:
    "Run the tests on one page."
    for test in tests:
        try:
            notes.append(test(reader) or f"{test.__name__}: yes")
        except Exception:
            problems.append(f"{test.__name__}: {traceback.format_exc(limit=-2)}")
        if shots:
            reader.page.screenshot(path=shots / f"{test.__name__}.png", full_page=True)
    host = reader.address.partition(BASE)[0]
    foreign = [url for url in reader.requests if not url.startswith((host, f"blob:{host}", "data:"))]
    problems += [f"a request to another host: {url}" for url in foreign]


def main():
    if not (VENDOR / "tiny.onnx").is_file():
        return print("skipped: the page alive goes without its model: tools/make_alive.py needs npm, once")
    if not chromium():
        return print("skipped: there is no Chromium (Debian: apt-get install chromium)")
    shots = Path(sys.argv[2]) if sys.argv[1:2] == ["--shots"] else None
    problems, notes = check_weights(), []
    with tempfile.TemporaryDirectory(prefix="amodal-sam-") as folder, browser() as chrome:
        write_site(Path(folder) / "whole" / BASE.strip("/"), vendor=True)
        write_site(Path(folder) / "bare" / BASE.strip("/"), vendor=False)
        with served(Path(folder) / "whole") as whole, served(Path(folder) / "bare") as bare:
            desk = Reader(chrome, whole + BASE)
            tried(desk, DESK, shots, problems, notes)
            phone = Reader(chrome, whole + BASE, **PHONE)
            tried(phone, [test_finger_on_a_phone], shots, problems, notes)
            problems += [f"on the console: {error}" for error in desk.errors + phone.errors]
            tried(Reader(chrome, bare + BASE), [test_missing_files_are_said], shots, problems, notes)
    finish(problems + notes if problems else [], "\n".join(notes))


if __name__ == "__main__":
    main()
