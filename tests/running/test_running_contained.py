"""Contained code shares a process with other code, so whatever could be noticed is refused."""

from __future__ import annotations

import ast
import collections
import enum
import inspect
import json
import subprocess
import sys
import textwrap
import types

import anthropic
import pydantic
import pytest

from linernotes.running.contained import is_contained
from linernotes.running.harmless import ATTRIBUTES, BUILTINS, CALLED, TAKEN


def contained(source: str) -> bool:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(textwrap.dedent(source), "page.md", "exec", flags, dont_inherit=True)
    return is_contained(tree)


CALL = """
    import anthropic
    client = anthropic.Anthropic()
    message = client.messages.create(
        model="claude-sonnet-5-5", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
    )
"""

COMMON = {
    "arithmetic": "total = sum(price * 2 for price in [1, 2])\nassert total == 6\nprint(total)",
    "a list that grows": "names = []\nnames.append('a')\nnames[0] = 'b'\ndel names[0]",
    "a comprehension": "print({x: y for x, y in zip('ab', [1, 2]) if y})",
    "JSON": "import json\nprint(json.loads(json.dumps({'a': [1]}))['a'])",
    "a regular expression": "import re\nm = re.match(r'(\\d+)', '12')\nassert m\nprint(m.group(1))",
    "counting words": "from collections import Counter\nprint(Counter('aab').most_common(1))",
    "groups": "from collections import defaultdict\nd = defaultdict(list)\nd['a'].append(1)",
    "dates": "from datetime import date, timedelta\nprint(date(2026, 1, 1) + timedelta(days=1))",
    "a class": """
        class Account:
            def __init__(self, owner: str) -> None:
                self.owner = owner
                self._balance = 0

            @property
            def balance(self) -> int:
                return self._balance

            def pay_in(self, amount: int) -> None:
                if amount <= 0:
                    raise ValueError("nothing")
                self._balance += amount

        account = Account("Ada")
        account.pay_in(1)
        print(account.owner, account.balance)
    """,
    "a data class": """
        from dataclasses import dataclass, field

        @dataclass
        class Invoice:
            number: int
            lines: list[str] = field(default_factory=list)

        print(Invoice(1).lines)
    """,
    "an enumeration": "from enum import Enum\nclass A(Enum):\n    X = 1\nprint(list(A), A.X.name)",
    "a generator": "def numbers():\n    n = 0\n    while True:\n        yield n\n        n += 1\n"
    "print(next(numbers()))",
    "an exception": "try:\n    int('x')\nexcept (ValueError, TypeError) as error:\n"
    "    print(type(error).__name__)",
    "sorting": "print(sorted(['b', 'A'], key=str.lower), list(map(str, [1])))",
    "matching": "match {'type': 'a'}:\n    case {'type': 'a', **rest}:\n        print(rest)",
    "maths": "from math import pi\nimport math\nprint(math.sqrt(4), pi, math.inf)",
    "a call": CALL + "\n    print(next(b.text for b in message.content if b.type == 'text'))",
    "a stream": """
        from anthropic import Anthropic
        with Anthropic().messages.stream(model="m", max_tokens=9, messages=[]) as stream:
            for text in stream.text_stream:
                print(text, end="", flush=True)
        print(stream.get_final_message().usage.output_tokens)
    """,
    "a parsed answer": """
        from anthropic import Anthropic
        from pydantic import BaseModel, Field

        class City(BaseModel):
            name: str
            people: int = Field(description="in thousands")

        message = Anthropic().messages.parse(
            model="m", max_tokens=9, messages=[], output_format=City
        )
        assert message.parsed_output
        print(message.parsed_output.people)
    """,
    "an API error": """
        import anthropic
        try:
            anthropic.Anthropic().messages.create(model="m", max_tokens=9, messages=[])
        except anthropic.BadRequestError as error:
            print(error.status_code, isinstance(error, anthropic.APIError))
    """,
    "an asynchronous call": """
        from anthropic import AsyncAnthropic
        async with AsyncAnthropic() as client:
            message = await client.messages.create(model="m", max_tokens=9, messages=[])
        print(message.stop_reason)
    """,
}


@pytest.mark.parametrize("name", COMMON)
def test_what_most_pages_show_is_contained(name: str) -> None:
    assert contained(COMMON[name])


REACHING = {
    # other modules and builtins
    "an unknown module": "import os",
    "a module inside a known one": "from json import decoder\ndecoder.JSONDecoder()",
    "sys by way of another": "from dataclasses import sys\nsys.setrecursionlimit(50)",
    "builtins by way of another": "from enum import bltns\nbltns.exec('x')",
    "a script's main function": "import base64\nbase64.main()",
    "everything of a module": "from json import *",
    "a relative import": "from . import json",
    "exec": "exec('import os')",
    "a getter that isn't shadowed yet": "def f(getattr): pass\ngetattr(1, 'real')",
    "open, bound later": "open('x', 'w')\nopen = None",
    "open as the name of an import": "from json import loads as open",
    "two imports of one name": "import json as a\nimport anthropic as a",
    "an import rebound": "import json\njson = 1",
    "__builtins__": "__builtins__",
    "an import function": "__import__('os')",
    # imports handed on
    "a module in a list": "import json\n[x for x in [json]]",
    "a module in a tuple": "import json\n(json,)[0].loads = None",
    "a module as an argument": "import json\nprint(json)",
    "a module as a default": "import json\ndef f(x=json): pass",
    "a module as a keyword": "import json\nprint(end=json)",
    "a module through the walrus": "import json\n(j := json)",
    "a module through match": "import json\nmatch json:\n    case j: pass",
    "a module through with": "import json\nwith json as j: pass",
    "a module through for": "import json\nfor j in json: pass",
    "a module as a decorator": "import json\n@json\ndef f(): pass",
    "a module in an f-string": "import json\nf'{json}'",
    "a module through star": "import json\nprint(*[json])",
    "a module returned": "import json\ndef f(): return json",
    "a function of a module": "import json\nx = json.dumps",
    "maths as self": "import math\ndef f(self): self.pi = 3\nf(math)",
    "a class by way of type()": "import anthropic\nx = type(anthropic.Anthropic())",
    "a class given to a decorator": "import anthropic\nfrom dataclasses import dataclass\n"
    "dataclass(anthropic.Anthropic)",
    # attributes
    "a module's attribute": "import json\njson.loads = None",
    "an imported class's attribute": "from pydantic import BaseModel\nBaseModel.x = 1",
    "an attribute deleted": "import json\ndel json.loads",
    "a registration": "from collections import Counter\nCounter.register(int)",
    "a registration with a base": "from pydantic import BaseModel\nBaseModel.register(int)",
    "the configuration of a base": "from pydantic import BaseModel\n"
    "BaseModel.model_config['extra'] = 'forbid'",
    "the configuration through super": "from pydantic import BaseModel\nclass A(BaseModel):\n"
    "    def f(self): super().model_config['extra'] = 'forbid'",
    "the fields of an answer": CALL + "\n    message.model_fields.clear()",
    "the fields, in place": CALL + "\n    message.model_fields |= {'a': 1}",
    "the fields, under a name of its own": CALL
    + "\n    class A:\n        model_fields = 1\n    message.model_fields.clear()",
    "the headers of all clients": CALL + "\n    client.platform_headers().clear()",
    "the time-out of all clients": CALL + "\n    client.timeout.read = 0",
    "the frame of a generator": "g = (x for x in [1])\ng.gi_frame.f_builtins['print'] = None",
    "the frame, under a name of its own": "class A:\n    gi_frame = f_builtins = 1\n"
    "g = (x for x in [1])\ng.gi_frame.f_builtins['print'] = None",
    "the frame through match": "match (x for x in [1]):\n    case object(gi_frame=f): pass",
    "globals of a method": "class A:\n    def f(self): pass\nA().f.__globals__",
    "globals by way of operator": "import operator\noperator.attrgetter('x')",
    "globals by way of a formatter": "import string\nstring.Formatter()",
    "globals by way of format": "'{0.__class__}'.format(1)",
    "a private attribute": CALL + "\n    client._client",
    "a private attribute as self": CALL + "\n    def f(self): self._client\n    f(client)",
    "a private attribute that has a namesake": CALL
    + "\n    class A:\n        def f(self):\n            self._client = None\n    A.f(client)",
    "a constant shared by patterns": "import re\ndef f(self): self.x = 1\nf(re.I)",
    # classes
    "a finalizer": "class A:\n    def __del__(self): print()",
    "a finalizer by assignment": "class A:\n    __del__ = print",
    "a finalizer by import": "class A:\n    from json import dumps as __del__",
    "a finalizer by match": "class A:\n    match print:\n        case __del__: pass",
    "a finalizer as a class": "class A:\n    class __del__: pass",
    "an equality of its own": "class A:\n    def __eq__(self, other): return True",
    "a hash of its own": "class A:\n    def __hash__(self): return 0",
    "a metaclass": "class A(metaclass=type): pass",
    "a subclass hook": "class A:\n    def __init_subclass__(cls): pass",
    "a kind of text": "class A(str): pass",
    "a subclass of a client": "import anthropic\nclass A(anthropic.Anthropic): pass",
    "an enumeration for another module": "import enum\n"
    "enum.global_enum(enum.Enum('X', {'loads': 1}, module='json'))",
    "a base that is computed": "class A(*[Exception]): pass",
    # code in text
    "a text that is evaluated": "from pydantic import BaseModel\nclass A(BaseModel):\n"
    "    x: '__import__(\"os\").environ.clear()'",
    "such a text in a list": "from pydantic import BaseModel\nclass A(BaseModel):\n"
    "    x: list['__import__(\"os\")']",
    "such a text by a variable": "from pydantic import BaseModel\nT = 'evil()'\n"
    "class A(BaseModel):\n    x: T",
    "such a text by a builtin's name": "from pydantic import BaseModel\nint = 'evil()'\n"
    "class A(BaseModel):\n    x: int",
    "such a text by a class's name": "from pydantic import BaseModel\nclass T: pass\nT = 'evil()'\n"
    "class A(BaseModel):\n    x: T",
    "such a text by a decorator": "from pydantic import BaseModel\ndef f(c): return 'evil()'\n"
    "@f\nclass T: pass\nclass A(BaseModel):\n    x: T",
    "such a text in an alias": "T = list['evil()']",
    "such a text in an alias of an alias": "L = list\nT = L['evil()']",
    "such a text through copy": "from copy import copy\nT = copy(list)['evil()']",
    "such a text through dict": "T = dict(a=list)['a']['evil()']",
    "such a text through chain": "from itertools import chain\nT = chain['evil()']",
    "such a text as a generic pair": "from typing import NamedTuple\nclass A(NamedTuple): pass",
    "such a text in a property's type": "from pydantic import computed_field\n"
    "computed_field(return_type='evil()')",
    "such a text in a type parameter's bound": "from typing import TypeVar\nTypeVar('T', bound='x')",
    # what runs later
    "a generator that cleans up": "def f():\n    try:\n        yield 1\n    finally:\n"
    "        print('late')",
    "a generator in a context": "def f():\n    with open_it() as x:\n        yield x\n"
    "def open_it(): pass",
    "an asynchronous generator": "async def f():\n    yield 1",
    "a task": "import asyncio\nasyncio.create_task(print())",
    "a thread": "import threading",
    "an exit handler": "import atexit",
    "the environment": "import os\nos.environ['A'] = '1'",
    "warnings": "import warnings\nwarnings.simplefilter('error')",
    "the decimal context": "import decimal\ndecimal.getcontext().prec = 2",
    "random numbers": "import random\nrandom.seed(0)",
    "the clock": "import time\ntime.sleep(1)",
}


@pytest.mark.parametrize("name", REACHING)
def test_what_could_reach_other_code_is_not_contained(name: str) -> None:
    assert not contained(REACHING[name])


FOREIGN = (
    *(types.GeneratorType, types.CoroutineType, types.FrameType, types.CodeType),
    *(types.TracebackType, types.FunctionType, types.MethodType, types.ModuleType, type),
    *(enum.EnumMeta, collections.defaultdict, ValueError, pydantic.BaseModel),
    *(type(pydantic.BaseModel), anthropic.types.Message, anthropic.APIStatusError),
)


def test_every_attribute_of_foreign_objects_is_meant_or_taken() -> None:
    client = anthropic.Anthropic(api_key="any")
    names = {name for kind in (*FOREIGN, client) for name in dir(kind)}
    public = {name for name in names if not name.startswith("_")}
    assert public <= ATTRIBUTES | TAKEN
    assert not ATTRIBUTES & TAKEN


def test_no_two_clients_share_anything_that_can_be_changed_under_a_name_that_may_be_read() -> None:
    one, other = anthropic.Anthropic(api_key="a"), anthropic.Anthropic(api_key="b")
    pairs = [(one, other), (one.messages, other.messages), (one.models, other.models)]
    for left, right in pairs:
        for name in ATTRIBUTES & set(dir(left)):
            mine = getattr(left, name)
            shared = mine is getattr(right, name) and not inspect.isroutine(mine)
            assert not shared or mine is None, name


def test_what_may_be_called_is_there() -> None:
    for module, members in CALLED.items():
        for member in members:
            assert hasattr(__import__(module, fromlist=["_"]), member)
    assert set(dir(__import__("builtins"))) >= BUILTINS - {"__name__"}


def test_contained_code_leaves_nothing_to_notice() -> None:
    """Each program prints the same wherever it runs in a shared process."""
    names = [name for name in COMMON if "anthropic" not in COMMON[name]]
    forwards, backwards = _printed(names * 2), _printed(names[::-1])
    assert all(len(printed) == 2 and len(set(printed)) == 1 for printed in forwards.values())
    assert {name: printed[0] for name, printed in forwards.items()} == {
        name: printed[0] for name, printed in backwards.items()
    }


_SCRIPT = """
import json, sys
from linernotes.running import child
from linernotes.running.job import Job, Piece
sources = json.load(sys.stdin)
jobs = [Job(str(n), "page.md", "page.py", (Piece(s, 1),), 9.0) for n, s in enumerate(sources)]
child.run_contained(jobs, 1)
"""


def _printed(names: list[str]) -> dict[str, list[str]]:
    """Return what each program prints when all share one process."""
    sources = [textwrap.dedent(COMMON[name]) for name in names]
    ran = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        input=json.dumps(sources),
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, list[str]] = {name: [] for name in names}
    for line in filter(None, ran.stdout.splitlines()):
        number, printed, report, _ = json.loads(line)
        assert report["status"] == "passed"
        found[names[number]].append(printed)
    return found
