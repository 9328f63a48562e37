"""Checks the order of the book: a numbered notebook imports modules of earlier notebooks only, in its
lessons too, and its decade is its wing.

Of two notebooks with the same number the first by name is the earlier. Stems are unique without their
numbers, since pages are called after them. Who may import whom at all is said in pyproject.toml and checked
by import-linter.
"""

import ast
from collections import Counter

from notebooks import PACKAGE, Cell, cells, finish, module_of, notebook_paths, number

WINGS = (
    ("",),
    ("modeling",),
    ("synthesis",),
    ("benchmarks",),
    ("training",),
    ("evaluation",),
    ("video",),
    ("canvas", "exchange"),
    ("cli",),
)  # by decade; the ground is no package
# What a user calls stands at the root, wherever its story is told.
_AT_THE_ROOT = {"predict", "order", "order_pictures", "scene"}


def imported(cell: Cell, modules: set[str]) -> set[str]:
    "The modules of the project that a cell imports, lazily or not."
    found = set()
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {full.removeprefix(PACKAGE.name + ".") for full in found} & modules


def placed(module: str, chapter: int) -> bool:
    "Does a module stand in the wing of its notebook's decade?"
    wings = WINGS[chapter // 10] if chapter // 10 < len(WINGS) else ()
    return module in _AT_THE_ROOT or module.rpartition(".")[0] in wings


def main():
    paths = notebook_paths()
    places = {module: (number(path), path.name) for path in paths if (module := module_of(path))}
    stems = Counter(path.stem.partition("_")[2] for path in paths if number(path) is not None)
    problems = [
        f"{stem}: {count} notebooks are called so, and their pages would be one"
        for stem, count in stems.items()
        if count > 1
    ]
    for path in paths:
        module, here = module_of(path), (number(path), path.name)
        if module and here[0] is None:
            problems.append(
                f"{path.name}: exports {module} but has no number, so it has no place in the order"
            )
        elif module and not placed(module, here[0]):
            problems.append(
                f"{path.name}: exports {module}, which is not of the wing of its decade ({WINGS})"
            )
        for cell in cells(path):
            for other in sorted(imported(cell, places.keys()) - {module}):
                if None in (here[0], places[other][0]) or places[other] < here:
                    continue
                problems.append(f"{cell}: imports {other}, which is {places[other][1]} and so comes later")
    finish(problems, f"{len(places)} modules import earlier ones only")


if __name__ == "__main__":
    main()
