"""How the site shows a signature: names and defaults on one line, and a table of what each parameter is,
from the comments beside it (docments).

build_site.py names it as nbdev's renderer while it builds; JupyterLab keeps nbdev's own, which writes the
comments into the signature.
"""

import ast
import builtins
import inspect
import io
import re
import sys
import tokenize
from inspect import Parameter

from fastcore.docments import docments
from nbdev.doclinks import NbdevLookup
from nbdev.showdoc import BasicMarkdownRenderer
from notebooks import ROOT

WIDTH = 92


def kind_of(annotation) -> str:
    "A type as code, without modules; alternatives are joined by a word: a bar would end the cell of a table."
    if annotation is inspect.Parameter.empty or annotation is None:
        return ""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text).replace("'", "")
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[(") - (character in "])")
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return " or ".join(f"`{part.strip().replace(' | ', ' or ')}`" for part in parts)


def default_of(value) -> str:
    "A default as it would be typed, or shortly."
    text = getattr(value, "__name__", None) or repr(value)
    return (
        re.sub(r"<factory>|<.*", "...", text, flags=re.S)
        if "<" in text
        else text
        if len(text) <= 40
        else re.sub(r"\(.*", "(...)", text, flags=re.S)
    )


def signature_of(name: str, parameters: list[Parameter]) -> str:
    "`name(first, *, second=1)`, wrapped between parameters."
    words, starred = [], False
    for parameter in parameters:
        if parameter.kind is Parameter.KEYWORD_ONLY and not starred:
            words.append("*")
        starred |= parameter.kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_POSITIONAL)
        mark = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        words.append(
            f"{mark}{parameter.name}"
            + ("" if parameter.default is Parameter.empty else f"={default_of(parameter.default)}")
        )
    lines = [""]
    for number, word in enumerate(words):
        word += ", " if number + 1 < len(words) else ""
        if lines[-1] and len(name) + len(lines[-1]) + len(word.rstrip()) > WIDTH:
            lines.append("")
        lines[-1] += word
    return f"{name}({(chr(10) + ' ' * (len(name) + 1)).join(line.rstrip() for line in lines)})"


def table_of(symbol, parameters: list[Parameter]) -> str:
    "The rows that say something: parameter, type, meaning; what is returned comes last."
    told = docments(symbol, full=True)
    fields = field_comments(symbol) if inspect.isclass(symbol) else {}
    rows = []
    for parameter in parameters:
        meaning = told.get(parameter.name, {}).get("docment") or fields.get(parameter.name)
        meaning = meaning or getattr(parameter.default, "help", None)  # of an option on the command line
        rows.append((parameter.name, kind_of(parameter.annotation), meaning))
    rows = [(f"`{name}`", kind, meaning if isinstance(meaning, str) else "") for name, kind, meaning in rows]
    returned = {} if inspect.isclass(symbol) else told.get("return", {})
    meaning, kind = returned.get("docment"), kind_of(returned.get("anno", Parameter.empty))
    if isinstance(meaning, str) or kind not in ("", "`None`"):
        rows.append(("returns", kind, meaning if isinstance(meaning, str) else ""))
    if not any(kind or meaning for _, kind, meaning in rows):
        return ""
    return "\n".join(
        [
            "| parameter | type | meaning |",
            "|---|---|---|",
            *("| " + " | ".join(" ".join(word.split()) for word in row) + " |" for row in rows),
        ]
    )


def field_comments(symbol: type) -> dict[str, str]:
    "The comments beside the fields of an exported class, which a class of a notebook being run has lost."
    found = NbdevLookup()[symbol.__name__]
    if not found or not (path := ROOT / found[1]).is_file():
        return {}
    source = path.read_text(encoding="utf-8")
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    body = next((node.body for node in classes if node.name == symbol.__name__), [])
    names = {node.end_lineno: node.target.id for node in body if isinstance(node, ast.AnnAssign)}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
    return {name: comments[line].lstrip("# ") for line, name in names.items() if line in comments}


def name_types(symbol) -> None:
    "Names that annotations hold as text, and that are imported for type checkers only, become empty classes."
    for part in (symbol, getattr(symbol, "__init__", None)):
        module = sys.modules.get(getattr(part, "__module__", ""), builtins)
        names = getattr(part, "__globals__", vars(module))
        written = [kind for kind in getattr(part, "__annotations__", {}).values() if isinstance(kind, str)]
        for name in re.findall(r"[A-Za-z_]\w*", " ".join(written)):
            if name not in names and not hasattr(builtins, name):
                names[name] = type(name, (), {"__module__": "builtins"})


class TableRenderer(BasicMarkdownRenderer):
    "A heading, the signature, the docstring and the table."

    def __init__(self, sym, *arguments, **options):
        name_types(sym)
        super().__init__(sym, *arguments, **options)

    def _repr_markdown_(self) -> str:
        parameters = [
            parameter
            for parameter in (self.sig.parameters.values() if self.sig else ())
            if parameter.name != "self"
        ]
        source = NbdevLookup().code(self.fn)
        blocks = [
            "---",
            f'[source]({source}){{target="_blank" style="float:right; font-size:smaller"}}' if source else "",
            f"{'#' * self.title_level} {self.nm}",
        ]
        signature = signature_of(self.nm.split(".")[-1], parameters) if self.sig else ""
        blocks += [
            f"```python\n{signature}\n```" if signature else "",
            self.docs.strip(),
            table_of(self.sym, parameters),
        ]
        return "\n\n".join(block for block in blocks if block)
