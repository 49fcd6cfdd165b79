"""Everything public is documented, and what editors show is what the module says."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import atmqtt
import atmqtt.aio
from atmqtt import _native

PACKAGE = Path(atmqtt.__file__).parent


def test_the_stub_says_what_the_module_says() -> None:
    """``tests/scripts/stub-docs.py`` writes it."""
    tree = ast.parse((PACKAGE / "_native.pyi").read_text())
    compared = 0
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        cls = getattr(_native, node.name)
        assert ast.get_docstring(node) == inspect.cleandoc(cls.__doc__), node.name
        seen = set()
        for member in node.body:
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                name = f"{node.name}.{member.name}"
                if name not in seen:  # a setter has that of its property
                    text = inspect.cleandoc(getattr(cls, member.name).__doc__)
                    assert ast.get_docstring(member) == text, name
                    compared += 1
                seen.add(name)
        public = {name for name in vars(cls) if not name.startswith("_")}
        assert public == {name.split(".")[1] for name in seen}, node.name
    assert compared > 105


@pytest.mark.parametrize(
    "path", sorted([*PACKAGE.glob("*.py"), *PACKAGE.glob("aio/*.py")]), ids=lambda path: path.name
)
def test_everything_has_a_docstring(path: Path) -> None:
    """Modules, classes, functions, and every field and member in the form of a string behind it."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name
            plain_names = is_plain_enumeration(node)
            for member, behind in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                    is_setter = any(
                        ast.unparse(one).endswith(".setter") for one in member.decorator_list
                    )
                    if not member.name.startswith("_") and not is_setter:
                        assert ast.get_docstring(member), f"{node.name}.{member.name}"
                elif isinstance(member, ast.AnnAssign) or (
                    isinstance(member, ast.Assign) and not plain_names
                ):
                    name = f"{node.name}.{ast.unparse(member).split('=')[0].strip()}"
                    if name.endswith(".kind"):
                        continue  # said at Error.kind
                    assert isinstance(behind, ast.Expr), name
                    assert isinstance(behind.value, ast.Constant), name


def is_plain_enumeration(node: ast.ClassDef) -> bool:
    """Whether the names of its members say everything."""
    return node.name in {"ErrorKind", "SettingName", "AccessTechnology", "IpType"}


def test_publish_names_its_sibling() -> None:
    for cls in (atmqtt.Client, atmqtt.aio.Client, atmqtt.Link, atmqtt.aio.Link):
        publish = cls.publish
        first = (publish.__doc__ or "").splitlines()[0]
        assert "waits for its outcome" in first
        assert "publish_start" in first
