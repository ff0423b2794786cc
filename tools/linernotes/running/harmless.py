"""What contained code may name: builtins, members of modules, and attributes.

Everything here hands out immutable values and new objects only, never one that another snippet
could meet. What isn't listed isn't known to be harmful; it is just not worth the thought.
"""

from __future__ import annotations

import builtins
import collections
import dataclasses
import datetime as dt
import enum
import fractions
import itertools
import math
import re
import types
from abc import ABCMeta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _public(kinds: Iterable[object]) -> frozenset[str]:
    return frozenset(name for kind in kinds for name in dir(kind) if not name.startswith("_"))


BUILTINS = _words(
    """ArithmeticError AssertionError AttributeError EOFError Exception IndexError KeyError
    LookupError NotImplemented NotImplementedError OverflowError RuntimeError StopIteration
    TypeError ValueError ZeroDivisionError abs all any ascii bin bool bytearray bytes callable chr
    classmethod complex dict divmod enumerate filter float format frozenset hash hex int isinstance
    issubclass iter len list map max min next object oct ord pow print property range repr reversed round
    set slice sorted staticmethod str sum tuple type zip"""
)
GENERIC = frozenset(
    name for name in BUILTINS if hasattr(getattr(builtins, name), "__class_getitem__")
) | {"type"}
"""Builtins that `[…]` makes a type of other types, where pydantic evaluates the strings in it."""

EXCEPTIONS = frozenset(name for name in BUILTINS if name[0].isupper())

VALUES: Mapping[str, frozenset[str]] = {
    "datetime": _words("UTC date datetime time timedelta timezone"),
    "itertools": _public([itertools]) - {"chain"},
    "math": _public([math]),
    "string": _words("ascii_letters ascii_lowercase ascii_uppercase digits hexdigits punctuation"),
}
"""Members of modules that are immutable, and so may be used in any place."""

CALLED: Mapping[str, frozenset[str]] = {
    "anthropic": _words("Anthropic AsyncAnthropic Timeout beta_tool transform_schema"),
    "anthropic.types": frozenset(),
    "base64": _words("b64decode b64encode standard_b64encode urlsafe_b64encode"),
    "bisect": _words("bisect bisect_left bisect_right insort"),
    "collections": _words("Counter OrderedDict defaultdict deque"),
    "collections.abc": frozenset(),
    "copy": _words("copy deepcopy"),
    "dataclasses": _words("asdict astuple dataclass field replace"),
    "datetime": frozenset(),
    "difflib": _words("get_close_matches ndiff unified_diff"),
    "enum": _words("auto unique"),
    "fractions": _words("Fraction"),
    "heapq": _words("heapify heappop heappush nlargest nsmallest"),
    "html": _words("escape unescape"),
    "itertools": _words("chain"),
    "json": _words("dumps loads"),
    "math": frozenset(),
    "pydantic": _words("ConfigDict Field field_validator model_validator"),
    "re": _words("compile escape findall finditer fullmatch match search split sub"),
    "statistics": _words("fmean mean median mode pstdev quantiles stdev variance"),
    "string": frozenset(),
    "textwrap": _words("dedent fill indent shorten wrap"),
    "typing": frozenset(),
}
"""The modules that may be imported, and their members that may be called, as a decorator too."""

BASES: Mapping[str, frozenset[str]] = {
    "enum": _words("Enum Flag IntEnum StrEnum"),
    "pydantic": _words("BaseModel"),
    "typing": _words("Protocol TypedDict"),
}
"""Members that may be the base of a class. A NamedTuple would be as generic as a tuple."""

METHODS = _words(
    """__add__ __aenter__ __aexit__ __aiter__ __anext__ __bool__ __call__ __contains__ __enter__
    __exit__ __ge__ __getitem__ __gt__ __init__ __iter__ __le__ __len__ __lt__ __mul__ __next__
    __post_init__ __repr__ __str__ __sub__"""
)
"""Special methods that a class may have. `__del__` runs at any time; with an `__eq__` of its own an
object can pose as another in a cache of the standard library."""

_MEANT = (
    *(str, bytes, bytearray, list, dict, set, tuple),
    *(int, float, complex, range, slice, property),
)
_MEANT_OF_MODULES = (
    *(collections.Counter, collections.OrderedDict, collections.deque, fractions.Fraction),
    *(dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone),
    *(re.Pattern, re.Match, itertools.chain),
)
_OF_THE_SDK = _words(
    """__name__ _request_id api_message args batches beta body cache_creation_input_tokens
    cache_read_input_tokens category citations close content content_block count_tokens create
    current_message_snapshot data delta display_name error_code errors event events explanation
    get_final_message get_final_text has_more headers id index input input_tokens lifecycle list
    max_input_tokens max_tokens message messages model model_dump model_dump_json
    model_json_schema model_validate model_validate_json models name output_tokens parse
    parsed_output partial_json request_id response results retries_taken retrieve role snapshot
    status_code stop_details stop_reason stop_sequence stream supported text text_stream
    thinking to_dict to_json to_param tool_runner type until_done usage value with_options
    with_raw_response"""
)
_FORMATS = frozenset({"format", "format_map"})
"""They read attributes themselves."""

ATTRIBUTES = (_public((*_MEANT, *_MEANT_OF_MODULES)) - _FORMATS) | _OF_THE_SDK
"""Attributes that may be read of anything."""

_INSIDES = (
    *(type, ABCMeta, enum.EnumMeta, collections.defaultdict, dataclasses.Field, BaseException),
    *(types.FunctionType, types.MethodType, types.GeneratorType, types.CoroutineType),
    *(types.AsyncGeneratorType, types.FrameType, types.CodeType, types.TracebackType),
)
_OF_CLIENTS = _words(
    """api_key auth_headers auth_token base_url copy credentials custom_auth default_headers
    default_query delete files get get_api_list http_request http_response is_closed max_retries
    middleware open_telemetry organization patch platform_headers post put qs request skills
    stream_to_file timeout user_agent user_profiles webhook_key with_middleware
    with_streaming_response write_to_file"""
)
_OF_MODELS = _words(
    """alias annotation construct default_factory dict from_orm json metadata
    model_computed_fields model_config model_construct model_copy model_extra model_fields
    model_fields_set model_parametrized_name model_post_init model_rebuild model_validate_strings
    parse_file parse_obj parse_raw schema schema_json update_forward_refs validate"""
)
TAKEN = (_public(_INSIDES) | _OF_CLIENTS | _OF_MODELS | _FORMATS) - ATTRIBUTES
"""Attributes that lead further than meant: code that names one of its own so may not use it."""
