"""Writes the documentation of the native module into its stub, where editors look for it.

``stub-docs.py`` with the package installed and the path of the stub; ``py/tests/test_docs.py`` checks
that nothing was forgotten. The signatures are written by hand.
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

from atmqtt import _native


def quoted(text: str, indent: int) -> str:
    """The text as a docstring."""
    pad = " " * indent
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if text.endswith('"'):
        text = text[:-1] + '\\"'
    lines = [line and pad + line for line in text.splitlines()]
    lines[0] = pad + '"""' + lines[0].lstrip()
    return "\n".join(lines) + ('"""' if len(lines) == 1 else f'\n{pad}"""')


def documented(tree: ast.Module) -> list[tuple[ast.ClassDef | ast.FunctionDef, str]]:
    """What is documented at run time, with its text; setters share that of their property."""
    found: list[tuple[ast.ClassDef | ast.FunctionDef, str]] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            cls = getattr(_native, node.name)
            found.append((node, inspect.cleandoc(cls.__doc__)))
            seen = set()
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                    if member.name not in seen:
                        text = getattr(cls, member.name).__doc__
                        found.append((member, inspect.cleandoc(text)))
                    seen.add(member.name)
        elif isinstance(node, ast.FunctionDef):
            found.append((node, inspect.cleandoc(getattr(_native, node.name).__doc__)))
    return found


def main() -> None:
    """Rewrites the stub."""
    path = Path(sys.argv[1])
    lines = path.read_text().splitlines()
    for node, text in reversed(documented(ast.parse("\n".join(lines)))):
        first = node.body[0]
        doc = quoted(text, node.col_offset + 4)
        is_ellipsis = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if ast.get_docstring(node) is not None:
            lines[first.lineno - 1 : first.end_lineno] = [doc]
        elif is_ellipsis and len(node.body) == 1:
            at = first.lineno - 1
            lines[at : at + 1] = [lines[at][: first.col_offset].rstrip(), doc]
        else:
            # In front of the first member, and of its decorators.
            decorators = getattr(first, "decorator_list", [])
            at = min([first.lineno, *(one.lineno for one in decorators)]) - 1
            lines[at:at] = [doc, ""]
    path.write_text("\n".join(lines) + "\n")


main()
