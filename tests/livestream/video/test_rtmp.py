"""RTMP from an encoder: whatever way the bytes are cut, the same FLV comes out; nonsense is refused."""

from __future__ import annotations

import contextlib
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestream.video import amf
from livestream.video.rtmp import FLV_HEAD, HELLO, Broken, Bye, Conversation, Media, Publish

SOUND, PICTURE = 8, 9


def chunked(kind: int, body: bytes, stamp_ms: int, size: int = 128, number: int = 4, stream: int = 1) -> bytes:
    """A message as an encoder sends it: a full header, then the rest in chunks."""
    late = stamp_ms >= 0xFFFFFF
    head = bytes([number]) + min(stamp_ms, 0xFFFFFF).to_bytes(3) + len(body).to_bytes(3) + bytes([kind])
    more = struct.pack(">I", stamp_ms) if late else b""
    sent = head + struct.pack("<I", stream) + more + body[:size]
    for at in range(size, len(body), size):
        sent += bytes([0xC0 | number]) + more + body[at : at + size]
    return sent


HELLOS = b"\x03" + bytes(HELLO) + bytes(HELLO)
CONNECT = chunked(20, amf.encode("connect", 1, {"app": "live", "tcUrl": "rtmp://cho/live"}), 0, number=3)
CREATE = chunked(20, amf.encode("createStream", 4, None), 0, number=3)
PUBLISH = chunked(20, amf.encode("publish", 5, None, "17-khoa", "live"), 0, number=3)
OPENING = HELLOS + CONNECT + CREATE + PUBLISH


def talk(pieces: list[bytes]) -> tuple[list[str], bytes, bytes]:
    """(what was asked, the FLV, what was answered) when every key is good."""
    encoder, asked, flv, answered = Conversation(), [], b"", b""
    for piece in pieces:
        for said in encoder.feed(piece):
            if isinstance(said, Publish):
                asked.append(said.key)
                flv += encoder.accept()
            elif isinstance(said, Media):
                flv += said.flv
            elif isinstance(said, Bye):
                asked.append("bye")
        answered += encoder.take_answer()
    return asked, flv, answered


def cut(data: bytes, seed: int) -> list[bytes]:
    chance, pieces, at = random.Random(seed), [], 0
    while at < len(data):
        step = chance.choice([1, 2, 3, 7, 100, 3000])
        pieces.append(data[at : at + step])
        at += step
    return pieces


def tag(kind: int, body: bytes, stamp_ms: int) -> bytes:
    times = (stamp_ms & 0xFFFFFF).to_bytes(3) + bytes([stamp_ms >> 24])
    return bytes([kind]) + len(body).to_bytes(3) + times + bytes(3) + body + (11 + len(body)).to_bytes(4)


messages = st.lists(
    st.tuples(st.sampled_from([SOUND, PICTURE]), st.binary(min_size=1, max_size=700), st.integers(0, 0x1FFFFFF)),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(sent=messages, size=st.sampled_from([1, 64, 128, 4096]), seed=st.integers(0, 2**16))
def test_however_the_bytes_are_cut_the_same_film_comes_out(
    sent: list[tuple[int, bytes, int]], size: int, seed: int
) -> None:
    wire = OPENING + chunked(1, struct.pack(">I", size), 0, number=2)
    wire += b"".join(chunked(kind, body, stamp_ms, size) for kind, body, stamp_ms in sent)
    asked, flv, answered = talk(cut(wire, seed))
    assert asked == ["17-khoa"]
    assert flv == FLV_HEAD + b"".join(tag(*message) for message in sent)
    assert answered[0] == 3
    assert b"NetStream.Publish.Start" in answered


def test_short_headers_take_the_rest_from_before() -> None:
    wire = chunked(PICTURE, b"a" * 10, 1000)
    wire += bytes([0x44]) + (40).to_bytes(3) + (5).to_bytes(3) + bytes([PICTURE]) + b"bbbbb"  # a step, a length, a kind
    wire += bytes([0x84]) + (20).to_bytes(3) + b"ccccc"  # a step
    wire += bytes([0xC4]) + b"ddddd"  # nothing: the same step again
    _asked, flv, _answered = talk([OPENING + wire])
    stamps = [(b"a" * 10, 1000), (b"bbbbb", 1040), (b"ccccc", 1060), (b"ddddd", 1080)]
    assert flv == FLV_HEAD + b"".join(tag(PICTURE, body, stamp_ms) for body, stamp_ms in stamps)


def test_what_an_encoder_says_of_itself_goes_into_the_film_without_its_wrapping() -> None:
    facts = amf.encode("onMetaData", {"width": 640})
    _asked, flv, _answered = talk([OPENING + chunked(18, amf.encode("@setDataFrame") + facts, 0)])
    assert flv == FLV_HEAD + tag(18, facts, 0)


def test_pictures_before_a_key_was_accepted_are_nothing() -> None:
    encoder = Conversation()
    said = list(encoder.feed(HELLOS + CONNECT + chunked(PICTURE, b"a", 0)))
    assert said == []


def test_a_refused_key_is_told_as_encoders_understand_it() -> None:
    encoder = Conversation()
    assert list(encoder.feed(OPENING)) == [Publish("17-khoa")]
    encoder.refuse()
    assert b"NetStream.Publish.BadName" in encoder.take_answer()
    assert list(encoder.feed(chunked(PICTURE, b"a", 0))) == []


@pytest.mark.parametrize(
    "wire",
    [
        b"GET / HTTP/1.1\r\n",
        HELLOS + bytes([0xC5]) + b"\x00" * 20,
        HELLOS + bytes([4]) + bytes(3) + b"\xff\xff\xff" + bytes([9]) + bytes(4) + b"a" * 100,
        HELLOS + chunked(1, struct.pack(">I", 0), 0, number=2),
        HELLOS + chunked(1, struct.pack(">I", 0x7FFFFFFF), 0, number=2),
        HELLOS + chunked(20, b"\x0e" * 50, 0, number=3),
        HELLOS + chunked(20, b"\x02\xff\xffabc", 0, number=3),
        HELLOS + chunked(20, b"", 0, number=3),
        HELLOS + b"".join(chunked(8, b"a", 0, number=number) for number in range(3, 40)),
    ],
)
def test_what_is_no_rtmp_or_too_much_of_it_is_refused(wire: bytes) -> None:
    with pytest.raises(Broken):
        talk([wire])


@settings(max_examples=150, deadline=None)
@given(noise=st.binary(max_size=4000), begins=st.sampled_from([b"", b"\x03", HELLOS, OPENING]))
def test_noise_is_refused_or_ignored_and_never_breaks(noise: bytes, begins: bytes) -> None:
    with contextlib.suppress(Broken):
        talk([begins + noise])


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
        max_leaves=6,
    )
)
def test_values_come_back_as_they_went(value: object) -> None:
    try:
        assert amf.decode(amf.encode(value)) == [value]
    except amf.NotAmf:
        assert isinstance(value, dict)  # deeper than any command
