"""Checks that nbdev 3 serves the same notebooks: same modules exported, nothing to clean, three notebooks
pass.

nbdev 3 wants other versions of its companions than nbdev 2, so it gets an environment of its own, which
borrows the heavy packages of this one. That needs the network, so the gate runs this only where it is asked
to: gate.py --only nbdev3. nbdev 2 stays the one that writes.
"""

import sys
import tempfile
from pathlib import Path

from notebooks import PACKAGE, finish, project_copy, run

TRIED = ("00_masks", "10_sca", "22_taos")
_OTHER = {"_modidx.py"}  # it names the site's address, which nbdev 3 looks for elsewhere


def programs_of_nbdev3(folder: Path) -> Path:
    "The folder of the programs of a new environment."
    run(sys.executable, "-m", "venv", folder)
    online = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "")
    installed = run(folder / "bin" / "pip", "install", "--quiet", "nbdev>=3,<4", **online)
    if installed.returncode:
        finish([f"nbdev 3 could not be installed: {installed.stdout}"], "")
    site = next((folder / "lib").glob("python3*")) / "site-packages"
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "zz_borrowed.pth").write_text(
        "".join(f"{path}\n" for path in borrowed)
    )  # behind its own packages
    return folder / "bin"


def modules(package: Path) -> dict[str, str]:
    "The text of each exported module."
    paths = [path for path in package.rglob("*.py") if path.name not in _OTHER]
    return {path.relative_to(package).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def main():
    problems = []
    with tempfile.TemporaryDirectory(prefix="amodal-sam-") as folder, project_copy() as copy:
        programs = programs_of_nbdev3(Path(folder) / "environment")
        notebooks = {path: path.read_text(encoding="utf-8") for path in (copy / "nbs").rglob("*.ipynb")}
        for path in (copy / PACKAGE.name).rglob("*.py"):
            if path.name != "__init__.py":
                path.unlink()
        for program in ("nbdev-export", "nbdev-clean"):
            done = run(programs / program, cwd=copy)
            problems += [f"{program}: {done.stdout}"] if done.returncode else []
        stored, fresh = modules(PACKAGE), modules(copy / PACKAGE.name)
        problems += [
            f"{name}: nbdev 3 exports something else" for name in stored if stored[name] != fresh.get(name)
        ]
        cleaned = [path.name for path, text in notebooks.items() if path.read_text(encoding="utf-8") != text]
        problems += [f"{name}: nbdev 3 cleans it" for name in cleaned]
        for name in TRIED:
            done = run(programs / "nbdev-test", f"nbs/{name}.ipynb", cwd=copy, PYTHONPATH=str(copy))
            if "Success" not in done.stdout:
                problems.append(f"{name} under nbdev 3: {done.stdout[-2000:]}")
    finish(problems, f"{len(stored)} modules are the same, {', '.join(TRIED)} pass")


if __name__ == "__main__":
    main()
