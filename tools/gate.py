"""The gate: everything that has to hold before a change goes in. `make test` runs it.

Each part is a line, followed by what the part says where it fails; all parts run even when one fails. The
last line counts them.

usage: gate.py [--only NAME ...]      NAME as in the lines below: clean, export, order, ...
"""

import sys
import time
from pathlib import Path

from notebooks import command, run

TOOLS = Path(__file__).resolve().parent
PARTS = {
    "clean": [sys.executable, TOOLS / "check_clean.py"],
    "export": [sys.executable, TOOLS / "check_export.py"],
    "order": [sys.executable, TOOLS / "check_order.py"],
    "walls": [command("lint-imports"), "--no-cache"],
    "lint": [
        command("ruff"),
        "check",
        "--quiet",
        "--output-format",
        "concise",
        "nbs",
        "amodal_sam",
        "tools",
        "speed",
        "recipes",
    ],
    "cells": [sys.executable, TOOLS / "check_cells.py"],
    "maths": [sys.executable, TOOLS / "check_maths.py"],
    "paper": [sys.executable, TOOLS / "check_paper.py"],
    "workflows": [sys.executable, TOOLS / "check_workflows.py"],
    "readme": [sys.executable, TOOLS / "make_readme.py", "--check"],
    "lessons": [sys.executable, TOOLS / "check_outputs.py"],
    "browser": [sys.executable, TOOLS / "check_browser.py"],
    "alive": [sys.executable, TOOLS / "check_alive.py"],
    "wheel": [sys.executable, TOOLS / "check_wheel.py"],
    "docs": [sys.executable, TOOLS / "check_docs.py"],
    "nbdev3": [sys.executable, TOOLS / "check_nbdev3.py"],
}
ASKED_FOR = {"nbdev3"}  # needs the network, so it runs only where it is named


def main():
    usual = [part for part in PARTS if part not in ASKED_FOR]
    wanted = sys.argv[2:] if sys.argv[1:2] == ["--only"] else usual
    if sys.argv[1:2] not in ([], ["--only"]) or not wanted or set(wanted) - PARTS.keys():
        sys.exit(f"usage: gate.py [--only {' '.join(PARTS)}]")
    failed = 0
    for part in (part for part in PARTS if part in wanted):
        start = time.monotonic()
        done = run(*PARTS[part])
        failed += done.returncode != 0
        if done.returncode:
            said = "".join(f"\n    {line}" for line in done.stdout.rstrip().split("\n"))
            print(f"FAILED  {part}{said}", flush=True)
        elif done.stdout.startswith("skipped"):
            print(f"skipped  {part}  {done.stdout.strip().removeprefix('skipped: ')}", flush=True)
        else:
            print(f"ok  {part}  {time.monotonic() - start:.0f} s", flush=True)
    print(f"{len(wanted) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
