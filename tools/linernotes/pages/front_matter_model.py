"""The vocabulary of front matter: the one definition of its keys, types and meanings."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from linernotes.pages.front_matter import file_path_problem

Level = Literal["beginner", "intermediate", "advanced"]
Text = Annotated[str, Field(min_length=1)]
Persona = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", examples=["developer"])]
Whole = Annotated[int, Field(ge=1)]


def _date_from_text(value: object) -> object:
    """Take a quoted date, and the dates of the older `Key: text` style, for what they say."""
    return date.fromisoformat(value.strip()) if isinstance(value, str) else value


def _alone(value: object) -> object:
    """Take one name for a list of one, as Material's templates do."""
    return (value,) if isinstance(value, str) else value


def _allowed_file(path: str) -> str:
    problem = file_path_problem(path)
    if problem is not None:
        raise ValueError(problem)
    return path


# Strict, because pydantic otherwise reads the number 2025 as a second of January 1970.
Day = Annotated[date, Strict(), BeforeValidator(_date_from_text)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_alone)]
FilePath = Annotated[str, Field(min_length=1), AfterValidator(_allowed_file)]


class FrontMatter(BaseModel):
    """What a page says of itself between the two `---` lines at its head.

    The first part is Linernotes' own vocabulary. The second is what MkDocs and Material for MkDocs
    read (its page templates and its blog, search, social and tags plugins): known here so that a
    typo among them is found, and otherwise left to them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, title="Linernotes front matter")

    title: Text | None = Field(None, description="The page's title, in navigation and search.")
    description: Text | None = Field(None, description="One sentence: what the page is for.")
    audience_levels: tuple[Level, ...] = Field((), description="Who can follow the page.")
    personas: tuple[Persona, ...] = Field(
        (), description="Whose work the page serves: developer, admin, team-lead, …"
    )
    categories: tuple[Text, ...] = Field((), description="What the page is about.")
    min_read_minutes: Whole | None = Field(
        None, description="Reading time in minutes; counted from the page's words when absent."
    )
    last_reviewed: Day | None = Field(
        None, description="The day somebody last read the page against the facts."
    )
    review_every_days: Whole = Field(
        180, description="How many days after `last_reviewed` the next review is due."
    )
    related: tuple[Text, ...] = Field(
        (), description="Pages to read next: paths below the docs directory, or URLs."
    )
    search_keywords: tuple[Text, ...] = Field(
        (), description="Words that find the page although its text doesn't have them."
    )
    show_toc: bool = Field(True, description="Whether the page shows its table of contents.")  # noqa: FBT003  # a value, not a flag
    files: tuple[FilePath, ...] = Field(
        (), description="Files beside the page that its snippets find in their directory."
    )

    draft: bool = Field(False, description="Keep the page out of everything published.")  # noqa: FBT003  # a value
    noindex: bool = Field(False, description="Keep the page out of search and agent files.")  # noqa: FBT003  # a value
    template: Text | None = None
    icon: Text | None = None
    status: Text | None = None
    subtitle: Text | None = None
    hide: Names = ()
    tags: tuple[Any, ...] = ()
    comments: bool | None = None
    search: Any = None
    social: Any = None
    author: Any = None
    authors: Any = None
    date: Any = None
    git_creation_date_localized: Any = None
    git_revision_date_localized: Any = None
    links: Any = None
    location: Any = None
    pin: Any = None
    readtime: Any = None
    revision_date: Any = None
    slug: Any = None
    source: Any = None
