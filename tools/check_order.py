"""Checks the direction of imports, which is the direction of the story.

- A numbered notebook imports modules of earlier notebooks only, in its lessons too; of two with the same number the first by name is the earlier.
- The data wing and the model wing never import each other, not even through a third module.
- The leaves import nothing of the project.
"""
import ast

from notebooks import PACKAGE, Cell, cells, finish, module_of, notebook_paths, number

_DATA = {"taos", "clip_taos", "judge", "shards", "shard_stream", "annotations", "pickles", "toy_files", "photographs", "clips", "benchmarks", "human", "vlm"}
_MODEL = {"sca", "sam", "model", "predict", "follow", "sam2_base", "video", "video_memory", "video_objects", "video_predictor"}
_LEAVES = {"sca", "discriminator", "losses"}


def imported(cell: Cell) -> set[str]:
    "The modules of the project that a cell imports, lazily or not."
    found = set()
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Import): found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = PACKAGE.name + (f".{node.module}" if node.module else "") if node.level else node.module
            found |= {f"{base}.{alias.name}" for alias in node.names} if base == PACKAGE.name else {base}
    return {full.split(".")[1] for full in found if full.startswith(PACKAGE.name + ".")}


def reach(module: str, imports: dict[str, set[str]]) -> set[str]:
    "Everything that a module imports, directly or through others."
    found, waiting = set(), [module]
    while waiting:
        new = imports.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def main():
    paths = notebook_paths()
    numbers = {module: number(path) for path in paths if (module := module_of(path))}
    names = {module: path.name for path in paths if (module := module_of(path))}
    problems, imports = [], {}
    for path in paths:
        module = module_of(path)
        if module and number(path) is None: problems.append(f"{path.name}: exports {module} but has no number, so it has no place in the order")
        for cell in cells(path):
            used = imported(cell)
            if cell.exported and module: imports.setdefault(module, set()).update(used)
            for other in sorted(used & numbers.keys()):
                if None not in (number(path), numbers[other]) and other != module and (numbers[other], names[other]) >= (number(path), path.name):
                    problems.append(f"{cell}: imports {other}, which is notebook {numbers[other]:02} and so comes later")

    for module in sorted(imports):
        for wing, other in ((_DATA, _MODEL), (_MODEL, _DATA)):
            if module in wing and (wrong := sorted(reach(module, imports) & other)): problems.append(f"{module}: reaches into the other wing: {', '.join(wrong)}")
        if module in _LEAVES and imports[module]: problems.append(f"{module}: a leaf, but it imports {', '.join(sorted(imports[module]))}")
    finish(problems, f"{len(numbers)} modules import earlier ones only")


if __name__ == "__main__": main()
