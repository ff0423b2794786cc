from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linernotes.standin.schema_example import example
from linernotes.standin.schema_fit import BadSchemaError, problems

LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 3, "maxLength": 5},
        {"type": "string", "format": "date"},
        {"type": "string", "pattern": "^[A-Z]{3}$"},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "integer", "minimum": 5, "maximum": 7},
        {"type": "integer", "exclusiveMinimum": 5, "multipleOf": 4},
        {"type": "number", "minimum": 0.1, "maximum": 0.2},
        {"type": "number", "exclusiveMaximum": 0},
        {"type": "boolean"},
        {"type": "null"},
        {"type": ["integer", "null"]},
        {"const": 3},
        {"default": "x", "type": "string"},
        {"$ref": "#/$defs/Thing"},
        {},
    ]
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda items, least: {"type": "array", "items": items, "minItems": least},
            inner,
            st.integers(0, 3),
        ),
        st.builds(
            lambda properties, closed: {
                "type": "object",
                "properties": properties,
                "required": list(properties)[:1],
                "additionalProperties": not closed,
            },
            st.dictionaries(st.text(min_size=1), inner, max_size=3),
            st.booleans(),
        ),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)
THING = {
    "type": "object",
    "properties": {
        "next": {"anyOf": [{"$ref": "#/$defs/Thing"}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Thing"}},
    },
    "required": ["next", "parts"],
    "additionalProperties": False,
}


@given(SCHEMAS)
def test_an_example_fits_its_schema_and_is_always_the_same(schema):
    whole = schema | {"$defs": {"Thing": THING}}
    value = example(whole)
    assert list(problems(value, whole)) == []
    assert example(whole) == value


def test_examples_are_taken_from_what_the_schema_says():
    schema = {
        "properties": {
            "city": {"type": "string", "description": "The city, e.g. San Francisco, CA."},
            "day": {"type": "string", "format": "date"},
            "unit": {"enum": ["C", "F"]},
            "limit": {"type": "integer", "default": 10},
        }
    }
    assert example(schema) == {
        "city": "San Francisco, CA",
        "day": "2026-01-15",
        "unit": "C",
        "limit": 10,
    }


def test_a_required_property_without_schema_is_there_too():
    assert example({"type": "object", "required": ["email"]}) == {"email": "ada@example.com"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KEYWORDS = ["type", "properties", "required", "items", "anyOf", "$ref", "enum", "minItems", "allOf"]


@given(st.dictionaries(st.sampled_from(KEYWORDS), JSON), JSON)
def test_what_is_no_schema_is_said_to_be_none(schema, value):
    try:
        example(schema)
        list(problems(value, schema))
    except BadSchemaError:
        pass


def test_an_example_never_grows_without_bound():
    assert len(example({"type": "string", "minLength": 10**12})) <= 10_000
    assert len(example({"type": "array", "minItems": 10**12})) <= 10_000


def test_required_properties_come_first():
    schema = {
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["b"],
    }
    assert list(example(schema)) == ["b", "a"]


def test_parts_of_allof_are_taken_together():
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
            {"properties": {"b": {"const": 2}}, "required": ["b"]},
        ]
    }
    assert example(schema) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("value", "schema", "words"),
    [
        (1, {"type": "string"}, "the value should be of the type string"),
        (True, {"type": "integer"}, "the value should be of the type integer"),
        (1.5, {"type": ["integer", "null"]}, "should be of the type integer or null"),
        ({}, {"required": ["a"]}, "a is missing"),
        ({"b": 1}, {"additionalProperties": False}, "b is not in the schema"),
        ({"a": [1, "x"]}, {"properties": {"a": {"items": {"type": "integer"}}}}, "a.1 should be"),
        ("c", {"enum": ["a", "b"]}, "should be one of a, b"),
        ("abc", {"pattern": "^[0-9]+$"}, "should match"),
        ("ab", {"minLength": 3}, "at least 3 characters"),
        (8, {"maximum": 7}, "at most 7"),
        (5, {"multipleOf": 4}, "a multiple of 4"),
        ([], {"minItems": 1}, "at least 1 items"),
        ("x", {"anyOf": [{"type": "null"}, {"type": "integer"}]}, "none of the schemas in anyOf"),
        (2, {"const": 1}, "should be 1"),
    ],
)
def test_what_does_not_fit_is_said_in_words(value, schema, words):
    assert any(words in problem for problem in problems(value, schema))
