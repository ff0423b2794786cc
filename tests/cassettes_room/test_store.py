"""Cassettes on disk."""

from __future__ import annotations

from datetime import date

import pytest

from linernotes.atomic import write_atomically
from linernotes.cassettes.cassette import Cassette, CassetteError, Provenance
from linernotes.cassettes.store import (
    SIZE_BUDGET_BYTES,
    age_finding,
    all_cassettes,
    read_cassette,
    size_finding,
)
from linernotes.cassettes.yaml_format import dumps

PAGE = "tests/cassettes/a.yaml"
RECORDED = Provenance(
    "live", "2026-08-23T23:59:59Z", snippet="docs/guides/streaming.md#stream-text"
)


def test_a_written_cassette_is_read_again(tmp_path):
    path = tmp_path / "guides" / "a.yaml"
    cassette = Cassette(RECORDED, ())
    write_atomically(path, dumps(cassette))
    assert read_cassette(path, PAGE) == cassette
    assert [each.name for each in path.parent.iterdir()] == ["a.yaml"]


def test_a_file_that_is_not_utf8_is_a_finding(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"linernotes: \xff\n")
    with pytest.raises(CassetteError) as caught:
        read_cassette(path, PAGE)
    assert caught.value.finding.code == "cassette-not-yaml"
    assert "byte 12" in caught.value.finding.message


def test_a_file_that_cannot_be_read_is_the_callers_to_report(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_cassette(tmp_path / "none.yaml", PAGE)


def test_all_cassettes_are_listed_and_scripts_are_none(tmp_path):
    for name in ("b/c.yaml", "a.yaml", "b/c.replies.yaml", "b/notes.md", ".a.yaml.1f.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert all_cassettes(tmp_path) == (tmp_path / "a.yaml", tmp_path / "b" / "c.yaml")
    assert all_cassettes(tmp_path / "missing") == ()


def test_a_cassette_over_the_budget_is_a_warning():
    assert size_finding(SIZE_BUDGET_BYTES, PAGE) is None
    finding = size_finding(SIZE_BUDGET_BYTES + 1, PAGE)
    assert finding is not None
    assert (finding.code, finding.severity, finding.page) == ("cassette-too-large", "warning", PAGE)
    assert "100,001 bytes" in finding.message


def test_a_cassette_is_overdue_after_ninety_days():
    assert age_finding(RECORDED, date(2026, 11, 21), PAGE) is None
    assert age_finding(None, date(2036, 1, 1), PAGE) is None
    finding = age_finding(RECORDED, date(2026, 11, 22), PAGE)
    assert finding is not None
    assert (finding.code, finding.severity, finding.page) == ("cassette-overdue", "warning", PAGE)
    assert "91 days ago, on 2026-08-23" in finding.message
    assert "`linernotes record docs/guides/streaming.md#stream-text`" in str(finding)
