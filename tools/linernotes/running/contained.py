"""Which code may share a process: that which provably can't reach beyond its own names.

A process for each snippet costs a few milliseconds, and most examples compute a little, or make a
call, and print what came of it. Code counts as contained when all it can get hold of is immutable
or its own: it calls what `harmless` lists, reads attributes that `harmless` lists or that it made
itself, hands nothing imported on, and leaves nothing behind that runs later. What it does to its
own objects is its own business. Any other code, in all doubt too, gets a process of its own. So
does contained code that fails or never ends: it is run again by itself, and that run counts.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field

from linernotes.running.harmless import (
    ATTRIBUTES,
    BASES,
    BUILTINS,
    CALLED,
    EXCEPTIONS,
    GENERIC,
    METHODS,
    TAKEN,
    VALUES,
)

_PLAIN = (
    *(ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.Delete, ast.Pass, ast.Break),
    *(ast.Continue, ast.Return, ast.Raise, ast.Assert, ast.If, ast.For, ast.AsyncFor, ast.While),
    *(ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom, ast.NamedExpr, ast.Constant),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp),
    *(ast.GeneratorExp, ast.comprehension, ast.Subscript, ast.Slice, ast.Starred, ast.IfExp),
    *(ast.UnaryOp, ast.unaryop, ast.BinOp, ast.operator, ast.BoolOp, ast.boolop, ast.Compare),
    *(ast.cmpop, ast.JoinedStr, ast.FormattedValue, ast.Await, ast.expr_context),
    *(ast.Match, ast.match_case, ast.MatchValue, ast.MatchSingleton, ast.MatchSequence),
    *(ast.MatchMapping, ast.MatchStar, ast.MatchAs, ast.MatchOr),
)
"""Syntax that is as harmless as its parts."""

_SELF = ("self", "cls")
_WITH_INSIDES = frozenset({"anthropic", "anthropic.types", "enum", "pydantic"})
"""Modules whose objects have private attributes that lead further."""

_NEVER_OWN = (frozenset(dir(builtins)) - BUILTINS) | GENERIC | {"isinstance", "issubclass"}
"""Names that code may not bind: read before that, they would be the builtins."""


_OWN_VALUES = (BUILTINS - GENERIC) | {"__name__"}
_LITERALS = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.USub, ast.Load)
_TAKE_A_TYPE = ("map", "filter", "defaultdict")
_TAKE_A_FACTORY = ("field", "Field")
_TWO = 2


class _DoubtError(Exception):
    """Something that isn't known to be harmless."""


def is_contained(tree: ast.Module) -> bool:
    """Return whether the code of `tree` can't have an effect beyond its own names and output."""
    try:
        names = _Names()
        for node in ast.walk(tree):
            names.collect(node)
        names.check()
        _Guard(names).visit(tree)
    except _DoubtError:
        return False
    return True


def _demand(harmless: bool) -> None:  # noqa: FBT001  # reads as a sentence
    if not harmless:
        raise _DoubtError


@dataclass(slots=True)
class _Names:
    """What the code binds anywhere, whatever the scope.

    `imports` are (module, member or ""), `classes` what class statements bind and `bound` all
    else; `attributes` are the names that it gives to attributes.
    """

    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)

    def collect(self, node: ast.AST) -> None:
        """Note what `node` binds."""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._collect_import(node)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            self.bound.add(node.id)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            self.attributes.add(node.attr)
        elif isinstance(node, ast.arg):
            self.bound.add(node.arg)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            self.bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            self.bound.add(node.rest)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if node.name not in METHODS:
                self.bound.add(node.name)
        elif isinstance(node, ast.ClassDef):
            self.classes.add(node.name)
            self.attributes.update(_members(node))

    def check(self) -> None:
        """Raise if a name may mean different things, or one that isn't the code's own."""
        names = [*self.bound, *self.classes, *self.imports]
        _demand(len(names) == len(set(names)))
        for name in names:
            _demand(name not in _NEVER_OWN and not name.startswith("__"))

    def _collect_import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom):
            if node.module == "__future__":
                return
            _demand(not node.level and node.module in CALLED)
        for one in node.names:
            if isinstance(node, ast.ImportFrom):
                _demand(not one.name.startswith(("_", "*")))
                name, meant = one.asname or one.name, (node.module or "", one.name)
            else:
                _demand(one.name in CALLED)
                name = one.asname or one.name.partition(".")[0]
                meant = (one.name if one.asname else name, "")
            _demand(self.imports.setdefault(name, meant) == meant)


def _members(node: ast.ClassDef) -> set[str]:
    """Return the names that the body of a class binds at its own level."""
    found = {
        one.name for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    for one in node.body:
        targets = one.targets if isinstance(one, ast.Assign) else []
        if isinstance(one, ast.AnnAssign):
            targets = [one.target]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


class _Guard(ast.NodeVisitor):
    """Visits all of a tree and raises at the first doubt."""

    def __init__(self, names: _Names) -> None:
        self._names = names
        self._may_yield = False
        self._private = all(module not in _WITH_INSIDES for module, _ in names.imports.values())

    def generic_visit(self, node: ast.AST) -> None:
        _demand(isinstance(node, _PLAIN))
        super().generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        """Nothing to do: `_Names` looked at it."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Nothing to do: `_Names` looked at it."""

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self._names.bound or node.id in self._names.classes:
            return
        member = self._member(node)
        _demand(node.id in _OWN_VALUES if member is None else _is_value(*member))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        member = self._member(node)
        if member is not None:
            _demand(isinstance(node.ctx, ast.Load) and _is_value(*member))
            return
        if node.attr == "__name__" and _is_type_of(node.value):
            assert isinstance(node.value, ast.Call)
            self.visit(node.value.args[0])
            return
        own = node.attr in self._names.attributes and node.attr not in TAKEN
        _demand(own or node.attr in ATTRIBUTES)
        if node.attr.startswith("_") and node.attr not in ATTRIBUTES:
            on_self = isinstance(node.value, ast.Name) and node.value.id in _SELF
            _demand(self._private and on_self and not node.attr.startswith("__"))
        if not self._is_generic(node.value):
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        self._callee(node.func)
        called = self._called(node.func)
        arguments = list(node.args)
        if called in ("isinstance", "issubclass"):
            _demand(len(arguments) == _TWO)
            self._kind(arguments.pop())
        elif called in _TAKE_A_TYPE and arguments and self._is_generic(arguments[0]):
            del arguments[0]
        for argument in arguments:
            self.visit(argument)
        for keyword in node.keywords:
            factory = keyword.arg == "default_factory" and called in _TAKE_A_FACTORY
            if not (factory and self._is_generic(keyword.value)):
                self.visit(keyword.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        _demand(not node.keywords and not getattr(node, "type_params", ()))
        for decorator in node.decorator_list:  # one of the code's own may return anything
            made_by = decorator.func if isinstance(decorator, ast.Call) else decorator
            _demand(self._member(made_by) is not None)
            self._callee(decorator)
        for base in node.bases:
            member = self._member(base)
            if member is not None:
                _demand(member[1] in BASES.get(member[0], ()))
            else:
                known = self._names.classes | EXCEPTIONS
                _demand(isinstance(base, ast.Name) and base.id in known)
        self._body(node.body, may_yield=False)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        _demand(not getattr(node, "type_params", ()))
        for decorator in node.decorator_list:
            self._callee(decorator)
        self.visit(node.args)
        if node.returns is not None:
            self._annotation(node.returns)
        self._body(node.body, may_yield=isinstance(node, ast.FunctionDef))

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)
        self._body([node.body], may_yield=False)

    def visit_arguments(self, node: ast.arguments) -> None:
        for argument in (*node.posonlyargs, *node.args, *node.kwonlyargs, node.vararg, node.kwarg):
            if argument is not None and argument.annotation is not None:
                self._annotation(argument.annotation)
        for default in (*node.defaults, *node.kw_defaults):
            if default is not None:
                self.visit(default)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        self._annotation(node.annotation)
        if node.value is not None:
            self.visit(node.value)

    # A generator that is left inside `try` or `with` runs the rest of it when it is collected.

    def visit_Yield(self, node: ast.Yield) -> None:
        _demand(self._may_yield)
        if node.value is not None:
            self.visit(node.value)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        _demand(self._may_yield)
        self.visit(node.value)

    def visit_Try(self, node: ast.Try) -> None:
        for handler in node.handlers:
            if handler.type is not None:
                self._kind(handler.type)
        inside = [*node.body, *(one for handler in node.handlers for one in handler.body)]
        self._body([*inside, *node.orelse, *node.finalbody], may_yield=False)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.visit(item.optional_vars)
        self._body(node.body, may_yield=False)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        self.visit_With(node)

    def _body(self, nodes: list[ast.AST] | list[ast.stmt], *, may_yield: bool) -> None:
        before, self._may_yield = self._may_yield, may_yield
        for node in nodes:
            self.visit(node)
        self._may_yield = before

    def _callee(self, node: ast.expr) -> None:
        """Demand that `node` may be called."""
        member = self._member(node)
        if member is not None:
            _demand(member[1] in CALLED[member[0]] or _is_value(*member))
        elif self._is_generic(node):
            _demand(self._called(node) != "type")
        else:
            self.visit(node)

    def _kind(self, node: ast.expr) -> None:
        """Demand that `node` is nothing but classes, where they are only compared with."""
        if isinstance(node, ast.Tuple):
            for part in node.elts:
                self._kind(part)
        elif self._member(node) is None and not self._is_generic(node):
            self.visit(node)

    def _annotation(self, node: ast.expr) -> None:
        """Demand that an annotation only names types: pydantic evaluates the strings in it."""
        if isinstance(node, ast.Subscript) and self._called(node.value) == "Literal":
            _demand(all(isinstance(part, _LITERALS) for part in ast.walk(node.slice)))
        elif isinstance(node, ast.Constant):
            _demand(not isinstance(node.value, str) or node.value in self._names.classes)
        elif isinstance(node, ast.Name):
            named = {*BUILTINS, *self._names.classes, *self._names.imports}
            _demand(node.id in named - self._names.bound)
        elif isinstance(node, ast.Attribute):
            _demand(self._member(node) is not None and not node.attr.startswith("_"))
        else:
            _demand(isinstance(node, (ast.Subscript, ast.Tuple, ast.List, ast.BinOp)))
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr):
                    self._annotation(part)

    def _member(self, node: ast.AST) -> tuple[str, str] | None:
        """Return which import `node` is, as (module, member), "" for a module; None if it's none.

        `datetime.date` is one, `datetime.date.today` is an attribute of one.
        """
        if isinstance(node, ast.Name):
            return self._names.imports.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        base = self._member(node.value)
        if base is None or base[1]:
            return None
        inner = f"{base[0]}.{node.attr}"
        return (inner, "") if inner in CALLED else (base[0], node.attr)

    def _called(self, node: ast.expr) -> str:
        """Return what an imported member or a builtin is called where it comes from, else ""."""
        member = self._member(node)
        if member is not None:
            return member[1]
        return node.id if isinstance(node, ast.Name) and node.id not in self._names.bound else ""

    def _is_generic(self, node: ast.expr) -> bool:
        return self._member(node) is None and self._called(node) in GENERIC


def _is_value(module: str, member: str) -> bool:
    return member in VALUES.get(module, ())


def _is_type_of(node: ast.expr) -> bool:
    """Return whether `node` is `type(…)` of one thing."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "type"
        and len(node.args) == 1
        and not node.keywords
    )
