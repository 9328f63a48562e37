"""Checks that the workflows on GitHub do what this folder offers: targets that the Makefile has, programs
that are here, and the Pythons that setup.py names."""

import re

import yaml

from notebooks import ROOT, finish

_TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
_PYTHONS = re.findall(r"\"(3\.\d+)\"", re.search(r"pythons = \[(.*)\]", (ROOT / "setup.py").read_text())[1])


def check(name: str, text: str) -> list[str]:
    "What does not fit in one workflow."
    try:
        jobs = yaml.safe_load(text)["jobs"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        return [f"{name}: is no workflow: {error}"]
    problems = []
    for job, described in jobs.items():
        if "timeout-minutes" not in described and "publish" not in job:
            problems.append(f"{name}: {job} has no timeout-minutes")
        matrix = described.get("strategy", {}).get("matrix", {})
        if "python" in matrix and list(map(str, matrix["python"])) != _PYTHONS:
            problems.append(
                f"{name}: {job} runs on Python {', '.join(map(str, matrix['python']))}, setup.py names "
                f"{', '.join(_PYTHONS)}"
            )
        for step in described["steps"]:
            for target in re.findall(r"\bmake ([\w-]+)", step.get("run", "")):
                if target not in _TARGETS:
                    problems.append(f"{name}: {job} calls make {target}, which the Makefile does not have")
            for script in re.findall(r"\b(?:bash|sh|python) ([\w./-]+/[\w./-]+)", step.get("run", "")):
                if not (ROOT / script).is_file():
                    problems.append(f"{name}: {job} calls {script}, which is not here")
            python = str(step.get("with", {}).get("python-version", _PYTHONS[0]))
            if python not in _PYTHONS and "matrix" not in python:
                problems.append(f"{name}: {job} takes Python {python}")
            if not re.fullmatch(
                r"[\w.-]+/[\w./-]+@(v?\d[\w.]*|release/v\d+|[0-9a-f]{40})", step.get("uses", "a/b@v1")
            ):
                problems.append(f"{name}: {job} uses {step['uses']} without a version")
    return problems


def main():
    paths = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
    problems = [problem for path in paths for problem in check(path.name, path.read_text())]
    tested = [str(path.read_text()) for path in paths if "matrix" in path.read_text()]
    if not any("ubuntu" in text and "macos" in text for text in tested):
        problems.append("no workflow tests on Linux and macOS")
    finish(problems, f"{len(paths)} workflows call what is here")


if __name__ == "__main__":
    main()
