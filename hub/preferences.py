"""How a person wants the site: language, colours, sensitive pictures. In cookies, and with the account for its other browsers.

Pages read the cookies alone, so that they cost no query and no session; signing in writes what the account has into them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

COOKIE = "preferences"
#: The longest that browsers keep a cookie is 400 days; each change begins anew.
COOKIE_SECONDS = 365 * 24 * 60 * 60
#: "" is the browser's own; the first of each is what holds until somebody chooses.
THEMES = ("", "light", "dark")
SENSITIVE = ("blur", "show", "hide")
#: Beside what an account chose: the language it signed in with last, for what is written to it meanwhile.
_READING = "reading"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose, or what holds until they do."""

    language: str = ""  #: a code of ``LANGUAGES``, "" for what the browser asks for
    theme: str = THEMES[0]
    sensitive: str = SENSITIVE[0]  #: what becomes of pictures that are rated suggestive or explicit
    explicit: bool = False  #: whether explicit embeddings of others are listed

    @classmethod
    def read(cls, values: dict[str, Any], language: str = "") -> Self:
        """Return what ``values`` hold; anything may stand in a cookie, so what makes no sense counts as not chosen."""
        theme, sensitive = values.get("theme", ""), values.get("sensitive", "")
        return cls(
            language=language if language in dict(settings.LANGUAGES) else "",
            theme=theme if theme in THEMES else THEMES[0],
            sensitive=sensitive if sensitive in SENSITIVE else SENSITIVE[0],
            explicit=values.get("explicit") in (True, "1"),
        )

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Those of a browser."""
        values = dict(parse_qsl(request.COOKIES.get(COOKIE, "")))
        return cls.read(values, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))

    @classmethod
    def stored(cls, user: User | AnonymousUser) -> Self:
        """Those of an account, which programs that use it go by; without one what holds for everybody."""
        values = user.preferences if user.is_authenticated else {}
        return cls.read(values, values.get("language", ""))

    def store(self, user: User) -> None:
        """Keep them with an account."""
        user.preferences = user.preferences | asdict(self)
        user.save(update_fields=["preferences"])

    def remember(self, response: HttpResponse) -> None:
        """Keep them in the browser."""
        values = {"theme": self.theme, "sensitive": self.sensitive, "explicit": "1" if self.explicit else ""}
        _set(response, COOKIE, urlencode({name: value for name, value in values.items() if value}))
        _set(response, settings.LANGUAGE_COOKIE_NAME, self.language)


def _set(response: HttpResponse, name: str, value: str) -> None:
    if not value:
        response.delete_cookie(name, samesite="Lax")
        return
    response.set_cookie(
        name, value, COOKIE_SECONDS, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def in_templates(request: HttpRequest) -> dict[str, Preferences]:
    """Context processor."""
    return {"preferences": Preferences.of(request)}


def has_chosen(user: User) -> bool:
    """Whether the account has preferences that its browsers should have."""
    return bool(user.preferences.keys() - {_READING})


def note_language(user: User) -> None:
    """Remember in which language a person reads the pages, who may have left the choice to the browser."""
    language = translation.get_language()
    if user.preferences.get(_READING) != language:
        user.preferences = user.preferences | {_READING: language}
        user.save(update_fields=["preferences"])


def in_language_of(user: User | None) -> AbstractContextManager[None]:
    """Write in the language that somebody else chose or reads, for later; in the hub's own where there is nobody."""
    chosen = Preferences.stored(user).language or user.preferences.get(_READING, "") if user else ""
    return translation.override(chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE)
