"""Builds the documentation site from the notebooks, in a copy of the project: by quarto where it is on the
PATH, else by smalldocs, which pip installs.

1. nbdev makes pages of the notebooks; signatures get tables (show_tables.py).
2. Notebooks that the text names, as in `13_amodal`, become links; pages of results show tables and
   pictures, and fold their code.
3. quarto or smalldocs renders them. What smalldocs lacks is added: pages are called after modules, as
   quarto does it; formulas become MathML by pandoc
   (where there is no pandoc, they stay TeX, as code); fonts and scripts of other hosts are taken out.
"""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from notebooks import ROOT, command, must, settings, text_of

_FENCE = re.compile(r"(^(?:```|~~~).*?^(?:```|~~~)[ \t]*$)", re.M | re.S)
_MATH = re.compile(r'<span class="math (inline|display)">(.*?)</span>', re.S)
_FOREIGN_HEAD = re.compile(
    r"<link[^>]*\bhref=\"https://cdn[^>]*>|<script[^>]*\bsrc=\"https://cdn[^>]*></script>"
)
_FOREIGN_FONTS = re.compile(r"@import url\((?:[\"']?)https?://[^)]*\);?")


def builder() -> str | None:
    "What renders here."
    if shutil.which("quarto"):
        return "quarto"
    return "smalldocs" if shutil.which(command("smalldocs")) else None  # smalldocs needs Python 3.11


# --- 1 and 2: pages of the notebooks


def process(copy: Path) -> Path:
    "nbdev's part: notebooks ready to be rendered, in _proc."
    with open(copy / "settings.ini", "a") as file:
        file.write("\nrenderer = show_tables.TableRenderer\n")
    paths = [Path(sys.executable).parent, "/usr/bin", "/bin"]
    if quarto := shutil.which("quarto"):
        paths.insert(0, Path(quarto).parent)
    else:
        stub = (
            copy / "bin" / "quarto"
        )  # nbdev wants to see a quarto before it processes anything; it is not called
        stub.parent.mkdir()
        stub.write_text("#!/bin/sh\nexit 0\n")
        stub.chmod(0o755)
        paths.insert(0, stub.parent)
    must(
        command("nbdev_proc_nbs"),
        "--file_re",
        r"\.(?:ipynb|qmd|html)$",
        cwd=copy,
        PATH=":".join(map(str, paths)),
        PYTHONPATH=str(ROOT / "tools"),
    )
    return copy / "_proc"


def front_matter(notebook: dict) -> str:
    "The lines between --- and --- that nbdev puts first."
    first = notebook["cells"][0] if notebook["cells"] else {}
    return text_of(first["source"]) if first.get("cell_type") == "raw" else ""


def link_mentions(text: str, here: str, known: set[str]) -> str:
    "`13_amodal` as a link to that notebook, in text that is not code; the page's own name stays as it is."

    def link(found: re.Match) -> str:
        if found[1] not in known or found[1] == here:
            return found[0]
        return f"[`{found[1]}`]({'../' * here.count('/')}{found[1]}.ipynb)"

    pieces = _FENCE.split(text)
    return "".join(
        piece if number % 2 else re.sub(r"(?<![\[`])`([\w/]+)`(?![\]`])", link, piece)
        for number, piece in enumerate(pieces)
    )


def prepare(proc: Path, *, rename: bool) -> None:
    "Links for mentions; with `rename`, files called as their pages shall be called."
    paths = sorted(path for path in proc.rglob("*.ipynb") if "_docs" not in path.parts)
    names = {path.relative_to(proc).with_suffix("").as_posix(): path for path in paths}
    notebooks = {here: json.loads(path.read_text(encoding="utf-8")) for here, path in names.items()}
    pages = {}  # 13_amodal -> model
    for here, notebook in notebooks.items():
        found = re.search(r"^output-file: *(\S+)\.html", front_matter(notebook), re.M)
        pages[here] = (Path(here).parent / found[1]).as_posix() if found else here
    moved = pages.items() if rename else ()
    swap = {f"{Path(old).name}.ipynb": f"{Path(new).name}.ipynb" for old, new in moved if old != new}

    def rewrite(text: str) -> str:
        return re.sub(r"[\w-]+\.ipynb", lambda found: swap.get(found[0], found[0]), text)

    for here, notebook in notebooks.items():
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = rewrite(link_mentions(text_of(cell["source"]), here, set(names)))
            elif cell["cell_type"] == "code" and here.startswith("results/"):
                cell["source"] = "#| code-fold: true\n" + text_of(cell["source"])
            for data in (output.get("data", {}) for output in cell.get("outputs", [])):
                if "text/markdown" in data:
                    data["text/markdown"] = rewrite(
                        link_mentions(text_of(data["text/markdown"]), here, set(names))
                    )
        names[here].unlink()
        (proc / f"{pages[here] if rename else here}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    if rename:
        config = (proc / "_quarto.yml").read_text(encoding="utf-8")
        (proc / "_quarto.yml").unlink()
        (proc / "_quarto.yml").write_text(rewrite(config), encoding="utf-8")


# --- 3: rendering


def mathml(formulas: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    "Formulas, as (inline or display, TeX), in MathML."
    pandoc = shutil.which("pandoc")
    if not pandoc:
        return {(kind, tex): f"<code>{html.escape(tex)}</code>" for kind, tex in formulas}
    marks = {"inline": "$", "display": "$$"}
    document = "\n\n".join(
        f"::: {{#f{number}}}\n{marks[kind]}{tex}{marks[kind]}\n:::"
        for number, (kind, tex) in enumerate(formulas)
    )
    made = subprocess.run(
        [pandoc, "--from=markdown", "--to=html", "--mathml"],
        input=document,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    made = dict(re.findall(r'<div id="f(\d+)">\s*<p>(.*?)</p>\s*</div>', made, re.S))
    return {
        formula: re.sub(r"<annotation.*?</annotation>", "", made.get(str(number), ""), flags=re.S)
        or f"<code>{html.escape(formula[1])}</code>"
        for number, formula in enumerate(formulas)
    }


def tex_of(found: re.Match) -> tuple[str, str]:
    "A formula as smalldocs leaves it, between marks for a script."
    return found[1], html.unescape(found[2]).strip().removeprefix(r"\(").removeprefix(r"\[").removesuffix(
        r"\)"
    ).removesuffix(r"\]").strip()


def stay_local(site: Path) -> None:
    """Links of the names in backticks, to which nbdev gives the published site's address, stay inside.

    Methods and private names have no place of their own on a page: their links lead to the page.
    """
    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    places = {
        page.relative_to(site).as_posix(): set(re.findall(r'\bid="([^"]+)"', text))
        for page, text in pages.items()
    }
    address = re.escape(settings()["doc_host"] + settings()["doc_baseurl"])
    for page, text in pages.items():
        up = "../" * (len(page.relative_to(site).parts) - 1)

        def local(found: re.Match) -> str:
            known = found["place"] in places.get(found["page"], set())
            return f"{found['before']}{up}{found['page']}" + (f"#{found['place']}" if known else "")

        link = rf'(?P<before><a\b[^>]*\bhref="){address}/(?P<page>[^"#]*)#?(?P<place>[^"]*)'
        page.write_text(re.sub(link, local, text), encoding="utf-8")


def complete(site: Path) -> None:
    "What smalldocs leaves to scripts and fonts of other hosts."
    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    made = mathml(
        list(dict.fromkeys(tex_of(found) for text in pages.values() for found in _MATH.finditer(text)))
    )
    for page, text in pages.items():
        text = _MATH.sub(lambda found: f'<span class="math {found[1]}">{made[tex_of(found)]}</span>', text)
        page.write_text(_FOREIGN_HEAD.sub("", text), encoding="utf-8")
    for sheet in site.rglob("*.css"):
        sheet.write_text(_FOREIGN_FONTS.sub("", sheet.read_text(encoding="utf-8")), encoding="utf-8")


def build(copy: Path) -> tuple[Path, list[str]]:
    "The site of a project's copy, and what its builder complained about."
    proc = process(copy)
    prepare(proc, rename=builder() != "quarto")
    site = proc / settings()["doc_path"]
    if builder() == "quarto":
        must("quarto", "render", "--no-cache", cwd=proc)
        stay_local(site)
        return site, []
    said = must(command("smalldocs"), "render", "--quiet", "_proc", cwd=copy).splitlines()
    complete(site)
    stay_local(site)
    known = r"html-math-method is ignored|output-file is not read|compiles no Sass|broken link"
    return site, [line for line in said if line and not re.search(known, line)]  # links are check_pages.py's
