"""Checks that the site can be built. Where quarto is on the PATH it is built by nbdev_docs; else nbdev processes the notebooks and smalldocs looks for
keys that it does not know. The sidebar and the links between notebooks are checked in any case. All in a copy; `--keep` puts the site into _docs/.

smalldocs is a stand-in: it names pages after notebooks where quarto names them after modules, and it knows neither MathML nor Sass nor cross-references.
What it says about those is left out. Only the site that quarto builds is checked to fetch nothing from other hosts.
"""
import re
import shutil
import sys
from pathlib import Path

from notebooks import ROOT, cells, command, finish, name, notebook_paths, project_copy, run, settings

_OTHER_HOST = re.compile(r"(?:<script[^>]*\bsrc|<link[^>]*\brel=\"stylesheet\"[^>]*\bhref)=\"(?:https?:)?//[^\"]+|@import\s*(?:url\()?[\"']?https?://[^\"')]+")
_NOT_OURS = re.compile(r"a cross-reference; write|html-math-method is ignored|output-file is not read|compiles no Sass|^\d+ page\(s\)|broken link /")  # the last: the sidebar's, see sidebar()


def sidebar() -> list[str]:
    "Notebooks that the sidebar lacks, and entries without a notebook."
    listed = set(re.findall(r"^\s*- ([\w/]+\.ipynb)\s*$", (ROOT / "_quarto.yml").read_text(), re.M))
    present = {name(path) for path in notebook_paths()}
    return [f"_quarto.yml: the sidebar lacks {path}" for path in sorted(present - listed)] + [f"_quarto.yml: there is no {path}" for path in sorted(listed - present)]


def links() -> list[str]:
    "Links of the markdown to files that are not there. A page of the site (masks.html) is there if its notebook is (00_masks.ipynb)."
    problems = []
    for cell in (cell for path in notebook_paths() for cell in cells(path) if cell.kind == "markdown"):
        for target in re.findall(r"\]\((?!\w+:|#|/)([^)#\s]+)", re.sub(r"`[^`]*`", "", cell.source)):
            there = cell.notebook.parent / target
            if not there.exists() and not (there.suffix == ".html" and there.stem in pages()): problems.append(f"{cell}: there is no {target}")
    return problems


def pages() -> set[str]:
    "The pages of the site as quarto names them: after the modules."
    return {re.sub(r"^\d+_", "", path.stem) for path in notebook_paths()}


def by_quarto(copy: Path) -> list[str]:
    "Build the real site."
    (copy / "README.md").touch()  # newer than the index: nbdev_docs then leaves the README to make_readme.py
    done = run("nbdev_docs", cwd=copy)
    if done.returncode: return [done.stdout]
    pages = [page for page in (copy / "_docs").rglob("*") if page.suffix in (".html", ".css")]
    return [f"{page.relative_to(copy)}: fetches from another host: {found[0]}" for page in pages if (found := _OTHER_HOST.search(page.read_text()))]


def by_smalldocs(copy: Path) -> list[str]:
    "Process the notebooks as for quarto, and check the result."
    stub = copy / "bin" / "quarto"  # nbdev wants to see a quarto before it processes anything; it is not called
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\nexit 0\n")
    stub.chmod(0o755)
    done = run(command("nbdev_proc_nbs"), "--file_re", r"\.(?:ipynb|qmd|html)$", cwd=copy, PATH=f"{stub.parent}:{Path(sys.executable).parent}:/usr/bin:/bin")
    if done.returncode: return [done.stdout]
    if not has_smalldocs(): return []
    said = run(command("smalldocs"), "check", "_proc", cwd=copy).stdout.splitlines()
    built = run(command("smalldocs"), "render", "_proc", cwd=copy)
    if built.returncode: return [built.stdout]
    return [line for line in said if line and not _NOT_OURS.search(line) and not links_a_module(line)]


def has_smalldocs() -> bool:
    "smalldocs needs Python 3.11."
    return shutil.which(command("smalldocs")) is not None


def links_a_module(line: str) -> bool:
    "Is a link that smalldocs calls broken one of nbdev's, to a page that quarto names after the module?"
    found = re.search(r"broken link .*?([\w-]+)\.html", line)
    return bool(found) and found[1] in pages()


def main():
    problems, quarto = sidebar() + links(), shutil.which("quarto")
    with project_copy() as copy:
        problems += by_quarto(copy) if quarto else by_smalldocs(copy)
        site = copy / settings()["doc_path"] if quarto else copy / "_proc" / settings()["doc_path"]
        count = len(list(site.rglob("*.html")))
        if "--keep" in sys.argv[1:] and count:
            shutil.rmtree(ROOT / settings()["doc_path"], ignore_errors=True)
            shutil.copytree(site, ROOT / settings()["doc_path"])
    builder = "quarto" if quarto else "smalldocs, as there is no quarto on the PATH" if has_smalldocs() else "nothing, as there is neither quarto nor smalldocs (Python 3.11)"
    finish(problems, f"{count} pages built by {builder}")


if __name__ == "__main__": main()
