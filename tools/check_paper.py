"""Checks which equations of the paper the code claims: docstrings of public names that say "(equation N)".

All eleven must be claimed, and neither docstrings nor notebooks may name an equation, section, table or
figure that the paper does not have. References are spelled in one way: equation N, section N, table N,
figure N, appendix A.N. Every `Choice` has its parts in their order.
"""

import ast
import re

from notebooks import PACKAGE, cells, finish, notebook_paths

EQUATIONS = range(1, 12)
_PIECES = {
    "equation": {str(number) for number in EQUATIONS},
    "table": {str(number) for number in range(1, 9)},
    "figure": {str(number) for number in range(1, 14)},
    "section": {
        "1",
        "2",
        "2.1",
        "2.2",
        "3",
        "3.1",
        "3.2",
        "3.3",
        "3.4",
        "3.5",
        "4",
        "4.1",
        "4.2",
        "4.3",
        "4.4",
        "5",
    },
    "appendix": {
        "A.1",
        "A.1.1",
        "A.1.2",
        "A.1.3",
        "A.1.4",
        "A.2",
        "A.2.1",
        "A.2.2",
        "A.2.3",
        "A.2.4",
        "A.3",
        "A.3.1",
        "A.3.2",
    },
}
_NUMBER = r"(?:A\.)?\d+(?:\.\d+)*"
_PIECE = re.compile(
    rf"\b(?P<kind>equation|section|table|figure)s?\s+(?P<listed>{_NUMBER}(?:(?:\s*,\s*|\s+and\s+|"
    rf"\s+to\s+){_NUMBER})*)|\b(?P<other>appendix|appendices)\s+(?P<appended>A\.{_NUMBER}(?:(?:,\s*|"
    rf"\s+and\s+|\s+to\s+)A\.{_NUMBER})*)"
)
_CHOICE = re.compile(r":{3,} *\{\.callout-\w+ title=\"Choice: ([^\"]*)\"\}\n(.*?)\n:{3,}", re.S)
_PARTS = re.compile(
    r"\*\*Paper:?\*\*.*?\*\*We take\*\*.*?(?:Because).*?\*\*Changes?\*\*.*?\*\*Evidence\*\*", re.S
)
_REFERENCE = re.compile(r"\bequations?\s+((?:\d+)(?:(?:\s*,\s*|\s+and\s+|\s+to\s+)\d+)*)")
_MISSPELT = re.compile(
    r"\b[Ee]qs?\.|\bEquations?\s+\(?\d|\bequations?\s+\(\d|\b[Ss]ec\.|\bSection\s+\d|\b[Tt]ab\.\s*\d|"
    r"\b[Aa]pp\.\s*\d"
)


def public(tree: ast.Module, module: str):
    "The public classes, functions and methods of a module with their docstrings."
    for node in tree.body:
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)) or node.name.startswith("_"):
            continue
        yield f"{module}.{node.name}", ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef):
            methods = [
                child
                for child in node.body
                if isinstance(child, ast.FunctionDef) and not child.name.startswith("_")
            ]
            for method in methods:
                yield f"{module}.{node.name}.{method.name}", ast.get_docstring(method) or ""


def claimed(docstring: str) -> set[int]:
    'The equations that a docstring names: "equation 5", "equations 7 and 8", "equations 7 to 10".'
    found = set()
    for listed in _REFERENCE.findall(docstring):
        numbers = [int(number) for number in re.findall(r"\d+", listed)]
        found |= set(range(numbers[0], numbers[-1] + 1)) if " to " in listed else set(numbers)
    return found


def paper_map() -> tuple[dict[int, list[str]], list[str]]:
    "Which names claim which equation, and which docstrings misspell a reference."
    claims, misspelt = {}, []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for full_name, docstring in public(ast.parse(path.read_text()), module):
            for equation in claimed(docstring):
                claims.setdefault(equation, []).append(full_name)
            misspelt += [
                f"{full_name}: there is no {piece} in the paper"
                for piece in unknown(docstring)
                if not piece.startswith("equation")
            ]
            if found := _MISSPELT.search(docstring):
                misspelt.append(
                    f'{full_name}: says "{found[0]}", the spelling is "equation N", "section N", "table '
                    f'N" or "appendix A.N"'
                )
    return dict(sorted(claims.items())), misspelt


def unknown(text: str) -> list[str]:
    "Pieces that a text names and the paper does not have."
    found = []
    for piece in _PIECE.finditer(text):
        kind = piece["kind"] or "appendix"
        found += [
            f"{kind} {number}"
            for number in re.findall(_NUMBER, piece["listed"] or piece["appended"])
            if (kind == "section" or "." not in number or number[0] == "A")
            and number not in _PIECES["appendix" if number.startswith("A") else kind]
        ]
    return found


def notebook_claims() -> list[str]:
    "What notebooks say of the paper that cannot be, and choices that lack a part."
    problems = []
    for cell in (cell for path in notebook_paths() for cell in cells(path) if cell.kind == "markdown"):
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", cell.source, flags=re.S)
        problems += [f"{cell}: there is no {piece} in the paper" for piece in unknown(prose)]
        problems += [
            f"{cell}: the choice {title!r} lacks one of Paper, We take, Because, Changes, Evidence"
            for title, told in _CHOICE.findall(cell.source)
            if not _PARTS.search(told)
        ]
        if cell.source.count('title="Choice:') != len(_CHOICE.findall(cell.source)):
            problems.append(f"{cell}: a choice that is not closed, or has no title")
    return problems


def main():
    claims, problems = paper_map()
    problems += notebook_claims()
    problems += [
        f"equation {equation} is not in the paper, but {', '.join(names)} claims it"
        for equation, names in claims.items()
        if equation not in EQUATIONS
    ]
    problems += [
        f"equation {equation} is claimed by no public name"
        for equation in EQUATIONS
        if equation not in claims
    ]
    listing = "\n".join(f"equation {equation}: {', '.join(names)}" for equation, names in claims.items())
    finish([*problems, listing] if problems else [], listing)


if __name__ == "__main__":
    main()
