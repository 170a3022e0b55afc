"""Report the sizes and habits of the code beside their aims: something to look at, not a gate."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
LONG_FILE, LONG_FUNCTION, MANY_ARGUMENTS = 400, 50, 8


@dataclass
class Tally:
    """What was counted, over all files.

    Parameters
    ----------
    files, functions : list of (int, str)
        Lines of each, and its place. Lines of a function are those without its docstring, nested functions included.
    many_arguments : list of (int, str)
        Functions with more arguments than is comfortable.
    slots, annotated : int
        Arguments and returns, and those of them with an annotation.
    raises, showing : int
        Exceptions raised with a message, and those of them whose message holds a value.
    mutations : int
        Assignments to ``self.x`` outside ``__init__``.
    text_options : list of str
        Arguments that are plain text with a default, where an Enum or Literal would name the choices.
    bare_excepts, prints : list of str
        Places of ``except:`` and of ``print`` outside the command line.
    """

    files: list[tuple[int, str]] = field(default_factory=list)
    functions: list[tuple[int, str]] = field(default_factory=list)
    many_arguments: list[tuple[int, str]] = field(default_factory=list)
    slots: int = 0
    annotated: int = 0
    raises: int = 0
    showing: int = 0
    mutations: int = 0
    text_options: list[str] = field(default_factory=list)
    bare_excepts: list[str] = field(default_factory=list)
    prints: list[str] = field(default_factory=list)


def count_file(path: Path, tally: Tally) -> None:
    """Add one file to the tally."""
    source = path.read_text("utf-8")
    tally.files.append((source.count("\n"), str(path)))
    for node in ast.walk(ast.parse(source)):
        place = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, Function):
            _count_function(node, f"{place} {node.name}", tally)
        elif isinstance(node, ast.ClassDef):
            tally.mutations += _mutations(node)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            tally.raises += 1
            tally.showing += _shows_a_value(node.exc)
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            tally.bare_excepts.append(place)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print" and "asuc" not in path.parts:
            tally.prints.append(place)


def _count_function(node: Function, place: str, tally: Tally) -> None:
    docstring = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    docstring_lines = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    tally.functions.append(((node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines, place))

    positional = [*node.args.posonlyargs, *node.args.args]
    arguments = [arg for arg in (*positional, *node.args.kwonlyargs) if arg.arg not in {"self", "cls"}]
    tally.slots += len(arguments) + 1
    tally.annotated += sum(arg.annotation is not None for arg in arguments) + (node.returns is not None)
    if len(arguments) > MANY_ARGUMENTS:
        tally.many_arguments.append((len(arguments), place))

    with_default = positional[len(positional) - len(node.args.defaults) :]
    with_default += [arg for arg, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value]
    tally.text_options += [
        f"{place}({arg.arg})" for arg in with_default if arg.annotation and ast.unparse(arg.annotation) == "str"
    ]


def _mutations(node: ast.ClassDef) -> int:
    methods = [item for item in node.body if isinstance(item, Function) and item.name != "__init__"]
    stores = [
        item
        for method in methods
        for item in ast.walk(method)
        if isinstance(item, ast.Attribute) and isinstance(item.ctx, ast.Store)
    ]
    return sum(isinstance(item.value, ast.Name) and item.value.id == "self" for item in stores)


def _shows_a_value(call: ast.Call) -> bool:
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(isinstance(part, ast.Name | ast.Attribute) for argument in arguments for part in ast.walk(argument))


def _percentiles(lines: list[int]) -> str:
    ordered = sorted(lines) or [0]
    return " / ".join(str(ordered[round(share * (len(ordered) - 1))]) for share in (0.5, 0.9, 1.0))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def report(tally: Tally) -> str:
    """Return the table of figures beside their aims, and the places worth a look."""
    lines = sum(size for size, _ in tally.files)
    long_functions = [item for item in tally.functions if item[0] > LONG_FUNCTION]
    rows = [
        ("", "found", "aim"),
        ("files", f"{len(tally.files)} ({lines} lines)", ""),
        ("file median / p90 / max", _percentiles([size for size, _ in tally.files]), "150 / 300 / 400"),
        ("function median / p90 / max", _percentiles([size for size, _ in tally.functions]), "15 / 30 / 50"),
        ("annotated arguments and returns", _percent(tally.annotated, tally.slots), "100 %"),
        ("raises whose message shows a value", _percent(tally.showing, tally.raises), "80 %"),
        ("self.x = ... per 1000 lines", f"{1000 * tally.mutations / max(lines, 1):.1f}", "0"),
        ("text options without Literal or Enum", str(len(tally.text_options)), "0"),
        ("bare except", str(len(tally.bare_excepts)), "0"),
        ("print outside the command line", str(len(tally.prints)), "0"),
        (f"functions above {LONG_FUNCTION} lines", _percent(len(long_functions), len(tally.functions)), "0 %"),
        (f"functions above {MANY_ARGUMENTS} arguments", str(len(tally.many_arguments)), "0 but kernels"),
    ]
    text = [f"{name:38}{found:>22}   {aim}" for name, found, aim in rows]
    for title, items in (
        ("long files", [item for item in tally.files if item[0] > LONG_FILE]),
        ("long functions", long_functions),
        ("many arguments", tally.many_arguments),
    ):
        text += [f"{title}: {size:4} {place}" for size, place in sorted(items, reverse=True)]
    text += [f"look at: {place}" for place in (*tally.text_options, *tally.bare_excepts, *tally.prints)]
    return "\n".join(text)


def main(folders: list[str]) -> None:
    """Print the report on the Python files of some folders."""
    tally = Tally()
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.py")):
            count_file(path, tally)
    print(report(tally))


if __name__ == "__main__":
    main(sys.argv[1:])
