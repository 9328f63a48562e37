"""What the tools share: where the project is, its notebooks and their cells, a copy to try things in, one
way to report."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "amodal_sam"
NOTEBOOKS = ROOT / "nbs"
FIGURES = ("image/png", "image/jpeg", "image/svg+xml")
_DIRECTIVE = re.compile(r"^\s*#\s*\|\s*([\w-]+)\s*:?\s*(.*?)\s*$")


@cache
def settings() -> dict:
    "What settings.ini says."
    config = ConfigParser(delimiters=["="], interpolation=None)
    config.read(ROOT / "settings.ini", encoding="utf-8")
    return dict(config["DEFAULT"])


@dataclass
class Cell:
    "One cell of a notebook."

    notebook: Path
    id: str
    kind: str  # "code", "markdown" or "raw"
    source: str
    outputs: list  # as in the file

    def __str__(self):
        return f"{name(self.notebook)} #{self.id}"

    @cached_property
    def directives(self) -> dict:
        "`#| eval: false` as {'eval': 'false'}."
        if self.kind != "code":
            return {}
        return {found[1]: found[2] for line in self.source.splitlines() if (found := _DIRECTIVE.match(line))}

    @property
    def exported(self) -> bool:
        return bool({"export", "exports", "exporti"} & self.directives.keys())

    @property
    def runs(self) -> bool:
        "Is the cell run where there is no GPU, no network and little time?"
        flagged = set(settings()["tst_flags"].split()) & self.directives.keys()
        return (
            self.kind == "code"
            and not flagged
            and self.directives.get("eval", "").lower() != "false"
            and "nbdev_export(" not in self.source
        )

    @cached_property
    def python(self) -> str:
        "The source with IPython's own lines (%, !, ?) emptied."
        return "\n".join(
            "" if line.lstrip().startswith(("%", "!", "?")) else line for line in self.source.split("\n")
        )

    @cached_property
    def tree(self) -> ast.Module:
        "The syntax tree, empty where the cell is no Python (the run of the notebooks will say so)."
        if self.kind != "code" or self.source.startswith("%%"):
            return ast.parse("")
        try:
            return ast.parse(self.python)
        except SyntaxError:
            return ast.parse("")

    @property
    def lines(self) -> int:
        "Lines that are neither blank nor directives."
        return sum(bool(line.strip()) and not _DIRECTIVE.match(line) for line in self.source.splitlines())


def name(path: Path) -> str:
    "A path as seen from nbs/ (or from the project, where it is elsewhere)."
    return (path.relative_to(NOTEBOOKS) if NOTEBOOKS in path.parents else path.relative_to(ROOT)).as_posix()


def notebook_paths() -> list[Path]:
    "All notebooks: the numbered ones first, in their order."
    found = [
        path
        for path in NOTEBOOKS.rglob("*.ipynb")
        if not any(part.startswith((".", "_")) for part in path.relative_to(NOTEBOOKS).parts)
    ]
    return sorted(found, key=lambda path: (number(path) is None, path.relative_to(NOTEBOOKS).as_posix()))


def number(path: Path) -> int | None:
    "10 for nbs/10_sca.ipynb, None for a notebook outside the sequence."
    found = re.match(r"(\d+)_", path.name)
    return int(found[1]) if found and path.parent == NOTEBOOKS else None


def cells(path: Path) -> list[Cell]:
    "The cells of a notebook."
    return [
        Cell(path, cell.get("id", ""), cell["cell_type"], text_of(cell["source"]), cell.get("outputs", []))
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]


def module_of(path: Path) -> str | None:
    "The module that a notebook exports, None if it exports none."
    return next(
        (cell.directives["default_exp"] for cell in cells(path) if "default_exp" in cell.directives), None
    )


def text_of(value: str | list[str]) -> str:
    "Text as notebooks keep it: whole, or line by line."
    return "".join(value) if isinstance(value, list) else str(value)


def command(program: str) -> str:
    "A program of the running environment, of the PATH where the environment has none."
    beside = Path(sys.executable).parent / program
    return str(beside) if beside.exists() else shutil.which(program) or program


def environment(**more: str) -> dict:
    "A reproducible environment: its own programs first, one thread, no GPU, no network, no terminal."
    unset = {"PYTHONPATH", "IN_TEST", "MPLBACKEND"}
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return (
        {key: value for key, value in os.environ.items() if key not in unset}
        | closed
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "no_proxy": "localhost,127.0.0.1",
            "HF_HUB_OFFLINE": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
            **more,
        }
    )


def run(*arguments, cwd: Path = ROOT, **more) -> subprocess.CompletedProcess:
    "Run a program and keep what it prints."
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class Failed(Exception):
    "A step went wrong: what it printed."


def must(*arguments, **options) -> str:
    "Run a step that has to succeed."
    done = run(*arguments, **options)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, arguments))}\n{done.stdout}")
    return done.stdout


@contextmanager
def project_copy():
    "A copy of the project's own files, without what is built from them, that is removed afterwards."
    skip = shutil.ignore_patterns(
        ".git",
        ".venv*",
        "_proc",
        "_docs",
        "build",
        "dist",
        "runs",
        "amodal-demo",
        "*.egg-info",
        "__pycache__",
        ".*_checkpoints",
        "nbdev.yml",
    )
    with tempfile.TemporaryDirectory(prefix="amodal-sam-") as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=skip, symlinks=True)
        yield copy


def finish(problems: list[str], done: str):
    "Print the problems, or what was found in order, and end the program."
    print("\n".join(problems) if problems else done)
    sys.exit(1 if problems else 0)
