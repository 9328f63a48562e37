"""What has to hold of the finished pages, whoever rendered them. check_docs.py builds the site and asks
here; a folder can be asked about by itself:

usage: check_pages.py [SITE]        SITE: a folder of pages, _docs where nothing is given

- Nothing is fetched from another host: no script, style, font, picture or frame.
- Every link, picture, frame and anchor leads to something; every page can be reached from the first one,
  and leads on.
- No markup is left over: TeX outside of code, fences of callouts, directives of cells, references that
  nothing resolved.
- Every picture has a text for those who do not see it, and a size that is not nothing.
- Every page has a title, one sentence about itself, and an introduction before its first section.
- Both colour schemes, the search index and llms.txt are there and know every page.
"""

import base64
import binascii
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from notebooks import ROOT, finish

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_BLOCKS = {"p", "div", "li", "td", "th", "tr", "h1", "h2", "h3", "h4", "pre", "section", "main", "nav", "br"}
_VERBATIM = {"code", "pre", "script", "style", "math", "textarea", "svg", "template"}
_FETCHED = {
    "img": "src",
    "script": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
_OTHER_HOST = re.compile(r"(?:https?:)?//[\w.-]+")
_STYLE_FETCH = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\"')\s]+)")
_SCRIPT_FETCH = re.compile(
    r"(?:\bfrom|\bimport|\bfetch\(|importScripts\()\s*\(?[\"'`]((?:https?:)?//[^\"'`]+)"
)
_LEFTOVERS = {
    "raw TeX": re.compile(
        r"\\[\[(]|\\(?:begin|text|mathbf|mathcal|frac|sum|qquad|times|cdot|sigma)\b|\$\$|\$\\\w"
    ),
    "a fence of a callout": re.compile(r"(?m)^\s*:{3,}|:{3,}\s*\{|\{\.callout"),
    "a directive of a cell": re.compile(r"(?m)^\s*#\s*\|\s*\w+"),
    "a reference that nothing resolved": re.compile(
        r"(?<![\w`.])\?@(?:fig|tbl|eq|sec)-|(?<![\w`.])@(?:fig|tbl|eq|sec)-\w"
    ),
    "a fence of code": re.compile(r"(?m)^\s*```"),
    "a row of a table": re.compile(r"(?m)^\s*\|[^|\n]+\|.*\|\s*$"),
    "a link in Markdown": re.compile(r"\]\((?:[\w./-]+\.(?:ipynb|html|md)|https?:)"),
}


class Page(HTMLParser):
    "What a page says, fetches, shows and links to."

    def __init__(self, path: Path):
        super().__init__(convert_charrefs=True)
        self.path, self.open, self.words, self.ids, self.links, self.fetches, self.pictures = (
            path,
            [],
            [],
            set(),
            [],
            [],
            [],
        )
        self.inline, self.title, self.description, self.order, self.schemes = [], "", "", [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        if tag in _BLOCKS:
            self.words.append("\n")
        if tag not in _VOID:
            self.open.append((tag, given.get("class", "")))
        if given.get("id"):
            self.ids.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append((given["href"], bool({"main", "article"} & {name for name, _ in self.open})))
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload", "modulepreload"):
            self.fetches.append(given.get("href", ""))
            if "quarto-color-scheme" in given.get("class", ""):
                self.schemes.append(given.get("href", ""))
        if tag in _FETCHED and given.get(_FETCHED[tag]):
            self.fetches.append(given[_FETCHED[tag]])
        if given.get("style"):
            self.inline.append(("style", given["style"]))
        if given.get("srcdoc"):
            self.inline.append(("page", given["srcdoc"]))
        if tag == "img":
            self.pictures.append((given.get("src", ""), given.get("alt", "").strip() or self._captioned()))
        if tag == "meta" and given.get("name") == "description":
            self.description = given.get("content", "").strip()
        if self._inside("main") and tag in ("h1", "h2", "h3", "p", "figure", "pre", "table", "ul", "ol"):
            self.order.append(tag)

    def handle_endtag(self, tag):
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place][0] == tag:
                del self.open[place:]
                return

    def handle_data(self, data):
        tags = [name for name, _ in self.open]
        if "title" in tags and "svg" not in tags:
            self.title += data
        if tags and tags[-1] in ("script", "style"):
            self.inline.append((tags[-1], data))
        if not _VERBATIM & set(tags) and "title" not in tags:
            self.words.append(data)

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self.open)

    def _captioned(self) -> str:
        return "in a figure" if self._inside("figure") else ""

    @property
    def text(self) -> str:
        return "".join(self.words)


def local(target: str) -> bool:
    return not re.match(r"[a-zA-Z][\w+.-]*:|//", target)


def check_hosts(page: Page):
    "Nothing from elsewhere."
    for target in page.fetches:
        if _OTHER_HOST.match(target):
            yield f"fetches from another host: {target[:80]}"
    for kind, text in page.inline:
        if kind == "page":
            yield from (
                f"a frame fetches from another host: {found[1][:80]}"
                for found in re.finditer(r"(?:src|href)=[\"']?((?:https?:)?//[^\"'\s>]+)", text)
            )
        for pattern in (_STYLE_FETCH, _SCRIPT_FETCH):
            yield from (f"fetches from another host: {found[1][:80]}" for found in pattern.finditer(text))


def check_links(page: Page, pages: dict[Path, Page], site: Path):
    "Everything on the own site that is linked to, or shown, is there."
    for target in dict.fromkeys([target for target, _ in page.links] + page.fetches):
        if not local(target):
            continue
        parts = urlsplit(target)
        path = (
            (page.path.parent / unquote(parts.path)).resolve()
            if not parts.path.startswith("/")
            else (site / unquote(parts.path).lstrip("/")).resolve()
        )
        if not parts.path:
            path = page.path
        if path.is_dir():
            path = path / "index.html"
        if not path.is_file():
            yield f"there is no {target}"
        elif (
            parts.fragment
            and path in pages
            and unquote(parts.fragment) not in pages[path].ids
            and parts.fragment != "top"
        ):
            yield f"{path.name} has no place called {parts.fragment}"
        elif path.suffix == ".ipynb":
            yield f"leads to a notebook instead of its page: {target}"


def check_text(page: Page):
    "Markup that nobody rendered."
    for what, pattern in _LEFTOVERS.items():
        if found := pattern.search(page.text):
            around = page.text[max(0, found.start() - 30) : found.end() + 40]
            yield f"{what} is left over: {' '.join(around.split())}"


def check_pictures(page: Page):
    "Each picture is one, and says what it shows."
    for number, (source, said) in enumerate(page.pictures, 1):
        if not source:
            yield f"picture {number} has no source"
        if source.startswith("data:"):
            try:
                size = len(base64.b64decode(source.partition(",")[2], validate=True))
            except binascii.Error:
                size = 0
            if size < 100:
                yield f"picture {number} is empty"
        if not said:
            yield f"picture {number} has neither a caption nor a text in its place"


def check_manners(page: Page):
    "A title, a sentence about the page, an introduction."
    if not page.title.strip():
        yield "has no title"
    if not page.description:
        yield "has no description: the > line under the title"
    order = page.order[page.order.index("h1") + 1 :] if "h1" in page.order else page.order
    first = next((tag for tag in order if tag in ("h2", "h3")), None)
    before = order[: order.index(first)] if first else order
    if before.count("p") < 1:
        yield "begins with a section instead of an introduction"


def check_whole(site: Path, pages: dict[Path, Page]):
    "What the site has besides its pages, and whether one gets everywhere."
    first = site / "index.html"
    if first not in pages:
        return (yield "there is no index.html")
    reached, waiting = {first}, [first]
    while waiting:
        here = waiting.pop()
        for target, _ in pages[here].links:
            path = (
                (here.parent / unquote(urlsplit(target).path)).resolve()
                if local(target) and urlsplit(target).path
                else here
            )
            if path in pages and path not in reached:
                reached.add(path), waiting.append(path)
    for path in sorted(pages.keys() - reached):
        yield f"{path.relative_to(site)}: no way leads there from index.html"
    for path, page in pages.items():
        if not any(inside and local(target) and urlsplit(target).path for target, inside in page.links):
            yield f"{path.relative_to(site)}: a dead end, its text and its foot lead nowhere"
        if len(page.schemes) < 2:
            yield f"{path.relative_to(site)}: has no dark colour scheme"
    index = {}
    for name in ("search.json", "llms.txt"):
        if not (site / name).is_file():
            yield f"there is no {name}"
        else:
            index[name] = (site / name).read_text(encoding="utf-8")
    known = {entry["href"].partition("#")[0] for entry in json.loads(index.get("search.json", "[]"))}
    for path in pages:
        relative = path.relative_to(site).as_posix()
        if "search.json" in index and relative not in known:
            yield f"{relative}: the search does not know it"
        if "llms.txt" in index and f"{relative.removesuffix('.html')}.llms.md" not in index["llms.txt"]:
            yield f"{relative}: llms.txt does not list it"
    for sheet in site.rglob("*.css"):
        yield from (
            f"{sheet.relative_to(site)}: fetches from another host: {found[1][:80]}"
            for found in _STYLE_FETCH.finditer(sheet.read_text(encoding="utf-8"))
        )


def check(site: Path) -> list[str]:
    "All problems of a site."
    site = site.resolve()
    pages = {path: Page(path) for path in sorted(site.rglob("*.html")) if "site_libs" not in path.parts}
    found = {}  # what is wrong on many pages, as an entry of the sidebar is, is said once
    for path, page in pages.items():
        checks = (
            check_hosts(page),
            check_links(page, pages, site),
            check_text(page),
            check_pictures(page),
            check_manners(page),
        )
        for problem in (problem for one in checks for problem in one):
            found.setdefault(problem.replace("../", ""), []).append(path.relative_to(site).as_posix())
    return list(check_whole(site, pages)) + [
        f"{where[0]}{f' and {len(where) - 1} more' if where[1:] else ''}: {problem}"
        for problem, where in found.items()
    ]


def main():
    site = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "_docs"
    if not site.is_dir():
        finish([f"there is no {site}: make docs"], "")
    finish(check(site), f"{len(list(site.rglob('*.html')))} pages are in order")


if __name__ == "__main__":
    main()
