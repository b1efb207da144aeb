"""The picture goes to other sites, too: known ones only, with sealed keys, and a site that fails hurts nobody."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from livestream.simulcast import targets
from livestream.simulcast.models import LiveTarget
from livestream.simulcast.relay import wait_s
from livestream.simulcast.site import NotTaken, NotTrusted, Site, Tags
from livestream.video.amf import encode
from livestream.video.rtmp import COMMAND, FLV_HEAD, HELLO, OUR_CHUNK_BYTES, SET_CHUNK, Chunks, Message, chunked
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.sealing import CannotOpen, seal, unseal
from shop.settings import Settings
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, listed, until
from tests.livestream.video.test_obs import key_of
from tests.servers import free_port

State = Callable[[Phone], str]
KEY = "abcd-efgh-1234-5678"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("rtmp://a.rtmp.youtube.com/live2", "rtmp://a.rtmp.youtube.com/live2/"),
        ("rtmps://live-api-s.facebook.com:443/rtmp/", "rtmps://live-api-s.facebook.com:443/rtmp/"),
        (" rtmps://push-rtmp-l1.tiktokcdn.com/game/ ", "rtmps://push-rtmp-l1.tiktokcdn.com/game/"),
    ],
)
def test_the_servers_of_the_three_sites_are_known(typed: str, kept: str) -> None:
    assert targets.server_of(typed, ()) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "rtmp://127.0.0.1/live",
        "rtmp://localhost/live",
        "rtmp://169.254.169.254/",
        "rtmp://[::1]/live",
        "http://a.rtmp.youtube.com/live2",
        "rtmp://a.rtmp.youtube.com.evil.example/live2",
        "rtmp://evilyoutube.com/live2",
        "rtmp://user:pass@a.rtmp.youtube.com/live2",
        "rtmp://a.rtmp.youtube.com:99999/live2",
        "rtmp://a.rtmp.youtube.com/live2?x=|touch /tmp/x",
        "rtmp://a.rtmp.youtube.com/ -f null",
        "rtmp://a..youtube.com/live2",
        "rtmp://127.0.0.1\x00.youtube.com/live2",
        "rtmp://127.0.0.1\\.youtube.com/live2",
        f"rtmp://{'a' * 64}.youtube.com/live2",
        "rtmp://[::1/live2",
        "-f null",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_address_is_ever_sent_to(typed: str) -> None:
    with pytest.raises(targets.UnknownServer):
        targets.server_of(typed, ())


def test_a_site_whose_name_nobody_can_look_up_does_not_take_the_picture() -> None:
    with pytest.raises(NotTaken):
        asyncio.run(Site.meet("rtmp://a..site.example/live/", KEY))


def the_way(*answers: list[str]) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """The internet's names as they are given out one after the other, and where somebody knocked then."""
    given, knocked = iter(answers), list[tuple[str, dict[str, Any]]]()

    async def look_up(_host: str, _port: int) -> list[str]:
        return next(given)

    async def connect(address: str, _port: int, **named: Any) -> Any:
        knocked.append((address, named))
        raise ConnectionRefusedError

    return {"look_up": look_up, "connect": connect}, knocked


def test_a_name_is_looked_up_once_and_the_picture_goes_to_no_other_address_than_was_looked_at() -> None:
    """A name that leads outside when it is asked for, and to a machine beside ours a moment later."""
    way, knocked = the_way(["93.184.216.34", "2606:4700::1111"], ["127.0.0.1"])
    with pytest.raises(NotTaken):
        asyncio.run(Site.meet("rtmps://live.youtube.com/live/", KEY, **way))
    assert [address for address, _named in knocked] == ["93.184.216.34", "2606:4700::1111"]
    assert {named["server_hostname"] for _address, named in knocked} == {"live.youtube.com"}
    with pytest.raises(NotTaken):
        asyncio.run(Site.meet("rtmps://live.youtube.com/live/", KEY, **way))
    assert len(knocked) == 2


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1",
        "10.0.0.5",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  nobody listens
        "224.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:5",
        "2002:7f00:1::",
        "fe80::1%lo",
        "fd00::5",
    ],
)
def test_a_known_name_that_leads_inside_gets_nothing(inside: str) -> None:
    way, knocked = the_way(["93.184.216.34", inside])
    with pytest.raises(NotTaken):
        asyncio.run(Site.meet("rtmp://live.youtube.com/live/", KEY, **way))
    assert knocked == []


def own_certificate(folder: Path, name: str) -> ssl.SSLContext:
    """What somebody shows who calls himself so and has nobody to vouch for him."""
    key, named = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
    today = datetime.now(UTC)
    made = made.serial_number(7).not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    plain = (PrivateFormat.PKCS8, NoEncryption())
    (folder / "site.pem").write_bytes(
        key.private_bytes(Encoding.PEM, *plain) + made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "site.pem")
    return context


def test_who_answers_with_a_certificate_of_his_own_making_hears_the_sites_name_and_no_key(tmp_path: Path) -> None:
    context, asked, heard = own_certificate(tmp_path, "live.youtube.com"), list[str | None](), bytearray()
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())
        writer.close()

    async def meet() -> None:
        async def here(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        async with await asyncio.start_server(answer, "127.0.0.1", port := free_port(), ssl=context):
            address = f"rtmps://live.youtube.com:{port}/live/"
            await Site.meet(address, KEY, allowed=["live.youtube.com"], look_up=here)

    with pytest.raises(NotTrusted):
        asyncio.run(meet())
    assert (asked, bytes(heard)) == (["live.youtube.com"], b"")


def test_a_site_that_says_the_key_after_us_does_not_bring_it_into_our_words() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.readexactly(1 + HELLO)
        writer.write(b"\x03" + bytes(HELLO) + hello[1:])
        for words in (["_result", 1.0, None], ["_result", 4.0, 1.0], ["onStatus", 0.0, {"code": f"BadName {KEY}"}]):
            writer.write(chunked(3, COMMAND, encode(*words)))
        writer.close()

    async def meet() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", port := free_port()):
            await Site.meet(f"rtmp://127.0.0.1:{port}/live/", KEY, allowed=["127.0.0.1"])

    with pytest.raises(NotTaken, match=r"BadName \(key\)"):
        asyncio.run(meet())


def test_the_thousandth_try_waits_a_minute_like_the_tenth() -> None:
    assert [wait_s(tries) for tries in (0, 1, 10, 10_000)] == [3.0, 6.0, 60.0, 60.0]


def test_what_is_sealed_is_opened_by_the_same_secret_and_purpose_only() -> None:
    sealed = seal("secret", "simulcast", KEY)
    assert KEY not in sealed
    assert unseal("secret", "simulcast", sealed) == KEY
    for other in (("other", "simulcast"), ("secret", "mail")):
        with pytest.raises(CannotOpen):
            unseal(*other, sealed)


def tag_of(one: Message) -> bytes:
    """As it stands in an FLV file."""
    stamp = one.stamp_ms.to_bytes(4)
    tag = bytes([one.kind]) + len(one.body).to_bytes(3) + stamp[1:] + stamp[:1] + bytes(3) + one.body
    return tag + len(tag).to_bytes(4)


@given(
    st.lists(st.tuples(st.sampled_from([8, 9, 18]), st.integers(0, 2**32 - 1), st.binary(max_size=9_000)), max_size=4),
    st.integers(1, 5_000),
)
def test_what_goes_out_to_a_site_is_what_came_in(told: list[tuple[int, int, bytes]], size: int) -> None:
    """Tags of a film in any pieces, and messages as another end puts them together, past four hours and a half, too."""
    sent = [Message(*one) for one in told]
    film = FLV_HEAD + b"".join(tag_of(one) for one in sent)
    tags = Tags()
    assert [tag for at in range(0, len(film), size) for tag in tags.feed(film[at : at + size])] == sent
    chunks = Chunks()
    list(chunks.feed(chunked(2, SET_CHUNK, OUR_CHUNK_BYTES.to_bytes(4))))
    flow = b"".join(chunked(4, one.kind, one.body, one.stamp_ms, stream=1) for one in sent)
    assert [one for at in range(0, len(flow), size) for one in chunks.feed(flow[at : at + size])] == sent


def programs_shown() -> bytes:
    """What anybody on this machine may read of the programs that run for us: their commands and surroundings."""
    started = " ".join(file.read_text() for file in Path("/proc/self/task").glob("*/children")).split()
    return b"".join(Path("/proc", pid, name).read_bytes() for pid in started for name in ("cmdline", "environ"))


@contextmanager
def shown_by(context: ssl.SSLContext) -> Iterator[int]:
    """A port at which somebody shows this certificate, again and again."""
    ready = threading.Event()

    async def stand() -> None:
        async with await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", port, ssl=context):
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.05)

    port, over = free_port(), threading.Event()
    thread = threading.Thread(target=asyncio.run, args=[stand()])
    thread.start()
    ready.wait()
    yield port
    over.set()
    thread.join()


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
class TestOnAir:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Our own door for encoders stands in for another site."""
        return settings.model_copy(update={"rtmp_port": free_port(), "simulcast_hosts": "127.0.0.1"})

    def add(self, phone: Phone, settings: Settings, key: str, server: str = "") -> int:
        told = {"server": server or f"rtmp://127.0.0.1:{settings.rtmp_port}/live", "key": key}
        return phone.line.post(f"/ban-hang/live/{phone.live_id}/phat-them", data=told).status_code

    def target(self, db: Database) -> LiveTarget:
        with db.read() as session:
            return session.exec(select(LiveTarget)).one()

    def both(self, db: Database) -> list[LiveTarget]:
        with db.read() as session:
            return list(session.exec(select(LiveTarget).order_by(col(LiveTarget.id))))

    @contextmanager
    def filming(self, phone: Phone) -> Iterator[None]:
        """The phone sends its film a piece a second, and when that is over again, as a new recording."""
        stopped = threading.Event()

        def go() -> None:
            while not stopped.is_set():
                for piece in pieces(film(40)):
                    phone.send([piece])
                    if stopped.wait(0.7):
                        return
                phone.new_epoch()

        thread = threading.Thread(target=go)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()

    def test_the_other_site_shows_the_same_picture_and_the_page_says_so(
        self,
        new_phone: Callable[[], Phone],
        base: str,
        settings: Settings,
        db: Database,
        state_of: State,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """Neither we nor the site, which is ourselves, say the key to anybody: in no log, command or surroundings."""
        here, there = new_phone(), new_phone()
        assert self.add(here, settings, f"{there.live_id}-{key_of(there)}") == 303
        here.take()
        with self.filming(here):
            until(lambda: state_of(here) == "live")
            listed(base, there.live_id, seconds=30)
            until(lambda: self.target(db).state == "sending")
            shown = programs_shown()
        assert b"pipe:1" in shown
        assert key_of(there).encode() not in shown
        until(lambda: self.target(db).state == "waiting")  # the phone is silent: nobody has refused anything
        page = here.line.get(f"/ban-hang/live/{here.live_id}/phat-them").text
        assert "Chờ hình từ điện thoại" in page
        assert "127.0.0.1" in page
        assert key_of(there) not in page
        assert key_of(there) not in "".join(capfd.readouterr())

    def test_sites_that_refuse_or_are_not_who_they_say_hurt_nobody_and_are_tried_again(
        self,
        phone: Phone,
        base: str,
        settings: Settings,
        db: Database,
        state_of: State,
        tmp_path: Path,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """One does not know the key, the other shows a certificate of its own making. The key is in no log."""
        with shown_by(own_certificate(tmp_path, "127.0.0.1")) as port:
            self.add(phone, settings, KEY)
            self.add(phone, settings, KEY, f"rtmps://127.0.0.1:{port}/live")
            phone.take()
            with self.filming(phone):
                until(lambda: [it.state for it in self.both(db) if it.tries] == ["refused", "untrusted"])
                assert state_of(phone) == "live"
                listed(base, phone.live_id, segments=2)
        page = phone.line.get(f"/ban-hang/live/{phone.live_id}/phat-them").text
        assert "Chứng chỉ không đúng" in page
        told = "".join(capfd.readouterr())
        assert "picture not taken" in told
        assert KEY not in told

    def test_the_key_stands_nowhere_in_the_open(self, phone: Phone, settings: Settings, db: Database) -> None:
        self.add(phone, settings, KEY)
        with db.read() as session:
            told = repr(session.exec(select(LiveTarget)).all()) + repr(session.exec(select(AuditEntry)).all())
        assert KEY not in told
        assert "simulcast" in told

    def test_what_is_no_server_or_no_key_is_said_and_three_are_enough(
        self, phone: Phone, settings: Settings, db: Database
    ) -> None:
        at = f"/ban-hang/live/{phone.live_id}/phat-them"
        refused = phone.line.post(at, data={"server": "rtmp://evil.example/live", "key": KEY})
        assert (refused.status_code, "YouTube, Facebook, TikTok" in refused.text) == (422, True)
        assert (
            phone.line.post(at, data={"server": "rtmp://a.rtmp.youtube.com/live2", "key": "a b c d"}).status_code == 422
        )
        answers = [self.add(phone, settings, KEY) for _ in range(4)]
        assert answers == [303, 303, 303, 422]
        with db.write() as session:
            first = session.exec(select(LiveTarget)).first()
            assert first
            targets.remove(session, phone.live_id, first.id, phone.host, datetime.now(UTC))
        assert self.add(phone, settings, KEY) == 303
