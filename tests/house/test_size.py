"""Small modules, small functions. A docstring is not counted to its function: long ones are welcome."""

import ast
from statistics import median, quantiles

from tests.house.sources import SOURCES, FunctionNode, Source

MODULE_LINES_MAX = 500
MODULE_LINES_MEDIAN = 180
FUNCTION_LINES_MAX = 60
FUNCTION_LINES_P90 = 25
FUNCTION_LINES_MEDIAN = 8


def lines_of(function: FunctionNode) -> int:
    """The lines from ``def`` to the end, docstring left out."""
    total = (function.end_lineno or 0) - function.lineno + 1
    match function.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as docstring:
            return total - ((docstring.end_lineno or 0) - docstring.lineno + 1)
        case _:
            return total


def test_lines_of_leaves_the_docstring_out() -> None:
    text = 'def f(\n    x,\n):\n    """One\n\n    two.\n    """\n    return x\n'
    assert [lines_of(function) for function in Source("f", text).functions()] == [4]


def test_modules_are_small() -> None:
    sizes = {source.name: source.text.count("\n") for source in SOURCES}
    assert {name: size for name, size in sizes.items() if size > MODULE_LINES_MAX} == {}
    assert median(sizes.values()) <= MODULE_LINES_MEDIAN


def test_functions_are_small() -> None:
    sizes = {
        f"{source.name}:{function.lineno} {function.name}": lines_of(function)
        for source in SOURCES
        for function in source.functions()
    }
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES_MAX} == {}
    assert quantiles(sizes.values(), n=10)[-1] <= FUNCTION_LINES_P90
    assert median(sizes.values()) <= FUNCTION_LINES_MEDIAN
