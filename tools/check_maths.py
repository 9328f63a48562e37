r"""Checks that every formula of the notebooks and of the docments can become MathML, with which the site
needs no script from elsewhere.

Pandoc drops \tag silently and shows \rm and a bare & as raw TeX; these, unbalanced braces and an odd number
of $ are looked for everywhere. Where pandoc is on the PATH, all formulas are converted as well, and a
warning is a failure.
"""

import io
import re
import shutil
import subprocess
import tokenize

from notebooks import Cell, cells, finish, notebook_paths

_FENCE = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.M | re.S)
_CODE = re.compile(r"(`+)[^`].*?\1", re.S)
_DISPLAY = re.compile(r"(?<!\\)\$\$(.+?)(?<!\\)\$\$", re.S)
_INLINE = re.compile(r"(?<![\\$])\$(?=\S)((?:[^$\\]|\\.)+?)(?<=\S)\$(?![\d$])")
_TABULAR = re.compile(
    r"\\begin\{(aligned|align\*?|cases|array|[pbvBV]?matrix|split|gathered)\}.*?\\end\{\1\}", re.S
)
_SAY_INSTEAD = {
    r"\tag": r"\qquad (N)",
    r"\rm": r"\text{...}",
    r"\bf": r"\mathbf{...}",
    r"\it": r"\mathit{...}",
    r"\mbox": r"\text{...}",
}


def texts(cell: Cell) -> list[str]:
    "Where a cell may hold formulas: markdown, or the comments of code that is exported."
    if cell.kind == "markdown":
        return [_CODE.sub("", _FENCE.sub("", cell.source))]
    if not cell.exported:
        return []
    try:
        return [
            token.string
            for token in tokenize.generate_tokens(io.StringIO(cell.python).readline)
            if token.type == tokenize.COMMENT
        ]
    except (tokenize.TokenError, SyntaxError):
        return []


def formulas(text: str) -> tuple[list[tuple[str, str]], str]:
    "The formulas as (mark, TeX), and the text that is left without them."
    found = [("$$", formula) for formula in _DISPLAY.findall(text)]
    rest = _DISPLAY.sub("", text)
    return found + [("$", formula) for formula in _INLINE.findall(rest)], _INLINE.sub("", rest)


def faults(formula: str) -> list[str]:
    "What is known to convert badly."
    found = [
        f"{macro} does not convert, write {better}"
        for macro, better in _SAY_INSTEAD.items()
        if re.search(re.escape(macro) + r"(?![a-zA-Z])", formula)
    ]
    if re.search(r"(?<!\\)&", _TABULAR.sub("", formula)):
        found.append(r"a bare & outside aligned or cases, write \mathbin{\&}")
    if len(re.findall(r"(?<!\\)\{", formula)) != len(re.findall(r"(?<!\\)\}", formula)):
        found.append("unbalanced braces")
    if len(re.findall(r"\\left(?![a-zA-Z])", formula)) != len(re.findall(r"\\right(?![a-zA-Z])", formula)):
        found.append(r"\left without \right")
    return found


def main():
    problems, count, pandoc = [], 0, shutil.which("pandoc")
    for path in notebook_paths():
        document = []
        for cell in cells(path):
            for text in texts(cell):
                found, rest = formulas(text)
                count += len(found)
                problems += [
                    f"{cell}: {fault}: {formula.strip()[:80]}"
                    for _, formula in found
                    for fault in faults(formula)
                ]
                if cell.kind == "markdown" and "$$" in rest:
                    problems.append(f"{cell}: a $$ without its partner")
                document += [f"{mark}{formula}{mark}" for mark, formula in found]
        if pandoc and document:
            said = subprocess.run(
                [pandoc, "--from=markdown", "--to=html", "--mathml"],
                input="\n\n".join(document),
                capture_output=True,
                text=True,
            ).stderr
            problems += [f"{path.name}: pandoc: {said.strip()}"] if said.strip() else []
    finish(
        problems,
        f"{count} formulas are fit for MathML "
        f"({'converted by pandoc' if pandoc else 'light check only, no pandoc on the PATH'})",
    )


if __name__ == "__main__":
    main()
