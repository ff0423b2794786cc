"""`linernotes schema`."""

from __future__ import annotations

import json
from typing import Any

import click

_OF = ("front-matter", "replies")

# Editors' tools know this draft for certain: remark's refuses newer ones (tried with 3.15.4). None
# of the keywords that pydantic writes for these models is newer.
_DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@click.command()
@click.argument("of", type=click.Choice(_OF))
def schema(*, of: str) -> None:
    """Print a JSON Schema, by which an editor completes and checks what you write.

    \b
        linernotes schema front-matter > schemas/front-matter.json
        linernotes schema replies > schemas/replies.json
    """
    click.echo(json.dumps(_schema(of) | {"$schema": _DRAFT_7}, ensure_ascii=False, indent=2))


def _schema(of: str) -> dict[str, Any]:
    if of == "front-matter":
        from linernotes.pages.front_matter import json_schema  # noqa: PLC0415  # only this one

        return json_schema()
    from linernotes.standin.replies import replies_json_schema  # noqa: PLC0415

    return replies_json_schema()
