from __future__ import annotations

from contextlib import suppress

import anthropic
import pytest
from asking import HELLO
from hypothesis import given
from hypothesis import strategies as st

from linernotes.standin.errors import ApiError
from linernotes.standin.multipart import parts_of

OUTPUT = """
replies:
  - content:
      - type: bash_code_execution_tool_result
        tool_use_id: srvtoolu_01
        content:
          type: bash_code_execution_result
          stdout: ""
          stderr: ""
          return_code: 0
          content: [{type: bash_code_execution_output, file_id: file_01made}]
    stop_reason: end_turn
"""


def form(*parts):
    lines = [b"--b\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in parts]
    return b"".join(lines) + b"--b--\r\n"


def post_form(standin, *parts):
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return standin.http.post("/v1/files", content=form(*parts), headers=headers)


def test_an_upload_is_described_and_found_again(standin):
    files = standin.client.files
    file = files.upload(file=("notes/data.csv", b"a,b\r\n1,2\r\n", "text/csv"))
    assert file.id.startswith("file_01")
    assert (file.filename, file.mime_type, file.size_bytes) == ("data.csv", "text/csv", 10)
    assert file.downloadable is False
    assert file.expires_at is None
    assert files.retrieve_metadata(file.id) == file
    assert files.list().data == [file]
    assert files.delete(file.id).type == "file_deleted"
    for gone in (files.retrieve_metadata, files.delete, files.download):
        with pytest.raises(anthropic.NotFoundError):
            gone(file.id)


def test_an_upload_cannot_be_downloaded(standin):
    file = standin.client.files.upload(file=("a.txt", b"a"))
    with pytest.raises(anthropic.BadRequestError) as caught:
        standin.client.files.download(file.id)
    assert caught.value.error_code == "file_not_downloadable"


def test_what_a_tool_made_can_be_downloaded(start):
    standin = start(OUTPUT)
    tools = [{"type": "code_execution_20260521", "name": "code_execution"}]
    standin.client.messages.create(**HELLO, tools=tools)
    assert standin.client.files.retrieve_metadata("file_01made").downloadable
    assert b"stand-in" in standin.client.files.download("file_01made").read()


def test_a_file_may_expire(standin):
    files = standin.client.files
    file = files.upload(file=("a.txt", b"a"), expires_in_seconds=3600)
    assert file.expires_at is not None
    assert (file.expires_at - file.created_at).total_seconds() == 3600
    for seconds in (3599, 7_776_001):
        with pytest.raises(anthropic.BadRequestError, match="between 3600 and 7776000"):
            files.upload(file=("a.txt", b"a"), expires_in_seconds=seconds)
    life = (b'Content-Disposition: form-data; name="expires_in_seconds"', b"soon")
    file_part = (b'Content-Disposition: form-data; name="file"; filename="a"', b"a")
    assert post_form(standin, file_part, life).status_code == 400


def test_files_are_listed_newest_first_in_pages(standin):
    files = standin.client.files
    ids = [files.upload(file=(f"{number}.txt", b"")).id for number in range(5)]
    assert [file.id for file in files.list(limit=2)] == ids[::-1]
    assert files.list(limit=2).next_page.startswith("page_")
    assert {file.id for file in files.list(ids=[ids[0], ids[3], "file_no"])} == {ids[0], ids[3]}
    for wrong in ({"page": "page_no"}, {"limit": 0}, {"ids": [ids[0]], "limit": 1}):
        with pytest.raises(anthropic.BadRequestError):
            files.list(**wrong)


def test_a_file_without_a_name_gets_one_that_fits_its_type(standin):
    head = b'Content-Disposition: form-data; name="file"\r\nContent-Type: text/csv'
    assert post_form(standin, (head, b"a")).json()["filename"] == "unnamed.csv"


def test_what_is_no_upload_is_refused(standin):
    other = (b'Content-Disposition: form-data; name="other"', b"a")
    assert post_form(standin, other).json()["error"]["message"] == "file: Field required"
    assert post_form(standin, (b"X: y", b"a")).status_code == 400
    assert standin.post({}, "/v1/files").status_code == 400


def test_the_same_upload_has_the_same_id_in_every_run(start):
    def ids(standin):
        return [standin.client.files.upload(file=("a.txt", b"a")).id for _ in range(2)]

    first, second = ids(start()), ids(start())
    assert first == second
    assert first[0] != first[1]


@given(st.lists(st.binary().filter(lambda content: b"--b" not in content), max_size=4))
def test_a_form_keeps_every_byte(contents):
    head = b'Content-Disposition: form-data; name="n"'
    parts = parts_of(form(*((head, one) for one in contents)), "multipart/form-data; boundary=b")
    assert [part.content for part in parts] == contents


@given(st.binary(), st.text(max_size=30))
def test_any_body_is_a_form_or_a_refusal(body, content_type):
    for declared in (content_type, "multipart/form-data; boundary=b"):
        for sent in (body, b"--b" + body + b"\r\n--b--"):
            with suppress(ApiError):
                parts_of(sent, declared)


def naming(id_):
    document = {"type": "document", "source": {"type": "file", "file_id": id_}}
    return HELLO | {"messages": [{"role": "user", "content": [document]}]}


def test_a_request_may_name_only_files_that_are_there(standin):
    kept = standin.client.files.upload(file=("a.txt", b"Hi", "text/plain"))
    assert standin.post(naming(kept.id)).status_code == 200
    refused = standin.post(naming("file_011CNobody"))
    assert (refused.status_code, refused.json()["error"]["type"]) == (404, "not_found_error")
    standin.client.files.delete(kept.id)
    assert standin.post(naming(kept.id)).status_code == 404


def test_a_file_from_before_the_run_is_taken(standin):
    assert standin.post(naming("file_011CEarlier")).status_code == 200


def test_a_tools_input_names_no_file(standin):
    standin.client.files.upload(file=("a.txt", b"Hi", "text/plain"))
    use = {"type": "tool_use", "id": "toolu_1", "name": "f"}
    call = use | {"input": {"type": "file", "file_id": "mine"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Done"}
    turns = [("user", "Go"), ("assistant", [call]), ("user", [result])]
    messages = [{"role": role, "content": content} for role, content in turns]
    assert standin.post(HELLO | {"messages": messages}).status_code == 200
