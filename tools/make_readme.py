"""Makes README.md from nbs/index.ipynb: its markdown, its code and its stored outputs. Needs no quarto.

Hidden cells stay hidden, cells with `echo: false` show their output only, callouts become quotes, links and
pictures point into nbs/. Pictures among the outputs are written to nbs/images/readme-<cell id>.png.

usage: make_readme.py [--check]      --check changes nothing and fails where README.md or its pictures are
out of date
"""

import base64
import re
import sys
from pathlib import Path

from notebooks import NOTEBOOKS, ROOT, Cell, cells, finish, text_of

README = ROOT / "README.md"
_HEAD = "<!-- Written by tools/make_readme.py from nbs/index.ipynb: change that. -->\n"
_LINK = re.compile(r"(!?\[[^\]]*\]\()(?!\w+:|#|/)([^)\s]+)")
_SOURCE = re.compile(r"(<img[^>]*\bsrc=\")(?!\w+:|/)([^\"]+)")
_CALLOUT = re.compile(r"^(:{3,})[ \t]*\{\.callout-(\w+)([^}]*)\}[ \t]*\n(.*?)^\1[ \t]*$", re.M | re.S)
_DIV = re.compile(r"^:{3,}.*\n?", re.M)


def quote(found: re.Match) -> str:
    "A callout as a quote with a bold title."
    title = re.search(r"title=\"([^\"]*)\"", found[3])
    return "\n".join(
        f"> {line}".rstrip()
        for line in [f"**{title[1] if title else found[2].capitalize()}**", "", *found[4].strip().split("\n")]
    )


def from_top(found: re.Match) -> str:
    "A link relative to nbs/ as one relative to the project."
    path, hash_mark, anchor = found[2].partition("#")
    target = (NOTEBOOKS / path).resolve()
    return (
        found[1]
        + (target.relative_to(ROOT.resolve()).as_posix() if ROOT.resolve() in target.parents else path)
        + hash_mark
        + anchor
    )


def markdown(text: str) -> str:
    "Markdown for a page without quarto; code blocks are left alone."
    pieces = re.split(r"(^```.*?^```[ \t]*$)", text, flags=re.M | re.S)
    for i in range(0, len(pieces), 2):
        plain = _DIV.sub("", _CALLOUT.sub(quote, pieces[i]))
        pieces[i] = _SOURCE.sub(from_top, _LINK.sub(from_top, plain))
    return "".join(pieces).strip()


def show_output(output: dict, picture: Path, caption: str, pictures: dict[Path, bytes]) -> str:
    "One output as markdown."
    if "text" in output:
        return "" if output.get("name") == "stderr" else f"```text\n{text_of(output['text']).rstrip()}\n```"
    data = output.get("data", {})
    if "image/png" in data:
        pictures[picture] = base64.b64decode(text_of(data["image/png"]))
        return f"![{caption}]({picture.relative_to(ROOT).as_posix()})"
    if "text/html" in data and "text/markdown" not in data:
        return ""  # the canvas: scripts do not run on such a page
    if "text/markdown" in data:
        return markdown(text_of(data["text/markdown"]))
    return f"```text\n{text_of(data['text/plain']).rstrip()}\n```" if "text/plain" in data else ""


def show_cell(cell: Cell, pictures: dict[Path, bytes]) -> list[str]:
    "A cell as blocks of markdown."
    flags = {key: value.lower() for key, value in cell.directives.items()}
    if cell.kind == "markdown":
        return [markdown(cell.source)]
    if (
        cell.kind != "code"
        or {"hide", "default_exp", "export", "exports", "exporti"} & flags.keys()
        or flags.get("include") == "false"
    ):
        return []
    source = "\n".join(line for line in cell.source.split("\n") if not re.match(r"\s*#\s*\|", line)).strip()
    blocks = [] if flags.get("echo") == "false" or not source else [f"```python\n{source}\n```"]
    if flags.get("output") == "false":
        return blocks
    caption = cell.directives.get("fig-cap", "").strip("\"'")
    for i, output in enumerate(cell.outputs):
        picture = NOTEBOOKS / "images" / f"readme-{cell.id}{f'-{i + 1}' if i else ''}.png"
        blocks.append(show_output(output, picture, caption, pictures))
    return blocks


def make_readme() -> tuple[str, dict[Path, bytes]]:
    "The text of the README and its pictures."
    pictures = {}
    blocks = [
        block for cell in cells(NOTEBOOKS / "index.ipynb") for block in show_cell(cell, pictures) if block
    ]
    return _HEAD + "\n" + "\n\n".join(blocks) + "\n", pictures


def main():
    if not (NOTEBOOKS / "index.ipynb").exists():
        finish(["nbs/index.ipynb is missing"], "")
    text, pictures = make_readme()
    wanted = {README: text.encode(), **pictures}
    links = [
        target
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", text)
        + re.findall(r"src=\"(?!\w+:)([^\"]+)", text)
        if not (ROOT / target).exists() and ROOT / target not in pictures
    ]
    problems = [f"README.md: there is no {target}" for target in links]
    changed = [path for path, content in wanted.items() if not path.exists() or path.read_bytes() != content]
    if "--check" in sys.argv[1:]:
        finish(
            problems + [f"{path.relative_to(ROOT)} is out of date: tools/make_readme.py" for path in changed],
            "README.md is up to date",
        )
    for path in wanted:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wanted[path])
    finish(problems, f"README.md: {len(changed)} files changed")


if __name__ == "__main__":
    main()
