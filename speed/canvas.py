"""How long does a person wait on the canvas, from mouse-up to painted masks?

Draws boxes, and then strokes of the brush, in JupyterLab and Chromium with a real mouse, on a photograph of
640 x 480 and one of 1920 x 1080 pixels, with the model that ships. Prints the shortest and the median time
in milliseconds. Needs Chromium and the packages of the browser checks.

    python speed/canvas.py [--rounds N] [--threads N]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tools"))
from check_browser import SPEED, Picture, milliseconds, write  # noqa: E402
from lab import Notebook, browser, chromium, jupyter_lab  # noqa: E402

SIZES, WAYS = ((640, 480), (1920, 1080)), {"box": "b", "stroke": "w"}


def main() -> None:
    "Measure, then print the table."
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="boxes and strokes on each picture (15)")
    parser.add_argument("--threads", type=int, default=2, help="threads of the model (2)")
    chosen = parser.parse_args()
    if not chromium():
        raise SystemExit("there is no Chromium (Debian: apt-get install chromium)")
    print("picture        what    shortest   median")
    with (
        tempfile.TemporaryDirectory(prefix="amodal-sam-") as folder,
        jupyter_lab(Path(folder), OMP_NUM_THREADS=str(chosen.threads)) as address,
        browser() as chrome,
    ):
        write(Path(folder), "speed.ipynb", SPEED)
        page = chrome.new_page(viewport={"width": 1280, "height": 1000})
        notebook = Notebook(page, address, Path(folder), "speed.ipynb")
        notebook.run_all()
        for which, size in enumerate(SIZES):
            for what, key in WAYS.items():
                times = milliseconds(Picture(page, size, which), chosen.rounds, key)
                print(f"{size[0]:4} x {size[1]:4}    {what:8}{times[0]:8.0f} {statistics.median(times):8.0f}")


if __name__ == "__main__":
    main()
