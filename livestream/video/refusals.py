"""Why a piece of a recording is not taken, or a picture not shown."""

from __future__ import annotations

from shop.core.errors import NotAllowed, NotFound, Refusal, TooMany


class NoToken(Refusal):
    """A piece came without the token that proves who may send it."""

    status = 401


class NotYourPicture(NotAllowed):
    """The token is of another session, or of nobody."""


class TakenOver(Refusal):
    """Another phone sends this session's picture now."""

    status = 410


class PictureOver(Refusal):
    """The session takes no more pictures: it is over, stopped, or has not begun."""

    status = 410


class PieceTooBig(Refusal):
    """A piece of a recording has more than `limit_mb` MB."""

    status = 413


class PieceTooSlow(Refusal):
    """Nothing more came of a piece that had begun."""

    status = 408


class PiecesTooFast(TooMany):
    """Pieces come faster than any camera makes them. Facts: retry_after_s."""


class StageIsFull(Refusal):
    """As many sessions as this machine takes are sending pictures. Facts: most."""

    status = 503


class DiskIsFull(Refusal):
    """The disk, or the session's share of it, is full: the picture is no longer recorded."""

    status = 507


class NoPicture(NotFound):
    """There is no such picture, or not yet."""


class PictureGone(Refusal):
    """The picture was taken off or its time is over."""

    status = 410


class NotReady(Refusal):
    """It is being made. Facts: retry_after_s."""

    status = 503
