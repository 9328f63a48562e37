"""Checks that what pip installs works: source distribution and wheel are built, the wheel goes into a new
environment, and the demo runs there.

The new environment sees the heavy packages of the running one through a .pth file, but not this source
tree: the only amodal_sam is the wheel's. Because missing requirements would not show that way, the imports
of the modules are compared with the requirements in settings.ini.
"""

import ast
import re
import sys
import tempfile
import time
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

from notebooks import PACKAGE, ROOT, Failed, finish, must, project_copy, settings

DEMO_FILES = ("amodal.png", "visible.png", "occluded.png", "overlay.png", "result.json", "panel.png")
WHEEL_BYTES = 36_000_000


def canonical(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement.strip())[0].lower().replace("_", "-")


def imports(tree: ast.Module) -> dict[str, bool]:
    "Top-level packages that a module imports; False where only in a function, or for type checkers."
    lazy = {
        child
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        for child in ast.walk(node)
    }
    found = {}
    for node in ast.walk(tree):
        full_names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
        for full_name in full_names:
            found[full_name.split(".")[0]] = found.get(full_name.split(".")[0], False) or node not in lazy
    return found


def check_requirements() -> list[str]:
    "Is everything that the modules import required?"
    required, distributions, problems = (
        {canonical(entry) for entry in settings()["requirements"].split()},
        packages_distributions(),
        [],
    )
    extras = {
        canonical(entry)
        for key, value in settings().items()
        if key.endswith("_requirements")
        for entry in value.split()
    }
    for path in sorted(PACKAGE.rglob("*.py")):
        for package, always in imports(ast.parse(path.read_text())).items():
            if package in sys.stdlib_module_names or package == PACKAGE.name:
                continue
            owners = {canonical(owner) for owner in distributions.get(package, [package])}
            if not owners & (required if always else required | extras):
                problems.append(f"{path.name}: imports {package}, which settings.ini does not require")
    return problems


def build(folder: Path) -> Path:
    "Build from a copy, so that no old build folder leaks in: the source distribution, the wheel from that."
    with project_copy() as copy:
        must(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, copy)
    return next(folder.glob("*.whl"))


def check_contents(wheel: Path) -> list[str]:
    "The package, its licence, and nothing else."
    inside = ZipFile(wheel).namelist()
    expected = [
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    ]
    problems = [f"the wheel lacks {file}" for file in expected if file not in inside]
    problems += [
        f"the wheel should not hold {file}"
        for file in inside
        if not re.match(r"amodal_sam(/|-[\d.]+.*\.dist-info/)", file)
    ]
    if not any(file.endswith("LICENSE") for file in inside):
        problems.append("the wheel lacks the licence")
    if wheel.stat().st_size > WHEEL_BYTES:
        problems.append(f"the wheel has {wheel.stat().st_size / 1e6:.0f} MB, at most {WHEEL_BYTES / 1e6:.0f}")
    return problems


def install(wheel: Path, folder: Path) -> Path:
    "A new environment with the wheel, which borrows the heavy packages of this one."
    must(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    must(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)
    site = Path(must(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("".join(f"{path}\n" for path in borrowed))
    return python


def check_installed(python: Path, elsewhere: Path) -> list[str]:
    "Import and demo, from a folder that is not the project's."
    place, version = must(
        python,
        "-c",
        "import amodal_sam; print(amodal_sam.__file__); print(amodal_sam.__version__)",
        cwd=elsewhere,
    ).split("\n")[:2]
    problems = (
        []
        if python.parents[1].resolve() in Path(place).resolve().parents
        else [f"amodal_sam came from {place}, not from the wheel"]
    )
    if version != settings()["version"]:
        problems.append(f"the wheel says it is {version}, settings.ini says {settings()['version']}")
    modules = ", ".join(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.stem != "__init__"
    )
    must(python, "-c", f"import {modules}", cwd=elsewhere)
    must(python.parent / "amodal-sam", "--help", cwd=elsewhere)
    must(python.parent / "amodal-sam", "demo", "-o", elsewhere / "demo", cwd=elsewhere)
    written = {path.name for path in (elsewhere / "demo").rglob("*") if path.stat().st_size}
    return problems + [f"amodal-sam demo wrote no {file}" for file in DEMO_FILES if file not in written]


def main():
    problems, start = check_requirements(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="amodal-sam-") as folder:
        elsewhere = Path(folder) / "elsewhere"
        elsewhere.mkdir()
        try:
            wheel = build(Path(folder))
            problems += check_contents(wheel)
            problems += check_installed(install(wheel, Path(folder) / "environment"), elsewhere)
            size = f"{wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB"
        except Failed as failure:
            problems.append(str(failure))
    finish(
        problems,
        "" if problems else f"{size}, installs and runs the demo in {time.monotonic() - start:.0f} s",
    )


if __name__ == "__main__":
    main()
