"""What `verify` leaves for those who render pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendered_pages import MKDOCS, marks
from writing_pages import CALL, fence, named, output

from linernotes.cassettes.cassette import (
    BytesBody,
    Event,
    EventsBody,
    Interaction,
    JsonBody,
    Request,
    Response,
    TextBody,
)
from linernotes.project import find_project
from linernotes.rendering.exchanges import exchange_of
from linernotes.rendering.proofs import Proof, Proofs, read_proofs

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Site


def proofs(site: Site) -> Proofs:
    return read_proofs(find_project(site.root))


def proof(site: Site, name: str) -> Proof:
    return next(one for one in proofs(site) if one.id == name)


def test_a_proof_says_all_that_verify_does(site: Site):
    site.page(named(CALL, "call"), named("print(1)", "one", '.norun reason="why" '))
    site.run("record", "--simulate")
    site.run("verify")

    call, one = proof(site, "call"), proof(site, "one")

    assert (call.address, call.page, call.line) == ("docs/page.md#call", "docs/page.md", 3)
    assert (call.verdict, call.provenance, call.problems) == ("passed", "simulated", ())
    assert call.module == "page/call.py"
    assert call.verified == call.recorded
    assert call.sdk == call.recorded_with
    assert [exchange.path for exchange in call.exchanges] == ["/v1/messages"]
    assert (one.verdict, one.reason, one.sdk, one.exchanges) == ("skipped", "why", None, ())


def test_proofs_of_pages_that_are_not_verified_this_time_stay(site: Site):
    site.page(named("print(1)", "one"), named("print(2)", "two"), name="a")
    site.page(named("print(3)", "three"), name="b")
    site.run("verify")

    site.page(named("print(1)", "one"), named("assert not 2", "two"), name="a")
    site.run("verify", "docs/a.md#two")
    assert {one.id: one.verdict for one in proofs(site)} == {
        "one": "passed",
        "two": "failed",
        "three": "passed",
    }

    site.page(named("print(1)", "one"), name="a")
    site.run("verify", "docs/a.md")
    assert [one.id for one in proofs(site)] == ["one", "three"]

    (site.docs / "a.md").unlink()
    site.run("verify")
    assert [one.id for one in proofs(site)] == ["three"]


def test_an_unchanged_project_writes_nothing(site: Site):
    site.page(named("print(1)", "one"), named("print(2)", "two", '.skip reason="why" '))
    site.run("verify")
    file = site.root / ".linernotes" / "proofs.json"
    before = file.stat()

    site.run("verify")
    assert file.stat().st_ino == before.st_ino

    site.page("Prose.", named("print(1)", "one"), named("print(2)", "two", '.skip reason="why" '))
    site.run("verify")
    assert file.stat().st_ino != before.st_ino
    assert proof(site, "one").line == 5


def test_a_lost_or_foreign_file_is_written_anew_although_nothing_is_run(site: Site):
    site.page(named("print(1)", "one"))
    site.run("verify")
    for text in ("{}", '{"format": 0, "stamp": "x"}'):
        site.write(".linernotes/proofs.json", text)
        assert list(proofs(site)) == []
        assert site.json("verify")["summary"]["cached"] == 1
        assert proof(site, "one").verdict == "passed"


def test_what_mends_a_failure_is_named(site: Site):
    site.page(
        named("print(1)", "prints"),
        output("2"),
        named(CALL, "asks"),
        fence(CALL),
        named("open('x')", "opens"),
    )
    site.run("verify")

    found = {one.id: one.problems[0] for one in proofs(site)}

    assert found["prints"].command == "linernotes verify --update docs/page.md#prints"
    assert found["asks"].command == "linernotes record --simulate docs/page.md#asks"
    assert (found["snippet-3"].code, found["snippet-3"].command) == ("needs-id", None)
    assert found["snippet-3"].hint is not None
    assert "FileNotFoundError" in found["opens"].message
    assert "open('x')" in found["opens"].detail


def test_what_is_wrong_with_a_page_is_kept_with_it(site: Site):
    site.page(named("print(1)", "one"), named("print(2)", "one"))
    site.run("verify")

    findings = proofs(site).pages["docs/page.md"].findings

    assert [finding.code for finding in findings] == ["duplicate-id"]


def test_verify_goes_on_where_proofs_cannot_be_written(site: Site):
    site.page(named("print(1)", "one"))
    site.write(".linernotes/proofs.json/in-its-place", "")

    assert site.run("verify").exit_code == 0


def built(root: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (root / "site" / "page" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "engine",
    [("mkdocs", "build", "--strict"), ("zensical", "build", "--clean")],
    ids=lambda it: it[0],
)
def test_a_site_shows_what_was_verified(site: Site, engine: tuple[str, ...]):
    pytest.importorskip(engine[0])
    site.write("mkdocs.yml", MKDOCS.replace("plugins: []\n", "site_url: https://site.example/\n"))
    site.page(named("print(1)", "one"), output("1"), name="index")
    site.page(named("print(1)", "one"), output("1"), named("assert not '<&>'", "two"))
    site.write("snippets/page/one.py", "the module")
    site.run("verify")

    html = built(site.root, *engine)
    assert marks(html) == ["Verified", "Failed"]
    assert "AssertionError" in html
    assert "&lt;&amp;&gt;" in html
    assert 'href="../snippets/page/one.py"' in html

    site.page(named("print(1)", "one"), output("2"), named("assert '<&>'", "two"))
    assert marks(built(site.root, *engine)) == ["Not verified yet", "Not verified yet"]


def exchanged(request: object, response: object, url: str = "https://api.anthropic.com/v1/x?a=1"):
    return exchange_of(
        Interaction(
            Request("POST", url, (), request),  # ty: ignore[invalid-argument-type]
            Response(200, "OK", (), response),  # ty: ignore[invalid-argument-type]
        )
    )


def test_long_bodies_are_cut_and_say_by_how_much():
    sent = {"data": "x" * 5000, "text": "word " * 1000}
    found = exchanged(JsonBody(sent), JsonBody({"list": list(range(1000))}))

    assert found.request is not None
    assert found.response is not None
    assert len(found.request.lines[1]) < 100  # base64 says nothing to a reader
    assert found.request.lines[1].endswith('… (4,952 more characters)",')
    assert found.request.lines[2].endswith('… (4,800 more characters)"')
    assert len(found.response.lines) + found.response.more == 1004
    assert len(found.response.lines) < 30


@pytest.mark.parametrize(
    ("body", "kind", "line"),
    [
        (BytesBody(b"\xff" * 2000), "bytes", "2,000 bytes"),
        (TextBody("a\nb"), "text", "a"),
        (EventsBody((Event("ping", {"type": "ping"}),)), "events", 'ping {"type": "ping"}'),
        (EventsBody((Event(None, "[DONE]"),)), "events", "message [DONE]"),
        (JsonBody([1, {"role": "user"}]), "json", '[1, {"role": "user"}]'),
        (JsonBody({"text": "word " * 20}), "json", "{"),
    ],
)
def test_every_kind_of_body_has_an_excerpt(body: object, kind: str, line: str):
    found = exchanged(None, body).response

    assert found is not None
    assert (found.kind, found.lines[0]) == (kind, line)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(alphabet='ab \n"é', max_size=40),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=12,
    )
)
def test_what_fits_is_shown_whole_and_is_json(value: Any):
    found = exchanged(None, JsonBody(value)).response

    assert found is not None
    if not found.more:
        assert json.loads("\n".join(found.lines)) == value


def test_the_host_is_named_where_it_is_not_the_vendor():
    assert exchanged(None, None).path == "/v1/x?a=1"
    assert exchanged(None, None, "http://127.0.0.1:1/v1").path == "http://127.0.0.1:1/v1"


def test_an_extension_under_its_long_name_hides_nothing_from_verify(site: Site):
    name = "linernotes.rendering.markdown_extension:LinernotesExtension"
    site.write(
        "mkdocs.yml",
        f"site_name: S\nmarkdown_extensions:\n  - pymdownx.superfences\n  - {name}\n",
    )
    site.page(named("print(1)", "one", ".hidden "), named("print(2)", "two", ".continue "))

    summary = site.json("verify")["summary"]

    assert (summary["passed"], summary["rendered"], summary["unaccounted"]) == (2, 2, 0)
