"""Which code may share a process: that which provably can't reach beyond its own names.

A process for each snippet costs a millisecond or two, and most plain examples compute a little and
print it. Code counts as contained when it uses nothing but syntax, harmless builtins and pure
modules of the standard library, and only calls what it imports: it never stores to an attribute
that isn't `self`'s, never hands an imported object on, never touches a private name. Anything
else, a doubt included, gets a process of its own. So does contained code that fails or never ends:
it is run again by itself, and that run counts.
"""

from __future__ import annotations

import ast

_MODULES = frozenset(
    """anthropic anthropic.types base64 bisect collections copy dataclasses datetime difflib enum
    fractions heapq html itertools json math operator pydantic re statistics string textwrap
    typing""".split()  # noqa: SIM905  # a paragraph is easier to read than a column
)
"""Modules that do nothing to anything but what they are given. The SDK is one: its clients have
state, its package has none."""

_VALUES = frozenset({"math", "string"})
"""Modules whose members are immutable, so that they may be used in any place."""

_BUILTINS = frozenset(
    """ArithmeticError AssertionError AttributeError EOFError Exception False IndexError KeyError
    LookupError None NotImplemented NotImplementedError OverflowError RuntimeError StopIteration
    True TypeError ValueError ZeroDivisionError abs all any ascii bin bool bytearray bytes callable
    chr classmethod complex dict divmod enumerate filter float format frozenset hash hex int
    isinstance issubclass iter len list map max min next oct ord pow print property range repr
    reversed round set slice sorted staticmethod str sum super tuple type zip __name__""".split()  # noqa: SIM905
)
_METHODS = frozenset(
    """__init__ __post_init__ __repr__ __str__ __len__ __iter__ __next__ __contains__ __getitem__
    __eq__ __lt__ __le__ __gt__ __ge__ __hash__ __bool__ __call__ __add__ __sub__ __mul__
    __enter__ __exit__""".split()  # noqa: SIM905
)
_OWN = frozenset({"self", "cls"})
"""Parameters by convention: what a method may store to is its own object."""

_ANNOTATION_PARTS = (
    *(ast.Name, ast.Attribute, ast.Subscript, ast.Tuple, ast.List, ast.Constant),
    *(ast.BinOp, ast.BitOr, ast.Load),
)
_REFUSED = (ast.Yield, ast.YieldFrom)
"""What may run its `finally` at any later time."""


def is_contained(tree: ast.Module) -> bool:
    """Return whether the code of `tree` can't have an effect beyond its own names and output."""
    imports = _imports(tree)
    if imports is None:
        return False
    bound = _stored(tree) | imports.keys()
    if not bound.isdisjoint(_OWN):
        return False
    return _Check(imports, bound | _defined(tree) | _BUILTINS).holds(tree)


class _Check:
    """One walk over a tree. `imports` maps what was imported to the module that it is from."""

    def __init__(self, imports: dict[str, str], known: set[str]) -> None:
        self._imports = imports
        self._known = known

    def holds(self, node: ast.AST, *, called: bool = False) -> bool:
        """Return whether `node` is harmless; `called` says that it is what a call calls."""
        if isinstance(node, _REFUSED):
            return False
        if isinstance(node, ast.Name):
            return self._name(node, called=called)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, called=called)
        if isinstance(node, ast.Call):
            rest = (*node.args, *node.keywords)
            return self.holds(node.func, called=True) and all(map(self.holds, rest))
        if isinstance(node, ast.ClassDef):
            return not node.keywords and self._definition(node, node.bases)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            private = node.name.startswith("__") and node.name not in _METHODS
            return not private and self._definition(node, [])
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            return self.holds(node.type, called=True) and all(map(self.holds, node.body))
        if isinstance(node, ast.AnnAssign):
            rest = [node.target, *([node.value] if node.value else [])]
            return all(map(self.holds, rest)) and self._annotation(node.annotation)
        if isinstance(node, ast.arg):
            return node.annotation is None or self._annotation(node.annotation)
        return all(map(self.holds, ast.iter_child_nodes(node)))

    def _name(self, node: ast.Name, *, called: bool) -> bool:
        if node.id not in self._known:
            return False
        if not isinstance(node.ctx, ast.Load):
            return not node.id.startswith("__") and node.id not in self._imports
        return called or self._imports.get(node.id, "math") in _VALUES

    def _attribute(self, node: ast.Attribute, *, called: bool) -> bool:
        on_self = isinstance(node.value, ast.Name) and node.value.id in _OWN
        if not isinstance(node.ctx, ast.Load):
            return on_self and not node.attr.startswith("__")
        if node.attr.startswith("_") and not on_self and node.attr != "__name__":
            return False
        if node.attr.startswith("__") and node.attr != "__name__":
            return False
        base = node.value
        if isinstance(base, ast.Name) and base.id in self._imports:
            return called or self._imports[base.id] in _VALUES
        if isinstance(base, ast.Attribute) and self._is_import(base):
            return called and self._imports_datetime(base)
        return self.holds(base)

    def _is_import(self, node: ast.Attribute) -> bool:
        base = node.value
        while isinstance(base, ast.Attribute):
            base = base.value
        return isinstance(base, ast.Name) and base.id in self._imports

    def _imports_datetime(self, node: ast.Attribute) -> bool:
        """`datetime.datetime.now()`: the one module whose classes are used through it."""
        return isinstance(node.value, ast.Name) and self._imports[node.value.id] == "datetime"

    def _definition(
        self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, bases: list[ast.expr]
    ) -> bool:
        decorators = all(self.holds(one, called=True) for one in node.decorator_list)
        inherits = all(self.holds(one, called=True) for one in bases)
        inside: list[ast.AST] = list(node.body)
        if not isinstance(node, ast.ClassDef):
            inside.append(node.args)
            if node.returns is not None and not self._annotation(node.returns):
                return False
        return decorators and inherits and all(map(self.holds, inside))

    def _annotation(self, node: ast.expr) -> bool:
        """Annotations may name what is imported, and do nothing with it."""
        return all(
            isinstance(
                part,
                _ANNOTATION_PARTS,
            )
            and not (isinstance(part, ast.Attribute) and part.attr.startswith("_"))
            for part in ast.walk(node)
        )


def _imports(tree: ast.Module) -> dict[str, str] | None:
    """Return the names that are imported, with their modules; None if one of those isn't pure."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            if any(one.name not in _MODULES for one in node.names):
                return None
            found |= {one.asname or one.name: one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.module == "__future__":
                continue
            private = any(one.name.startswith(("_", "*")) for one in node.names)
            if node.level or node.module not in _MODULES or private:
                return None
            found |= {one.asname or one.name: node.module for one in node.names}
    return found


def _stored(tree: ast.Module) -> set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _defined(tree: ast.Module) -> set[str]:
    """Return the names of functions, classes, parameters and exceptions that the code makes."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            names.add(node.name)
    return names
