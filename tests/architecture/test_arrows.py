"""The arrows of DESIGN §3, read from the sources with ``ast``."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MAY_IMPORT: dict[str, frozenset[str]] = {
    "recsys": frozenset(),
    "training": frozenset({"recsys"}),
    "experiments": frozenset({"recsys"}),
    "serving": frozenset({"recsys", "experiments"}),
}


def _module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _sources(package: str, root: Path) -> dict[str, tuple[Path, ast.Module]]:
    """Return path and syntax tree of every module of a package, by dotted name."""
    return {
        _module_name(path, root): (path, ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted((root / package).rglob("*.py"))
    }


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _at_import(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when a module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and _is_type_checking(child):
            for alternative in child.orelse:
                yield from _at_import(alternative)
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _at_import(child)


def _anywhere(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom))


def _names(statement: ast.Import | ast.ImportFrom, module: str, path: Path) -> list[str]:
    """Return the dotted names an import may mean: ``from a import b`` is ``a`` and ``a.b``."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    origin = statement.module or ""
    if statement.level:
        package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
        origin = ".".join([*package[: len(package) - statement.level + 1], *origin.split(".")])
        origin = origin.strip(".")
    return [origin, *(f"{origin}.{alias.name}" for alias in statement.names)]


def wrong_arrows(root: Path) -> list[str]:
    """Return every import, wherever in a module, from a package that may not be imported there."""
    found = []
    for package, allowed in MAY_IMPORT.items():
        for module, (path, tree) in _sources(package, root).items():
            for statement in _anywhere(tree):
                tops = {name.split(".")[0] for name in _names(statement, module, path)}
                found += [
                    f"{module} line {statement.lineno} imports {top}"
                    for top in sorted(tops & MAY_IMPORT.keys() - allowed - {package})
                ]
    return found


def imports_of_own_root(root: Path) -> list[str]:
    """Return the modules that import their own package root when they are imported."""
    found = []
    for package in MAY_IMPORT:
        sources = _sources(package, root)
        for module, (path, tree) in sources.items():
            found += [
                f"{module} line {statement.lineno} imports its own root {package}"
                for statement in _at_import(tree)
                if _is_of_root(statement, package, _names(statement, module, path), set(sources))
            ]
    return found


def _is_of_root(
    statement: ast.Import | ast.ImportFrom, package: str, names: list[str], modules: set[str]
) -> bool:
    if isinstance(statement, ast.Import):
        return package in names
    # `from recsys import x` is harmless where x is a module of its own.
    origin, *members = names
    return origin == package and not modules.issuperset(members)


def import_cycle(package: str, root: Path) -> list[str]:
    """Return one cycle of modules that import each other when imported; empty if there is none."""
    sources = _sources(package, root)
    graph = {
        module: {
            name
            for statement in _at_import(tree)
            for name in _names(statement, module, path)
            if name in sources and name not in (module, package)
        }
        for module, (path, tree) in sources.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(module) for module in error.args[1]]
    return []


def test_packages_import_only_what_lies_below_them() -> None:
    assert wrong_arrows(ROOT) == []


def test_no_module_imports_its_own_package_root() -> None:
    assert imports_of_own_root(ROOT) == []


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_modules_do_not_import_each_other_in_a_circle(package: str) -> None:
    assert import_cycle(package, ROOT) == []


def _write(root: Path, **sources: str) -> None:
    for package in MAY_IMPORT:
        (root / package).mkdir()
        (root / package / "__init__.py").write_text("")
    for place, text in sources.items():
        (root / f"{place.replace('__', '/')}.py").write_text(text)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("recsys__a", "import training.pipeline"),
        ("recsys__a", "def f():\n    from serving import app"),
        ("recsys__a", "if TYPE_CHECKING:\n    from experiments.power import size"),
        ("training__a", "import experiments"),
        ("training__a", "from serving.app import main"),
        ("experiments__a", "import training"),
        ("serving__a", "try:\n    import training\nexcept ImportError:\n    pass"),
    ],
)
def test_a_wrong_arrow_is_found(tmp_path: Path, place: str, text: str) -> None:
    _write(tmp_path, **{place: text})
    (found,) = wrong_arrows(tmp_path)
    assert found.startswith(place.replace("__", "."))


def test_the_right_arrows_pass(tmp_path: Path) -> None:
    _write(
        tmp_path, training__a="import recsys.engine", experiments__a="from recsys import errors",
        serving__a="import experiments\nfrom recsys.ids import IdMap", recsys__b="from . import c",
        recsys__c="import numpy",
    )  # fmt: skip
    assert wrong_arrows(tmp_path) == []
    assert imports_of_own_root(tmp_path) == []
    assert import_cycle("recsys", tmp_path) == []


def test_importing_the_own_root_is_found_unless_a_function_waits_with_it(tmp_path: Path) -> None:
    _write(
        tmp_path, recsys__a="from recsys import Engine", recsys__b="import recsys",
        recsys__c="def f():\n    from recsys import Engine", recsys__d="from . import Engine",
    )  # fmt: skip
    found = [sentence.split()[0] for sentence in imports_of_own_root(tmp_path)]
    assert found == ["recsys.a", "recsys.b", "recsys.d"]


def test_a_circle_is_found_unless_it_is_for_types_or_inside_a_function(tmp_path: Path) -> None:
    _write(
        tmp_path, recsys__a="from recsys.b import x", recsys__b="if TYPE_CHECKING:\n"
        "    from recsys.a import y\ndef f():\n    from recsys.a import y",
    )  # fmt: skip
    assert import_cycle("recsys", tmp_path) == []
    (tmp_path / "recsys" / "b.py").write_text("from . import a")
    assert set(import_cycle("recsys", tmp_path)) == {"recsys.a", "recsys.b"}
