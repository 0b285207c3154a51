"""What can go wrong, as exceptions with a code for programs, a sentence for people and an exit status for scripts."""

from __future__ import annotations


class StarwordError(Exception):
    """Anything that went wrong; ``code`` is the hub's own where it said one."""

    exit_status = 1

    def __init__(self, code: str, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.fields = code, message, fields or {}


class BadUsage(StarwordError):
    """What was asked for makes no sense, whatever the hub says."""

    exit_status = 2


class NotFound(StarwordError):
    """The hub has nothing there, or nothing that this account may know of."""

    exit_status = 3


class TakenDown(NotFound):
    """Staff of the hub took it down."""


class NotAllowed(StarwordError):
    """Nobody is signed in, the token is unknown, or it may not do that."""

    exit_status = 4


class Refused(StarwordError):
    """The hub looked at what was sent and refused it; ``fields`` says what is wrong with which."""

    exit_status = 5


class Unreachable(StarwordError):
    """The hub does not answer, or asks to come back later."""

    exit_status = 6
    #: Seconds after which the hub asks to come back; None where it does not say.
    retry_after: float | None = None


class HashMismatch(StarwordError):
    """A file is not what the hub said it would be. Nothing of it was kept."""

    exit_status = 7


class JobFailed(StarwordError):
    """A training job failed, and why."""

    exit_status = 8


class JobCancelled(StarwordError):
    """A training job was cancelled."""

    exit_status = 9


class BadAnswer(StarwordError):
    """What answers is no Starword hub, or one that this client does not understand."""


#: Exit status of a program that was interrupted by Ctrl-C, as shells have it.
INTERRUPTED = 130


def of_status(status: int, code: str, message: str, fields: dict[str, list[str]] | None = None) -> StarwordError:
    """Return the exception that stands for an answer of HTTP ``status``, 400 or higher."""
    match status:
        case 401 | 403:
            return NotAllowed(code, message, fields)
        case 404:
            return NotFound(code, message, fields)
        case 410:
            return TakenDown(code, message, fields)
        case 409 if code == "in_progress":  # what was sent before is at work still
            return Unreachable(code, message, fields)
        case 429 | 502 | 503 | 504:
            return Unreachable(code, message, fields)
        case _ if status < 500:
            return Refused(code, message, fields)
        case _:
            return StarwordError(code, message, fields)
