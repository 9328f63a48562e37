"""Checks that the notebooks run, and that their stored outputs are what the cells give now: each one is run,
cell by cell as nbdev_test does it, in a process of its own, and compared.

Compared are printed text, text/plain and text/markdown, and that there are as many figures as before.
Numbers may differ by 1 part in 1000, by one in their last digit or by 0.00001, since machines add in
different orders. Cells for a GPU, for big weights or that are slow are skipped, and so are their outputs. A
notebook may take 60 seconds of processor time (so that other work on the machine does not count). To mend:
run the notebook again, then nbdev_clean.

Processes are copies of one that has loaded torch and what shows figures, which is most of what a short
notebook takes. Those of the ground (00 to 09) begin with nothing loaded, because there torch may be absent.

usage: check_outputs.py [NOTEBOOK ...]
"""

import json
import math
import multiprocessing
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from difflib import unified_diff
from pathlib import Path

from notebooks import FIGURES, ROOT, Cell, cells, environment, finish, name, notebook_paths, number, text_of

SECONDS = 60
LOADED = ["execnb.shell", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "torch"]
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?!\w)")
_UNSTEADY = re.compile(
    r" at 0x[0-9a-fA-F]+|^\[source\]\(.*$", re.M
)  # addresses, and show_doc's link to a line, which it gives for installed packages only
_TEXTS = ("text/plain", "text/markdown")


def close(stored: str, fresh: str) -> bool:
    "Are two texts equal but for spacing, what is unsteady and the noise of floats?"
    stored, fresh = _UNSTEADY.sub("", stored), _UNSTEADY.sub("", fresh)
    if " ".join(stored.split()) == " ".join(fresh.split()):
        return True
    if skeleton(stored) != skeleton(fresh):
        return False
    return all(map(close_numbers, _NUMBER.findall(stored), _NUMBER.findall(fresh)))


def skeleton(text: str) -> str:
    "A text without spaces, all its numbers 0."
    return "".join(_NUMBER.sub("0", text).split())


def close_numbers(stored: str, fresh: str) -> bool:
    "Whole numbers must be equal; others may differ in their last digit or by 1 part in 1000."
    if re.fullmatch(r"[-+]?\d+", stored) and re.fullmatch(r"[-+]?\d+", fresh):
        return int(stored) == int(fresh)
    mantissa, _, exponent = stored.lower().partition("e")
    last_digit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return math.isclose(float(stored), float(fresh), rel_tol=1e-3, abs_tol=max(1e-5, 1.01 * last_digit))


def parts(outputs: list[dict]) -> dict:
    "The comparable parts of a cell's outputs."
    shown = [output["data"] for output in outputs if "data" in output]
    texts = [
        text_of(data[mime])
        for data in shown
        for mime in _TEXTS
        if mime in data and not set(FIGURES) & data.keys()
    ]
    printed = "".join(text_of(output["text"]) for output in outputs if output.get("name") == "stdout")
    return {
        "figures": sum(bool(set(FIGURES) & data.keys()) for data in shown),
        "printed": printed,
        "shown": "\n".join(texts),
    }


def differences(cell: Cell, fresh_outputs: list[dict]):
    "What a reader would see differ."
    stored, fresh = parts(cell.outputs), parts(fresh_outputs)
    if stored["figures"] != fresh["figures"]:
        yield f"{cell}: {stored['figures']} figures are stored, {fresh['figures']} drawn"
    for part in ("printed", "shown"):
        if close(stored[part], fresh[part]):
            continue
        lines = unified_diff(
            stored[part].splitlines(), fresh[part].splitlines(), "stored", "fresh", lineterm="", n=1
        )
        yield "\n".join([f"{cell}: {part}", *("    " + line for line in list(lines)[2:30])])


def execute(path: Path, folder: Path):
    "Run a notebook as a reader would, and write the outputs of its cells as JSON (in a process of its own)."
    with (folder / "said").open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    from execnb.shell import CaptureShell

    multiprocessing.set_start_method(None, force=True)  # what the notebook starts begins as a reader's would
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)  # so that nothing is left behind
    os.chdir(path.parent)
    sys.path[:] = [str(ROOT), *(entry for entry in sys.path if entry != str(Path(__file__).parent))]
    shell, fresh = CaptureShell(path, mpl_format="png"), {}
    for cell in cells(path):
        if not cell.runs:
            continue
        fresh[cell.id] = shell.run(cell.source)
        if shell.exc:
            break
    result = {"seconds": sum(os.times()[:4]), "outputs": fresh}
    (folder / "fresh.json").write_text(json.dumps(result, default=str))


def start_method(path: Path) -> str:
    "Copies are safe on Linux only; elsewhere, and on the ground, each process begins with nothing loaded."
    ground = number(path) is not None and number(path) < 10
    return "spawn" if ground or sys.platform != "linux" else "forkserver"


def compare(path: Path) -> tuple[float, list[str]]:
    "Seconds of processor time that a notebook took, and its differences."
    if not any(cell.runs for cell in cells(path)):
        return 0, []
    with tempfile.TemporaryDirectory(prefix="amodal-sam-") as folder:
        context, folder = multiprocessing.get_context(start_method(path)), Path(folder)
        process = context.Process(target=execute, args=(path, folder))
        process.start()
        process.join()
        if not (folder / "fresh.json").exists():
            return 0, [f"{name(path)}: did not run\n{(folder / 'said').read_text()}"]
        seconds, fresh = json.loads((folder / "fresh.json").read_text()).values()
    found = []
    for cell in cells(path):
        if not cell.runs or cell.id not in fresh:
            continue
        if failed := next((output for output in fresh[cell.id] if output["output_type"] == "error"), None):
            return seconds, [*found, "\n".join([f"{cell}: fails:", *failed["traceback"]])]
        found += differences(cell, fresh[cell.id])
    if seconds > SECONDS:
        found.append(f"{name(path)}: took {seconds:.0f} s, at most {SECONDS}")
    return seconds, found


def main():
    paths = [Path(argument).resolve() for argument in sys.argv[1:]] or notebook_paths()
    ours = environment()
    os.environ.clear()
    os.environ.update(ours)
    multiprocessing.get_context("forkserver").set_forkserver_preload(LOADED)
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(compare, paths))
    problems = [problem for _, found in results for problem in found]
    times = "\n".join(f"{seconds:4.0f} s  {name(path)}" for path, (seconds, _) in zip(paths, results))
    finish([*problems, times] if problems else [], times)


if __name__ == "__main__":
    main()
