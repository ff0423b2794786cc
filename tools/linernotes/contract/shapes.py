"""Shapes: the SDK's types, in a form that a JSON body can be checked against.

Pydantic alone doesn't do here: it validates the SDK's nested iterables lazily, lets unknown keys
of a `TypedDict` pass, and answers a wrong block with one error for each of 25 block types. So the
types are walked once into shapes, and a body is checked against them as the API checks it: unknown
keys of a request are refused (a response may have new ones), and a union is decided by its `type`
(or `role`) before anything else is said.
"""

from __future__ import annotations

import collections.abc
import datetime as dt
import types
from dataclasses import dataclass
from functools import cache, cached_property
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel
from typing_extensions import NotRequired, Required, get_type_hints, is_typeddict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DISCRIMINATORS = ("type", "role")
"""The keys by which the API tells the members of a union apart."""


class Tag(str):
    """A part of a path that is not in the body.

    The API's own messages name the member of a union that was chosen:
    `tools.0.custom.defer_loading: Extra inputs are not permitted`.
    """

    __slots__ = ()


Path: TypeAlias = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where a body doesn't fit its shape.

    `kind` says how; `wanted` lists the kinds, values or keys that would have fitted.
    """

    kind: Literal["missing", "extra", "kind", "value", "member"]
    path: Path
    message: str
    found: object
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null."""

    name: Literal["string", "integer", "number", "boolean", "null"]


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value (the SDK's `object`)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few constants."""

    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """A list, each item of one shape."""

    item: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with any keys, each value of one shape."""

    value: Shape


@dataclass(frozen=True)
class Record:
    """An object with known keys: one of the SDK's `TypedDict`s or response models.

    Its fields are read when first needed, so that only the types that a body uses are walked.
    `without` and `more` are the fields that the wire has less and more than the type.
    """

    type_: type
    without: frozenset[str] = frozenset()
    more: tuple[tuple[str, Shape], ...] = ()

    @cached_property
    def fields(self) -> Mapping[str, Shape]:
        """The shape under each key."""
        if issubclass(self.type_, BaseModel):
            return {
                field.alias or name: shape_of(field.annotation)
                for name, field in self.type_.model_fields.items()
            }
        fields = {name: shape_of(hint) for name, hint in self._hints.items()}
        return fields | dict(self.more)

    @cached_property
    def required(self) -> frozenset[str]:
        """The keys that must be there."""
        if issubclass(self.type_, BaseModel):
            return frozenset(
                field.alias or name
                for name, field in self.type_.model_fields.items()
                if field.is_required()
            )
        # The SDK's annotations are strings, in which `TypedDict` itself doesn't see `Required`.
        by_default = getattr(self.type_, "__required_keys__", frozenset())
        return frozenset(
            name
            for name, hint in self._hints.items()
            if get_origin(hint) is Required
            or (name in by_default and get_origin(hint) is not NotRequired)
        )

    @cached_property
    def _hints(self) -> Mapping[str, Any]:
        hints = get_type_hints(self.type_, include_extras=True)
        return {name: hint for name, hint in hints.items() if name not in self.without}

    @cached_property
    def is_open(self) -> bool:
        """Whether there may be other keys: in responses, and where the SDK says so itself."""
        if issubclass(self.type_, BaseModel):
            return True
        return getattr(self.type_, "__pydantic_config__", {}).get("extra") == "allow"

    @cached_property
    def tags(self) -> Mapping[str, tuple[str, ...]]:
        """The constants by which this member of a union is known."""
        return {
            name: tuple(value for value in _constants(self.fields[name]) if isinstance(value, str))
            for name in DISCRIMINATORS
            if name in self.fields and _constants(self.fields[name])
        }

    @cached_property
    def label(self) -> Path:
        """What the API adds to a path when it enters this record."""
        tags = self.tags.get("type", ())
        return (Tag(tags[0]),) if len(tags) == 1 else ()

    def is_meant_by(self, value: Mapping[str, object]) -> bool:
        """Return whether the discriminators of `value` choose this record."""
        return all(
            value[name] in tags if name in value else name not in self.required
            for name, tags in self.tags.items()
        )


@dataclass(frozen=True, slots=True)
class OneOf:
    """A union."""

    options: tuple[Shape, ...]


Shape: TypeAlias = Scalar | Anything | Choice | ArrayOf | MapOf | Record | OneOf


def problems(shape: Shape, value: Any, path: Path = ()) -> Iterator[Problem]:
    """Yield what keeps a JSON value from fitting a shape; `path` is where the value stands."""
    if not _is_of_kind(shape, value):
        yield from _wrong_kind(shape, value, path)
    elif isinstance(shape, Record):
        yield from _problems_in_record(shape, value, path)
    elif isinstance(shape, OneOf):
        yield from _problems_in_union(shape, value, path)
    elif isinstance(shape, ArrayOf):
        for index, item in enumerate(value):
            yield from problems(shape.item, item, (*path, index))
    elif isinstance(shape, MapOf):
        for key, item in value.items():
            yield from problems(shape.value, item, (*path, key))


def _is_of_kind(shape: Shape, value: Any) -> bool:
    """Return whether a value is of the right kind, without looking inside it."""
    match shape:
        case Record() | MapOf():
            return isinstance(value, dict)
        case ArrayOf():
            return isinstance(value, list)
        case OneOf():
            return any(_is_of_kind(option, value) for option in shape.options)
        case Choice():
            return any(value == known and type(value) is type(known) for known in shape.values)
        case Scalar():
            return _is_scalar(shape.name, value)
        case Anything():
            return True


def _is_scalar(name: str, value: object) -> bool:
    if isinstance(value, bool):  # In Python, though not in JSON, a bool is an int.
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    kinds = {"string": str, "integer": int, "number": (int, float), "null": type(None)}
    return name in kinds and isinstance(value, kinds[name])


def _kinds(shape: Shape) -> tuple[str, ...]:
    """Return what fits, in the words of the API's messages."""
    match shape:
        case Record() | MapOf():
            return ("dictionary",)
        case ArrayOf():
            return ("list",)
        case OneOf():
            return tuple(dict.fromkeys(kind for option in shape.options for kind in _kinds(option)))
        case Choice():
            return tuple(str(value) for value in shape.values)
        case Scalar():
            return (shape.name,)
        case Anything():
            return ("value",)


def _wrong_kind(shape: Shape, value: object, path: Path) -> Iterator[Problem]:
    kinds = _kinds(shape)
    constants = _constants(shape)
    if constants and isinstance(value, str):
        known = " or ".join(repr(constant) for constant in constants)
        wanted = tuple(str(constant) for constant in constants)
        yield Problem("value", path, f"Input should be {known}", value, wanted)
    else:
        message = f"Input should be a valid {' or '.join(kinds)}"
        yield Problem("kind", path, message, value, kinds)


def _problems_in_record(record: Record, value: Any, path: Path) -> Iterator[Problem]:
    inside = (*path, *record.label)
    for name in sorted(record.required - value.keys()):
        yield Problem("missing", (*inside, name), "Field required", None)
    for name, item in value.items():
        if name in record.fields:
            yield from problems(record.fields[name], item, (*inside, name))
        elif not record.is_open:
            message = "Extra inputs are not permitted"
            yield Problem("extra", (*inside, name), message, item, tuple(sorted(record.fields)))


def _problems_in_union(union: OneOf, value: Any, path: Path) -> Iterator[Problem]:
    options: Sequence[Shape] = [option for option in union.options if _is_of_kind(option, value)]
    records = [option for option in options if isinstance(option, Record)]
    if records and len(records) == len(options):
        options = [record for record in records if record.is_meant_by(value)]
        if not options:
            yield _unknown_member(records, value, path)
            return
    yield from _fewest_problems(options, value, path)


def _fewest_problems(options: Sequence[Shape], value: object, path: Path) -> tuple[Problem, ...]:
    """Return nothing as soon as one option fits, else what the closest one misses."""
    best: tuple[Problem, ...] | None = None
    for option in options:
        found = tuple(problems(option, value, path))
        if not found:
            return ()
        if best is None or len(found) < len(best):
            best = found
    return best or ()


def _unknown_member(records: list[Record], value: Mapping[str, object], path: Path) -> Problem:
    key = next(name for name in DISCRIMINATORS if any(name in record.tags for record in records))
    known = tuple(dict.fromkeys(tag for record in records for tag in record.tags.get(key, ())))
    if key not in value:
        return Problem("missing", (*path, key), "Field required", None, known)
    listed = ", ".join(repr(tag) for tag in known)
    message = (
        f"Input tag {str(value[key])!r} found using {key!r} does not match any of the expected "
        f"tags: {listed}"
    )
    return Problem("member", (*path, key), message, value[key], known)


def _constants(shape: Shape) -> tuple[object, ...]:
    if isinstance(shape, Choice):
        return shape.values
    if isinstance(shape, OneOf):
        return tuple(value for option in shape.options for value in _constants(option))
    return ()


_SCALARS: Mapping[object, Scalar] = {
    str: Scalar("string"),
    int: Scalar("integer"),
    float: Scalar("number"),
    bool: Scalar("boolean"),
    None: Scalar("null"),
    type(None): Scalar("null"),
    dt.datetime: Scalar("string"),
    dt.date: Scalar("string"),
}
_ARRAYS = (list, collections.abc.Iterable, collections.abc.Sequence)
_MAPS = (dict, collections.abc.Mapping)


@cache
def shape_of(type_: Any) -> Shape:
    """Return the shape of one of the SDK's types. Raises TypeError for a type that isn't JSON."""
    if type_ in _SCALARS:
        return _SCALARS[type_]
    if type_ in (Any, object):
        return Anything()
    if is_typeddict(type_) or _is_model(type_):
        return Record(type_)
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (Annotated, Required, NotRequired):
        return shape_of(arguments[0])
    if origin is Literal:
        return Choice(arguments)
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin in _ARRAYS:
        return ArrayOf(shape_of(arguments[0]))
    if origin in _MAPS:
        return MapOf(shape_of(arguments[1]))
    raise TypeError(f"{type_!r} has no JSON shape")


def _is_model(type_: object) -> bool:
    return isinstance(type_, type) and issubclass(type_, BaseModel)


def _union(members: tuple[Any, ...]) -> Shape:
    """Return the union's shape without the members that the SDK turns into others before sending.

    Open files, paths and the SDK's own response models stand in the types beside their JSON form.
    """
    options: list[Shape] = []
    for member in members:
        shape = _shape_or_none(member)
        if shape is not None:
            options.extend(shape.options if isinstance(shape, OneOf) else (shape,))
    records = [option for option in options if isinstance(option, Record)]
    if any(is_typeddict(record.type_) for record in records):
        models = {record for record in records if _is_model(record.type_)}
        options = [option for option in options if option not in models]
    if not options:
        raise TypeError(f"no member of {members!r} has a JSON shape")
    return options[0] if len(options) == 1 else OneOf(tuple(dict.fromkeys(options)))


def _shape_or_none(type_: object) -> Shape | None:
    try:
        return shape_of(type_)
    except TypeError:
        return None
