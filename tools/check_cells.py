"""Checks the manners of cells and outputs.

Source   example cells have at most 25 lines (nine in ten have 20), exported cells 60, bodies of functions 25,
         blank lines and directives not counted; ids are readable and unique; imports in cells of their own,
         none of private names; no commas or `and … or` that hide a statement; no | in docments, which breaks
         their table; no empty cell, nothing commented out, no TODO; a notebook that exports ends with the
         cell that does it.
Outputs  at most 300 kB a notebook; pictures at most 100 kB and 1200 pixels wide; no errors, no warnings or
         progress bars, no widget views (they need scripts from elsewhere), no addresses, no paths of the
         machine that ran them.

Unused names, star imports and the length of lines are ruff's part of the gate.
"""

import ast
import base64
import io
import json
import re
import struct
import tokenize
from collections import Counter
from itertools import pairwise
from pathlib import Path

from notebooks import NOTEBOOKS, Cell, cells, finish, module_of, name, notebook_paths, text_of

EXAMPLE_LINES, EXPORTED_LINES, FUNCTION_LINES = 25, 60, 25
OUTPUT_BYTES, PICTURE_BYTES, PICTURE_WIDTH = 300_000, 100_000, 1200
_RANDOM_ID = re.compile(r"(?=.*\d)[0-9a-f]{8}|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|cell-\d+")
_MACHINE_PATH = re.compile(
    r"(?<![\w.:/])(?:/(?:home|Users|root|work|tmp|opt|usr|private|mnt|content|var/folders)/[\w.-]+|"
    r"[A-Z]:\\Users)|site-packages"
)
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{4,}")
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")


# --- source


def check_source(cell: Cell):
    "Length, emptiness, leftovers."
    if not cell.source.strip():
        yield "empty cell"
    if found := _UNFINISHED.search(cell.source):
        yield f"unfinished: {found[0]}"
    if cell.kind != "code":
        return
    limit = EXPORTED_LINES if cell.exported else EXAMPLE_LINES
    if cell.lines > limit:
        yield f"{cell.lines} lines, {'exported' if cell.exported else 'example'} cells have at most {limit}"
    for node in ast.walk(cell.tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        body = "\n".join(cell.python.split("\n")[node.body[0].lineno - 1 : node.end_lineno])
        length = sum(bool(line.strip()) for line in body.split("\n"))
        if length > FUNCTION_LINES:
            yield f"the body of {node.name} has {length} lines, at most {FUNCTION_LINES}"
    if (
        cell.source.strip()
        and not cell.directives
        and all(line.lstrip().startswith("#") for line in cell.source.splitlines() if line.strip())
    ):
        yield "a cell of comments only"
    if cell.exported and cell.directives.get("eval", "").lower() == "false":
        yield "exported but never run (eval: false)"


def check_imports(cell: Cell):
    "Imports stand alone in their cells and name what they import."
    imports = [node for node in cell.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    others = [
        node
        for node in cell.tree.body
        if node not in imports and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    if imports and others and "nbdev_export(" not in cell.source:
        yield "imports mixed with other code: nbdev runs such cells when it builds the site"
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("amodal_sam"):
            private = [alias.name for alias in node.names if re.match(r"_[a-z]", alias.name)]
            yield from (f"a private name of another module: {name}" for name in private)
    if re.search(r"^from amodal_sam[\w.]* import \(", cell.source, re.M):
        yield "an import of the project over several lines, which nbdev leaves absolute: write it on one"


def check_manner(cell: Cell):
    "No comma that hides a second statement, no `a and b or c` where a choice is meant."
    last = cell.tree.body[-1] if cell.tree.body else None  # its value is shown
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Tuple) and node is not last:
            yield f"two statements joined by a comma: {ast.unparse(node)[:60]}"
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return, ast.keyword)):
            value = node.value
            either = isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or)
            if either and isinstance(value.values[0], ast.BoolOp):
                yield f"a choice by and and or: {ast.unparse(value)[:60]}; write `b if a else c`"


def check_docments(cell: Cell):
    "The comments of a signature, or of the fields of a class, become a table."
    lines = set()
    for node in ast.walk(cell.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines |= set(range(node.lineno, node.body[0].lineno))
        elif isinstance(node, ast.ClassDef):
            lines |= {
                line
                for field in node.body
                if isinstance(field, ast.AnnAssign)
                for line in range(field.lineno, field.end_lineno + 1)
            }
    if not lines:
        return
    for token in tokenize.generate_tokens(io.StringIO(cell.python).readline):
        if token.type == tokenize.COMMENT and token.start[0] in lines and "|" in token.string:
            yield f'| in a docment, say "or": {token.string}'


def check_ids(group: list[Cell]):
    "Ids are words, they show in the exported modules."
    for cell_id, count in Counter(cell.id for cell in group).items():
        if count > 1:
            yield f"id {cell_id!r} stands {count} times"
        if (
            not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell_id)
            or _RANDOM_ID.fullmatch(cell_id)
            or not re.search(r"[a-zA-Z]{2}", cell_id)
        ):
            yield f"id {cell_id!r} is not readable"


# --- outputs


def picture_width(data: bytes) -> int:
    "Width in pixels of a PNG or JPEG, 0 where it cannot be told."
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return struct.unpack(">I", data[16:20])[0]
    position = 2
    while data[:2] == b"\xff\xd8" and position + 9 < len(data) and data[position] == 0xFF:
        if 0xC0 <= data[position + 1] <= 0xCF and data[position + 1] not in (0xC4, 0xC8, 0xCC):
            return struct.unpack(">H", data[position + 7 : position + 9])[0]
        position += 2 + struct.unpack(">H", data[position + 2 : position + 4])[0]
    return 0


def check_picture(data: bytes):
    "A picture is light, and as wide as a page at most."
    if len(data) > PICTURE_BYTES:
        yield f"a picture of {len(data) // 1000} kB, at most {PICTURE_BYTES // 1000}"
    if (width := picture_width(data)) > PICTURE_WIDTH:
        yield f"a picture {width} pixels wide, at most {PICTURE_WIDTH}"


def check_output(output: dict):
    "One stored output."
    if output["output_type"] == "error":
        yield f"a stored error: {output['ename']}: {output['evalue']}"
    if output.get("name") == "stderr":
        yield f"a stored warning or progress bar: {text_of(output['text']).strip()[:80]}"
    parts = output.get("data", {}) | ({"text/plain": output["text"]} if "text" in output else {})
    for mime, value in parts.items():
        if "widget" in mime:
            yield f"a widget view ({mime})"
        elif mime in ("image/png", "image/jpeg"):
            yield from check_picture(base64.b64decode(text_of(value)))
        elif mime.startswith("text/") or mime == "image/svg+xml":
            if found := _MACHINE_PATH.search(text_of(value)):
                yield f"a path of the machine: {found[0]}"
            if found := _ADDRESS.search(text_of(value)):
                yield f"an address: {found[0]}"


# --- notebooks


def check_notebook(path: Path):
    "All problems of a notebook."
    group = cells(path)
    code = [cell for cell in group if cell.kind == "code"]
    yield from (f"{name(path)}: {problem}" for problem in check_ids(group))
    for cell in group:
        for check in (check_source, check_imports, check_manner, check_docments):
            yield from (f"{cell}: {problem}" for problem in check(cell))
        if any(one.get("name") == two.get("name") == "stdout" for one, two in pairwise(cell.outputs)):
            yield f"{cell}: printed text in two pieces, which JupyterLab joins when it saves"
        for output in cell.outputs:
            yield from (f"{cell}: {problem}" for problem in check_output(output))

    size = sum(len(json.dumps(cell.outputs)) for cell in code)
    if size > OUTPUT_BYTES:
        yield f"{name(path)}: {size // 1000} kB of outputs, at most {OUTPUT_BYTES // 1000}"
    if module_of(path) and "nbdev_export(" not in group[-1].source:
        yield f"{name(path)}: the last cell is not the one that exports"
    if "widgets" in json.loads(path.read_text(encoding="utf-8"))["metadata"]:
        yield f"{name(path)}: widget state in the metadata"


def main():
    paths = notebook_paths()
    problems = [problem for path in paths for problem in check_notebook(path)]
    problems += [
        f"{path.relative_to(NOTEBOOKS)}: would hide a whole folder from the tests"
        for path in NOTEBOOKS.rglob(".notest")
    ]
    code = [cell for path in paths for cell in cells(path) if cell.kind == "code"]
    lengths = sorted(cell.lines for cell in code if not cell.exported)
    median, ninetieth = lengths[len(lengths) // 2], lengths[9 * len(lengths) // 10]
    if ninetieth > 20:
        problems.append(f"one example cell in ten has more than {ninetieth} lines, at most 20")
    done = f"{len(code)} cells of code are in order; half of the examples have at most {median} lines"
    finish(problems, done)


if __name__ == "__main__":
    main()
