"""Checks that the modules are what the notebooks export now: none edited by hand, none out of date, none
left behind by a notebook that is gone.

The modules are deleted and exported again in a copy, and the two packages are compared. To mend:
nbdev_export (and remove stale modules)
"""

from difflib import unified_diff

from notebooks import PACKAGE, command, finish, module_of, notebook_paths, project_copy, run

_BY_HAND = {"__init__.py"}


def main():
    problems, sources = [], {}
    for path in notebook_paths():
        if module := module_of(path):
            sources.setdefault(module, []).append(path.name)
    problems += [
        f"{module}.py is exported by {' and '.join(names)}: one notebook, one module"
        for module, names in sources.items()
        if len(names) > 1
    ]

    with project_copy() as copy:
        fresh_package = copy / PACKAGE.name
        for module in fresh_package.rglob("*.py"):
            if module.name not in _BY_HAND:
                module.unlink()
        exporting = run(command("nbdev_export"), cwd=copy)
        if exporting.returncode:
            problems.append(exporting.stdout)
        fresh = {
            path.relative_to(fresh_package).as_posix(): path.read_text()
            for path in fresh_package.rglob("*.py")
        }
    stored = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("*.py")}

    for module in sorted(stored.keys() | fresh.keys()):
        if module not in fresh:
            problems.append(f"{module}: stale, no notebook exports it")
        elif module not in stored:
            problems.append(f"{module}: missing, run nbdev_export")
        elif stored[module] != fresh[module]:
            changes = unified_diff(
                stored[module].splitlines(),
                fresh[module].splitlines(),
                f"{module} as it is",
                f"{module} as exported",
                lineterm="",
                n=1,
            )
            problems.append("\n".join([f"{module}: not what its notebook exports", *list(changes)[:20]]))
    finish(problems, f"{len(fresh)} modules are in sync")


if __name__ == "__main__":
    main()
