from __future__ import annotations

import base64
import struct
import zlib

import anthropic
import pytest
from asking import HELLO
from hypothesis import given
from hypothesis import strategies as st

from linernotes.standin.media import Picture, is_pdf, pdf_pages, pdf_texts, picture

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIB", 13, b"IHDR", 640, 480, 8)
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x11\x08" + struct.pack(">HH", 480, 640)
GIF = b"GIF89a" + struct.pack("<HH", 640, 480)
RIFF = b"RIFF\x00\x00\x00\x00WEBP"
WEBP = [
    RIFF + b"VP8 " + bytes(10) + struct.pack("<HH", 640, 480),
    RIFF + b"VP8L" + bytes(5) + struct.pack("<I", 639 | 479 << 14) + bytes(5),
    RIFF + b"VP8X" + bytes(8) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little"),
]


def pdf(*texts):
    pages = b"".join(b"<< /Type /Page >>\n" for _ in texts)
    streams = b"".join(
        b"stream\n"
        + zlib.compress(f"BT (Page: ) Tj [({text}) 3 (!)] TJ ET".encode())
        + b"\nendstream\n"
        for text in texts
    )
    return b"%PDF-1.4\n<< /Type /Pages >>\n" + pages + streams


def image(data, media_type="image/png"):
    encoded = base64.b64encode(data).decode()
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": media_type, "data": encoded},
    }


def document(data):
    encoded = base64.b64encode(data).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": encoded}
    return {"type": "document", "source": source}


def asking(*blocks, **more):
    return HELLO | {"messages": [{"role": "user", "content": list(blocks)}]} | more


@pytest.mark.parametrize(
    ("data", "kind"),
    [(PNG, "png"), (JPEG, "jpeg"), (GIF, "gif"), *((data, "webp") for data in WEBP)],
)
def test_the_size_of_an_image_is_read_from_its_header(data, kind):
    assert picture(data) == Picture(f"image/{kind}", 640, 480)


@given(st.sampled_from([PNG, JPEG, GIF, *WEBP, pdf("A")]), st.integers(0, 60), st.binary())
def test_broken_files_are_read_without_a_crash(data, kept, more):
    broken = data[:kept] + more
    picture(broken)
    assert pdf_pages(broken) >= 1
    assert all(text.isprintable() for text in pdf_texts(broken))


def test_the_pages_of_a_pdf_are_counted_and_their_text_is_read():
    data = pdf("One", "Two")
    assert is_pdf(data)
    assert pdf_pages(data) == 2
    assert list(pdf_texts(data)) == ["Page: One!", "Page: Two!"]


def test_images_and_pdfs_cost_tokens_by_their_size(standin):
    def tokens(block, model="claude-sonnet-5-5"):
        request = asking(block, model=model)
        return standin.client.messages.create(**request).usage.input_tokens

    large = PNG.replace(struct.pack(">II", 640, 480), struct.pack(">II", 4000, 3000))
    assert tokens(image(PNG)) == 23 * 18 + 8
    assert tokens(image(large)) == 4784 + 8
    assert tokens(image(large), "claude-haiku-4-5") == 1568 + 8
    assert tokens(document(pdf("A", "B"))) == 2 * tokens(document(pdf("A"))) - 8


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (image(PNG, "image/jpeg"), "does not match the provided media type image/jpeg"),
        (
            image(PNG.replace(struct.pack(">I", 640), struct.pack(">I", 9000))),
            "exceed max allowed size: 8000 pixels",
        ),
        (image(bytes(8 * 1024 * 1024)), "image exceeds 10 MB maximum"),
        (document(b"Hello"), "The PDF specified was not valid"),
    ],
)
def test_what_is_not_as_it_says_is_refused(standin, block, message):
    with pytest.raises(anthropic.BadRequestError, match=message):
        standin.client.messages.create(**asking(block))


def refusal(standin, *blocks, **more):
    answer = standin.post(asking(*blocks, **more))
    assert answer.status_code == 400
    return answer.json()["error"]["message"]


def test_a_request_has_only_so_many_images_and_pages(standin):
    small = {"model": "claude-haiku-4-5"}
    assert standin.post(asking(*[image(PNG)] * 600)).status_code == 200
    assert refusal(standin, *[image(PNG)] * 601).endswith("0 document pages + 601 images > 600")
    assert refusal(standin, *[image(PNG)] * 101, **small).endswith("101 images > 100")
    mixed = (document(pdf(*"abc")), *[image(PNG)] * 98)
    assert refusal(standin, *mixed, **small).endswith("3 document pages + 98 images > 100")
    long = document(pdf(*["a"] * 101))
    assert "A maximum of 100 PDF pages may be provided." in refusal(standin, long, **small)
    assert standin.post(asking(long)).status_code == 200


def test_many_images_must_be_smaller(standin):
    wide = PNG[:16] + struct.pack(">II", 2001, 10) + PNG[24:]
    assert standin.post(asking(*[image(wide)] * 20)).status_code == 200
    said = refusal(standin, *[image(wide)] * 21)
    assert said.startswith("messages.0.content.0.image.source.base64.data: ")
    assert said.endswith("many-image requests: 2000 pixels")


def test_images_in_tool_results_count(standin):
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [image(PNG)] * 601}
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    turns = [("user", "Go"), ("assistant", [call]), ("user", [result])]
    messages = [{"role": role, "content": content} for role, content in turns]
    answer = standin.post(HELLO | {"messages": messages})
    assert answer.json()["error"]["message"].startswith("Too much media")


def sized(width, height):
    return image(PNG.replace(struct.pack(">II", 640, 480), struct.pack(">II", width, height)))


@pytest.mark.parametrize(
    ("model", "size", "fits"),
    [
        ("claude-sonnet-5-5", (2576, 100), None),
        ("claude-sonnet-5-5", (0, 0), None),
        ("claude-sonnet-5-5", (2577, 100), "2576x99"),
        ("claude-haiku-4-5", (1092, 1092), None),
        ("claude-haiku-4-5", (2000, 1000), "1568x784"),
        ("claude-haiku-4-5", (1500, 1500), "1092x1092"),
    ],
)
def test_an_image_that_may_not_be_scaled_down_is_refused_with_the_size_that_fits(
    standin, model, size, fits
):
    block = sized(*size) | {"transformations": {"oversized_image": "error"}}
    response = standin.post(asking(block, model=model))
    assert response.status_code == (400 if fits else 200)
    if fits:
        message = response.json()["error"]["message"]
        assert f"{size[0]}x{size[1]}" in message
        assert message.endswith(fits)
    for default in ({}, {"transformations": {"oversized_image": "downsize"}}):
        assert standin.post(asking(sized(*size) | default, model=model)).status_code == 200
