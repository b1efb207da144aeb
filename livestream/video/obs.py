"""OBS and other encoders: an RTMP door with a key for each session; what comes in is a recording like a phone's."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
from sqlmodel import Session

from livestream import states
from livestream.models import LiveSession, SessionState
from livestream.simulcast.relay import Relays
from livestream.video import lease
from livestream.video.boxes import NotVideo
from livestream.video.models import LivePublisher
from livestream.video.refusals import DiskIsFull, StageIsFull
from livestream.video.rtmp import Broken, Bye, Conversation, Media, Publish
from livestream.video.stage import Act, Stage
from shop.accounts import service as accounts
from shop.accounts.models import PersonRow
from shop.core.db import Database
from shop.core.errors import Refusal
from shop.core.ids import derived_token, same, secret_token
from shop.settings import Settings

log = structlog.get_logger()
KIND = "video/x-flv"
READ_BYTES = 64 * 1024
HELLO_S, SILENCE_S = 10.0, 20.0
MOST_ENCODERS = 40
ENCODER = "encoder:"


def stream_key(session: Session, secret_key: str, live_id: int, now: datetime) -> str:
    """What the seller types into the encoder: good for this session until it ends, or until another is made."""
    lease.make_row(session, live_id, now)
    return _key(secret_key, live_id, session.get_one(LivePublisher, live_id).keys_made)


def renew_key(session: Session, live_id: int, now: datetime) -> None:
    """The key that was given out is worth nothing any more."""
    lease.make_row(session, live_id, now)
    session.get_one(LivePublisher, live_id, with_for_update=True).keys_made += 1


def is_key(session: Session, secret_key: str, live_id: int, given: str) -> bool:
    """Whether this is the key that was given out last for the session."""
    row = session.get(LivePublisher, live_id)
    return row is not None and same(_key(secret_key, live_id, row.keys_made), given)


def is_sending(session: Session, live_id: int, now: datetime) -> bool:
    """Whether an encoder has this session's picture now: another one with its key has to wait."""
    row = session.get(LivePublisher, live_id)
    return row is not None and row.device.startswith(ENCODER) and (row.seen_at or row.taken_at) > now - lease.SILENT


def _key(secret_key: str, live_id: int, made: int) -> str:
    return f"{live_id}-{derived_token(secret_key, 'encoder', f'{live_id}:{made}')}"


def begin(db: Database, secret_key: str, given: str, now: datetime) -> tuple[int, int, int] | None:
    """(session, lease, recording) for a key that is good now; None otherwise. The session starts or goes on."""
    number, _, _ = given.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    live_id = int(number)
    try:
        with db.write() as session:
            live = session.get(LiveSession, live_id)
            if live is None or not is_key(session, secret_key, live_id, given):
                return None
            host = accounts.as_person(session, session.get_one(PersonRow, live.host_id))
            states.begin_picture(session, live_id, host, now)
            device, take_over = _device(session, live_id)
            held = lease.take(session, live_id, host, device, now, take_over=take_over)
    except Refusal as refusal:
        log.info("encoder refused", live_id=live_id, why=refusal.kind)
        return None
    return live_id, held.number, held.epoch


def _device(session: Session, live_id: int) -> tuple[str, bool]:
    """A name for this connection, and whether it takes the place of another at once: only an encoder with a new key
    does, of one with an older. A second one with the same key waits until the first is silent, or they would show each
    other out for ever."""
    row = session.get_one(LivePublisher, live_id)
    ours = f"{ENCODER}{row.keys_made}:"
    return ours + secret_token()[:8], row.device.startswith(ENCODER) and not row.device.startswith(ours)


def let_go(db: Database, live_id: int, number: int) -> None:
    """The encoder hung up: it may come back at once, or another."""
    with db.write() as session:
        lease.give_back(session, live_id, number)


@asynccontextmanager
async def pictures_on(stage: Stage, settings: Settings) -> AsyncIterator[None]:
    """Cameras may send while this lasts, and encoders, if the operator has given them a port."""
    await stage.start()
    door = Door(stage, settings.secret_key)
    if settings.rtmp_port:
        await door.open("127.0.0.1" if settings.demo else "0.0.0.0", settings.rtmp_port)  # noqa: S104  their way in
    relays = Relays(stage, settings)
    relays.start()
    yield
    await relays.stop()
    await door.close()
    await stage.stop()


class Door:
    """Listens for encoders, from `open` to `close`."""

    def __init__(self, stage: Stage, secret_key: str) -> None:
        self._stage, self._secret_key = stage, secret_key
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> int | None:
        """Returns the port; None, with a line in the log, when another program has it: the shop runs without."""
        try:
            self._server = await asyncio.start_server(self._met, host, port, limit=READ_BYTES)
        except OSError as taken:
            log.warning("encoders cannot come in", port=port, why=str(taken))
            return None
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Lets go of every encoder at once."""
        if self._server:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101  a server runs this in a task
        self._open.add(task)
        try:
            if len(self._open) <= MOST_ENCODERS:
                await self._talk(reader, writer)
        except (Broken, TimeoutError, OSError, NotVideo, DiskIsFull, StageIsFull) as over:
            log.info("encoder left", why=repr(over))
        finally:
            self._open.discard(task)
            with contextlib.suppress(OSError):
                writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk, recording, hello_until = Conversation(), None, time.monotonic() + HELLO_S
        patience_s = HELLO_S
        try:
            while data := await asyncio.wait_for(reader.read(READ_BYTES), patience_s):
                patience_s = SILENCE_S if recording else max(0.0, hello_until - time.monotonic())
                flv = b""
                for said in talk.feed(data):
                    if isinstance(said, Publish) and recording is None:
                        recording = await self._begin(talk, said)
                        flv, patience_s = talk.accept() if recording else b"", SILENCE_S  # its key is looked at
                    elif isinstance(said, Media):
                        flv += said.flv
                    elif isinstance(said, Bye):
                        return
                writer.write(talk.take_answer())
                await asyncio.wait_for(writer.drain(), HELLO_S)
                if flv and not (recording and await recording.take(flv)):
                    return
        finally:
            if recording:
                await recording.end()

    async def _begin(self, talk: Conversation, said: Publish) -> _Recording | None:
        begun = await self._stage.in_db(begin, self._secret_key, said.key, datetime.now(UTC))
        act = await self._stage.admit_encoder(*begun[:2]) if begun else None
        if begun is None or act is None:
            talk.refuse()
            return None
        return _Recording(self._stage, act, begun[1], begun[2])


class _Recording:
    """What one connection sends, as pieces of one recording."""

    def __init__(self, stage: Stage, act: Act, number: int, epoch: int) -> None:
        self._stage, self._act, self._number, self._epoch = stage, act, number, epoch
        self._seq = 0

    async def take(self, flv: bytes) -> bool:
        """The next bytes, held back when they come too fast; False when the session is over or another has the lease.

        Raises NotVideo, StageIsFull, DiskIsFull.
        """
        is_over = self._act.standing.state == SessionState.ENDING  # an encoder has nothing left to send
        if is_over or not self._stage.still_sends(self._act, self._number):
            return False
        while wait_s := self._act.bytes_left.spend(len(flv), asyncio.get_running_loop().time()):
            await asyncio.sleep(min(wait_s, 1.0))
        taken = await self._stage.take(self._act, self._epoch, self._seq, KIND, flv, last=False)
        self._seq += 1
        return not (taken.missing or taken.closed)

    async def end(self) -> None:
        """What is still inside comes out; the session waits for the encoder to come back."""
        await self._act.channel.close_epoch(self._epoch)
        if self._act.standing.state == SessionState.ENDING:
            self._act.channel.is_last = True
        await self._stage.in_db(let_go, self._act.channel.live_id, self._number)
