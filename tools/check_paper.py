"""Checks which equations of the paper the code claims: docstrings of public names that say "(equation N)".

All eleven must be claimed, none that does not exist, and references are spelled in one way: equation N, section N, table N, appendix A.N.
"""
import ast
import re

from notebooks import PACKAGE, finish

EQUATIONS = range(1, 12)
_REFERENCE = re.compile(r"\bequations?\s+((?:\d+)(?:(?:\s*,\s*|\s+and\s+|\s+to\s+)\d+)*)")
_MISSPELT = re.compile(r"\b[Ee]qs?\.|\bEquations?\s+\(?\d|\bequations?\s+\(\d|\b[Ss]ec\.|\bSection\s+\d|\b[Tt]ab\.\s*\d|\b[Aa]pp\.\s*\d")


def public(tree: ast.Module, module: str):
    "The public classes, functions and methods of a module with their docstrings."
    for node in tree.body:
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)) or node.name.startswith("_"): continue
        yield f"{module}.{node.name}", ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef):
            methods = [child for child in node.body if isinstance(child, ast.FunctionDef) and not child.name.startswith("_")]
            for method in methods: yield f"{module}.{node.name}.{method.name}", ast.get_docstring(method) or ""


def claimed(docstring: str) -> set[int]:
    "The equations that a docstring names: \"equation 5\", \"equations 7 and 8\", \"equations 7 to 10\"."
    found = set()
    for listed in _REFERENCE.findall(docstring):
        numbers = [int(number) for number in re.findall(r"\d+", listed)]
        found |= set(range(numbers[0], numbers[-1] + 1)) if " to " in listed else set(numbers)
    return found


def paper_map() -> tuple[dict[int, list[str]], list[str]]:
    "Which names claim which equation, and which docstrings misspell a reference."
    claims, misspelt = {}, []
    for path in sorted(PACKAGE.glob("*.py")):
        for full_name, docstring in public(ast.parse(path.read_text()), path.stem):
            for equation in claimed(docstring): claims.setdefault(equation, []).append(full_name)
            if found := _MISSPELT.search(docstring): misspelt.append(f'{full_name}: says "{found[0]}", the spelling is "equation N", "section N", "table N" or "appendix A.N"')
    return dict(sorted(claims.items())), misspelt


def main():
    claims, problems = paper_map()
    problems += [f"equation {equation} is not in the paper, but {', '.join(names)} claims it" for equation, names in claims.items() if equation not in EQUATIONS]
    problems += [f"equation {equation} is claimed by no public name" for equation in EQUATIONS if equation not in claims]
    listing = "\n".join(f"equation {equation}: {', '.join(names)}" for equation, names in claims.items())
    finish([*problems, listing] if problems else [], listing)


if __name__ == "__main__": main()
