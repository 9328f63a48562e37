"""Builds the documentation site (build_site.py) and checks it: the sidebar, the links of the notebooks,
callouts, and the finished pages (check_pages.py).

Everything happens in a copy; with `--keep` the site is put into _docs/. Without quarto the pages are those
of smalldocs, which pip installs and which needs Python 3.11; where neither is, the notebooks alone are
looked at.

usage: check_docs.py [--keep]
"""

import re
import shutil
import sys

import check_pages
from build_site import build, builder, process
from notebooks import FIGURES, NOTEBOOKS, PACKAGE, ROOT, cells, finish, name, notebook_paths, number
from notebooks import Failed, project_copy, settings, text_of

_CODE = re.compile(r"^(```+|~~~+).*?^\1\s*$|`[^`\n]*`", re.M | re.S)


def sidebar() -> list[str]:
    "Notebooks that the sidebar lacks, names twice or out of order, and entries without a notebook."
    listed = re.findall(r"^\s*- ([\w/]+\.ipynb)\s*$", (ROOT / "_quarto.yml").read_text(), re.M)
    present = {name(path) for path in notebook_paths()}
    problems = [f"_quarto.yml: the sidebar lacks {path}" for path in sorted(present - set(listed))] + [
        f"_quarto.yml: there is no {path}" for path in sorted(set(listed) - present)
    ]
    problems += [
        f"_quarto.yml: {path} stands twice in the sidebar"
        for path in sorted({path for path in listed if listed.count(path) > 1})
    ]
    for section in re.split(r"^\s*- section:", (ROOT / "_quarto.yml").read_text(), flags=re.M)[1:]:
        chapters = [
            path for path in re.findall(r"^\s*- ([\w/]+\.ipynb)\s*$", section, re.M) if re.match(r"\d", path)
        ]
        problems += [
            f"_quarto.yml: {after} stands behind {before}"
            for before, after in zip(chapters, chapters[1:])
            if before[:2] > after[:2]
        ]
    return problems


def links() -> list[str]:
    "Links of the markdown to files that are not there; the page masks.html is there if 00_masks.ipynb is."
    problems, known = [], {re.sub(r"^\d+_", "", path.stem) for path in notebook_paths()}
    mentioned = {name(path).removesuffix(".ipynb") for path in notebook_paths()}
    for cell in (cell for path in notebook_paths() for cell in cells(path) if cell.kind == "markdown"):
        for target in re.findall(r"\]\((?!\w+:|#|/)([^)#\s]+)", _CODE.sub("", cell.source)):
            there = cell.notebook.parent / target
            if not there.exists() and not (there.suffix == ".html" and there.stem in known):
                problems.append(f"{cell}: there is no {target}")
        for chapter in re.findall(
            r"(?<!`)`(\d\d_\w+|(?:tutorials|results|reference)/\w+)`(?!`)", cell.source
        ):
            if chapter not in mentioned:
                problems.append(f"{cell}: there is no chapter {chapter}")
    return problems


def words() -> set[str]:
    "Every name that stands somewhere in code or beside it: cells, outputs, scripts, settings, files."
    texts = [cell.source for path in notebook_paths() for cell in cells(path) if cell.kind == "code"]
    for output in (output for path in notebook_paths() for cell in cells(path) for output in cell.outputs):
        shown = [value for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
        texts += map(text_of, [output.get("text", ""), *shown])
    scripts = [path for folder in ("tools", "speed", "recipes") for path in (ROOT / folder).glob("*.py")]
    front = [path for folder in ("front", "prompts") for path in (PACKAGE / folder).iterdir()]
    for path in (*scripts, *front, ROOT / "settings.ini", ROOT / "setup.py", ROOT / "Makefile"):
        texts.append(path.read_text(encoding="utf-8"))
    return set(re.findall(r"[A-Za-z_]\w*", " ".join(texts))) | {path.stem for path in NOTEBOOKS.rglob("*")}


def names() -> list[str]:
    "Names in backticks that nothing is called. What ends in a digit is somebody's file."
    problems, known = [], words()
    for cell in (cell for path in notebook_paths() for cell in cells(path) if cell.kind == "markdown"):
        for said in re.findall(r"(?<!`)`([A-Za-z_][\w.]*)(?:\(.*?\))?`(?!`)", cell.source):
            for word in filter(None, said.split(".")):
                if word in known or word[-1].isdigit() or word.rpartition("_")[0] + "_" in known:
                    continue
                problems.append(f"{cell}: there is no {said} in any code")
    return problems


def callouts() -> list[str]:
    "Callouts that are not closed where they were opened, and a fence that does not stand alone."
    problems = []
    for cell in (cell for path in notebook_paths() for cell in cells(path) if cell.kind == "markdown"):
        depth = 0
        for line in _CODE.sub("", cell.source).splitlines():
            if not (found := re.match(r"\s*(:{3,})\s*(.*)$", line)):
                continue
            depth += 1 if found[2] else -1
            if depth < 0:
                break
        if depth:
            problems.append(
                f"{cell}: a callout is {'not closed' if depth > 0 else 'closed that was not opened'}"
            )
    return problems


def openings() -> list[str]:
    "A notebook begins with its title, one sentence, and an introduction in words."
    problems = []
    for path in notebook_paths():
        told = [cell for cell in cells(path) if cell.kind == "markdown"]
        if not re.match(r"# \S.*\n\n> \S", told[0].source):
            problems.append(f"{told[0]}: a page begins with `# Title` and `> one sentence`")
        elif path.stem != "index" and re.match(r"#|\|", told[1].source):
            problems.append(f"{told[1]}: an introduction is missing before the first section")
    return problems


def pictures(site) -> list[str]:
    "Pages that show fewer pictures than their notebook keeps."
    problems = []
    for path in notebook_paths():
        shown = [
            cell
            for cell in cells(path)
            if cell.kind == "code" and not {"hide", "include"} & cell.directives.keys()
        ]
        kept = sum(
            bool(set(FIGURES) & output.get("data", {}).keys())
            for cell in shown
            for output in cell.outputs
            if not output.get("data", {}).get("text/html")
        )
        page = (site / name(path)).with_name(
            f"{re.sub(r'^[0-9]+_', '', path.stem) if number(path) is not None else path.stem}.html"
        )
        there = len(check_pages.Page(page).pictures) if page.exists() else -1
        if there < 0:
            problems.append(f"{name(path)}: has no page {page.name}")
        elif there < kept:
            problems.append(f"{page.name}: shows {there} pictures of the {kept} of its notebook")
    return problems


def main():
    problems, count = sidebar() + links() + names() + callouts() + openings(), 0
    with project_copy() as copy:
        try:
            if builder():
                site, said = build(copy)
                problems += said + check_pages.check(site) + pictures(site)
                count = len(list(site.rglob("*.html")))
            else:
                process(copy)
        except Failed as failure:
            problems.append(str(failure))
        if "--keep" in sys.argv[1:] and count:
            shutil.rmtree(ROOT / settings()["doc_path"], ignore_errors=True)
            shutil.copytree(site, ROOT / settings()["doc_path"])
    absent = "the notebooks can be processed; neither quarto nor smalldocs (Python 3.11) renders them"
    finish(problems, f"{count} pages built by {builder()}" if count else absent)


if __name__ == "__main__":
    main()
