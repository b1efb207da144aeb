"""`/hinh/…`: raw ASGI, outside every other layer. Phones send pieces here, viewers fetch playlists and parts.

Nothing of the live window touches the database or the disk. A piece proves itself by its token and carries no cookie,
so it may come from the shop's page also when pictures have a server of their own.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import asdict
from urllib.parse import parse_qsl

from jinja2 import Environment
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livestream.video import endless, playback, replies
from livestream.video.playback import View
from livestream.video.refusals import NoPicture, PieceTooBig, PieceTooSlow
from livestream.video.remux import KINDS
from livestream.video.replies import Reply, answer
from livestream.video.stage import MOST_PIECE_BYTES, Act, Stage
from shop.core.deps import SIGN_IN
from shop.core.errors import Invalid, Refusal
from shop.core.web import sentence

PREFIX = "/hinh/"
SILENT_S, WHOLE_WITHIN_S = 20.0, 120.0
"""How long a piece may stand still on its way, and take in all; the phone itself gives up sooner and sends it again."""
PIECE = re.compile(r"/hinh/(\d{1,9})/(\d{1,9})/(\d{1,9})")
FETCH = re.compile(r"/hinh/(\d{1,9})/([a-z0-9.-]{1,40})")
PART = re.compile(r"(\d{1,9})\.(\d{1,3})\.m4s")
SEGMENT = re.compile(r"(\d{1,9})\.m4s")
INIT = re.compile(r"init-(\d{1,9})\.mp4")
SOUND = re.compile(r"(\d{1,9})\.a\.m4s")
SOUND_INIT = re.compile(r"init-(\d{1,9})\.a\.mp4")
SIGNED_IN = re.compile(rb"(?:^|; ?)%s=([A-Za-z0-9_-]{16,64})(?:;|$)" % SIGN_IN.encode())
FILM = re.compile(r"video\.mp4|clip-\d{1,9}\.mp4")


class UnknownRecording(Invalid):
    """The piece says nothing, or nothing known, of how it was recorded. Facts: kinds."""


class Pictures:
    """ASGI: answers everything under `/hinh/`, passes the rest on."""

    def __init__(self, app: ASGIApp, stage: Stage, templates: Environment) -> None:
        self.app, self._stage, self._templates = app, stage, templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        try:
            await self._answer(scope, receive, send)
        except Refusal as refusal:
            await answer(send, self._refused(refusal))
        except ClientDisconnect:
            pass  # a phone that lost its line sends the piece again

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            await answer(send, Reply(204, replies.PREFLIGHT))
        elif method == "POST" and (piece := PIECE.fullmatch(path)):
            live_id, epoch, seq = map(int, piece.groups())
            await answer(send, await self._take(Request(scope, receive), live_id, epoch, seq))
        elif method in ("GET", "HEAD") and (asked := FETCH.fullmatch(path)):
            await self._show(int(asked[1]), asked[2], scope, receive, send)
        else:
            await answer(send, replies.told(404 if method in ("GET", "HEAD", "POST") else 405, b"{}"))

    async def _take(self, request: Request, live_id: int, epoch: int, seq: int) -> Reply:
        """One piece. What is refused is refused before its bytes are read, where it can be."""
        _scheme, _, token = request.headers.get("authorization", "").partition(" ")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        declared = request.headers.get("content-length", "")
        size = int(declared) if declared.isdecimal() and len(declared) < 12 else 0
        act = await self._stage.admit(live_id, token, size)
        if kind not in KINDS:
            raise UnknownRecording(kinds=", ".join(KINDS))
        data = await _body(request, size)
        last = request.query_params.get("last") == "1"
        taken = await self._stage.take(act, epoch, seq, kind, data, last=last)
        return replies.told(409 if taken.missing else 200, json.dumps(asdict(taken)).encode())

    async def _show(self, live_id: int, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        sign_in, known = _brought(scope)
        view = await playback.shown(self._stage, live_id, sign_in)
        if name == "fast":
            await endless.pour(self._stage, view, scope, receive, send)
        elif FILM.fullmatch(name):
            path = await playback.film(self._stage, view.act, name)
            view.require()
            cached, value = replies.PRIVATELY if view.is_own else replies.A_MOMENT
            headers = {cached.decode(): value.decode()}
            film = FileResponse(path, media_type="video/mp4", filename=name, headers=headers)
            await film(scope, receive, while_shown(view, send))
        else:
            reply = await self._small(view.act, name, scope)
            view.require()
            reply = replies.privately(reply) if view.is_own else replies.unless_known(reply, known)
            await answer(send, reply, head=scope["method"] == "HEAD")

    async def _small(self, act: Act, name: str, scope: Scope) -> Reply:
        """What is answered whole."""
        channel, stage = act.channel, self._stage
        if part := PART.fullmatch(name):
            return await playback.part(channel, int(part[1]), int(part[2]))
        if segment := SEGMENT.fullmatch(name):
            return await playback.segment(stage, channel, int(segment[1]))
        if init := INIT.fullmatch(name):
            return await playback.init(stage, channel, int(init[1]))
        if name == "index.m3u8":
            return await playback.live_playlist(act, dict(parse_qsl(scope["query_string"].decode("latin-1"))))
        if sound := SOUND.fullmatch(name):
            return await playback.sound_segment(stage, channel, int(sound[1]))
        if head := SOUND_INIT.fullmatch(name):
            return await playback.sound_head(stage, channel, int(head[1]))
        match name:
            case "audio.m3u8":
                return await playback.sound_playlist(act)
            case "vod.m3u8":
                return playback.whole(act)
            case "poster.jpg":
                return await playback.poster(stage, act)
        raise NoPicture

    def _refused(self, refusal: Refusal) -> Reply:
        words = sentence(self._templates, refusal)
        facts = {name: value for name, value in refusal.facts.items() if isinstance(value, str | int)}
        told = {"type": f"/problems/{refusal.kind}", "title": refusal.kind.replace("-", " "), "status": refusal.status}
        body = json.dumps({**told, "detail": words, **facts}, ensure_ascii=False).encode()
        wait = refusal.facts.get("retry_after_s")
        more = [(b"retry-after", str(wait).encode())] if wait else []
        if isinstance(refusal, PieceTooSlow):
            more.append((b"connection", b"close"))  # its bytes will not come any more
        return replies.told(refusal.status, body, b"application/problem+json", *more)


def _brought(scope: Scope) -> tuple[str, bytes]:
    """The sign-in cookie of whoever asks, "" for none, and which bytes a cache says it has."""
    cookies = known = b""
    for name, value in scope["headers"]:
        if name == b"cookie":
            cookies = value
        elif name == b"if-none-match":
            known = value
    found = SIGNED_IN.search(cookies)
    return found[1].decode() if found else "", known


def while_shown(view: View, send: Send) -> Send:
    """A film takes minutes to load over a thin line: it breaks off when it may be seen no longer."""

    async def guarded(message: Message) -> None:
        if not view.is_open:
            raise ClientDisconnect
        view.act.channel.asked_at = time.monotonic()  # so that it goes on to be told of a stop
        await send(message)

    return guarded


async def _body(request: Request, declared: int) -> bytes:
    """The whole piece. Raises PieceTooBig as soon as that is known, PieceTooSlow when the phone has fallen silent."""
    if declared > MOST_PIECE_BYTES:
        raise PieceTooBig(limit_mb=MOST_PIECE_BYTES // 1024 // 1024)
    body, loop = bytearray(), asyncio.get_running_loop()
    over_at = loop.time() + WHOLE_WITHIN_S
    try:
        async with asyncio.timeout(SILENT_S) as patience:
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_PIECE_BYTES:
                    raise PieceTooBig(limit_mb=MOST_PIECE_BYTES // 1024 // 1024)
                patience.reschedule(min(loop.time() + SILENT_S, over_at))
    except TimeoutError as late:
        raise PieceTooSlow from late
    return bytes(body)
