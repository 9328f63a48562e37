"""Checks that `nbdev_clean` would change no notebook: no execution counts, no foreign metadata, keys in
order.

Works on a copy, so it needs no commit and changes nothing. To mend: nbdev_clean
"""

from notebooks import ROOT, command, finish, name, notebook_paths, project_copy, run


def main():
    paths, problems = notebook_paths(), []
    with project_copy() as copy:
        cleaning = run(command("nbdev_clean"), cwd=copy)
        if cleaning.returncode:
            problems.append(cleaning.stdout)
        for path in paths:
            if (copy / path.relative_to(ROOT)).read_bytes() != path.read_bytes():
                problems.append(f"{name(path)}: not clean: nbdev_clean --fname {path.relative_to(ROOT)}")
    finish(problems, f"{len(paths)} notebooks are clean")


if __name__ == "__main__":
    main()
