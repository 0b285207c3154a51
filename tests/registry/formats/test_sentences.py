"""What readers refuse with can be said in other languages: templates with values, all of them in the catalogue."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import formats
from registry.formats import FormatError
from registry.formats.errors import Malformed
from registry.formats.names import listed
from registry.formats.sentences import AND, joined


def bare_sentences(module: ast.Module) -> Iterator[int]:
    """Lines on which a sentence stands that no catalogue has, or a refusal that is made of no template."""
    kinds = {kind.__name__ for kind in FormatError.__subclasses__()}
    known = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[template]) if name in kinds or name == "gettext_noop":
                known.add(id(template))
                if not isinstance(template, ast.Constant | ast.Name | ast.Subscript):
                    yield template.lineno
    for node in ast.walk(module):
        match node:
            case ast.Constant(value=str(text)) if " " in text and text.endswith(".") and id(node) not in known:
                yield node.lineno


def test_what_readers_say_is_templates():
    found = {
        path.name: lines
        for path in Path(formats.__file__).parent.glob("*.py")
        if (lines := list(bare_sentences(ast.parse(path.read_text()))))
    }
    assert not found, 'Write Malformed("… {count} …", count=…, remedy=gettext_noop("…"), where=…), without f"…".'


@pytest.mark.parametrize(
    "source",
    [
        'Malformed(f"{n} bytes", where="x")',
        'Malformed("a" + b)',
        "Malformed(str(e))",
        'Unsafe("So it is.", remedy="Leave it.")',
        'WHAT_TO_DO = "Leave it."',
    ],
)
def test_bare_sentences_of_readers_are_found(source):
    assert list(bare_sentences(ast.parse(source))) == [1]


def test_templates_are_no_bare_sentences():
    source = 'raise Malformed("{n} are left.", n=1, remedy=gettext_noop("Leave them."), where="x")'
    assert not list(bare_sentences(ast.parse(source)))


def test_values_are_said_in_the_same_language_as_what_they_stand_in():
    names, counts = listed("abcdef"), joined(AND, [1, 2, 3])
    error = Malformed("{where} have {counts} vectors.", counts=counts, remedy="Go.", where=names)
    error.file = "x.pt"
    assert error.message == str(error) == "x.pt: a, b, c, d and 2 more have 1 and 2 and 3 vectors. Go."
    loud = error.said(lambda template: template.replace("and", "AND").replace("Go", "Run"))
    assert loud == "x.pt: a, b, c, d AND 2 more have 1 AND 2 AND 3 vectors. Run."
