"""How many requests an hour: of each token, of an account signed in, of an address without an account.

A bucket that fills evenly (GCRA): one row and one statement a request, exact for all processes. Who stays away gets back what
was spent, at the same pace; nobody waits for a window to end.
"""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from hub.requests.models import Rate

if TYPE_CHECKING:  # views read their settings, which name this module
    from rest_framework.views import APIView

#: Seconds over which a rate is meant.
WINDOW_SECONDS = 3600
#: Bits of an IPv6 address that tell one customer from another.
CUSTOMER_BITS = 64

_SPEND = """
INSERT INTO requests_rate AS rate (key, spent_until) VALUES (%(key)s, statement_timestamp() + %(cost)s * interval '1 second')
ON CONFLICT (key) DO UPDATE
    SET spent_until = greatest(rate.spent_until, statement_timestamp()) + %(cost)s * interval '1 second'
    WHERE greatest(rate.spent_until, statement_timestamp()) + %(cost)s * interval '1 second'
        <= statement_timestamp() + %(window)s * interval '1 second'
RETURNING extract(epoch FROM spent_until - statement_timestamp())
"""
_WAIT = """
SELECT extract(epoch FROM spent_until - statement_timestamp()) + %(cost)s - %(window)s FROM requests_rate WHERE key = %(key)s
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a rate after a request; ``wait`` in seconds is more than nothing where it was refused."""

    policy: str
    quota: int
    remaining: int
    wait: float

    @property
    def headers(self) -> dict[str, str]:
        """As the IETF's draft ``ratelimit-headers`` writes it."""
        seconds = math.ceil(self.wait or WINDOW_SECONDS / self.quota)
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={seconds}',
        }


def spend(key: str, policy: str, quota: int) -> Budget:
    """Take one request from the bucket ``key`` of ``quota`` an hour."""
    values = {"key": key, "cost": WINDOW_SECONDS / quota, "window": WINDOW_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, values)
        spent = cursor.fetchone()
        if spent is not None:
            left = int((WINDOW_SECONDS - float(spent[0])) / values["cost"] + 1e-6)
            return Budget(policy, quota, left, 0.0)
        cursor.execute(_WAIT, values)
        row = cursor.fetchone()
    return Budget(policy, quota, 0, max(float(row[0]) if row else 0.0, 0.001))


def forget_full() -> int:
    """Delete the rows of those who have everything back; return how many."""
    deleted, _ = Rate.objects.filter(spent_until__lt=Now()).delete()
    return deleted


class RequestThrottle(BaseThrottle):
    """Counts each request to the API."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.budget = spend(*self._bucket(request))
        request._request.budget = self.budget
        return not self.budget.wait

    def wait(self) -> float:
        return self.budget.wait

    def _bucket(self, request: Request) -> tuple[str, str, int]:
        if not request.user.is_authenticated:
            return f"address-{_customer(self.get_ident(request) or '')}", "address", settings.HUB_API_ANONYMOUS_REQUESTS
        if request.auth is not None:
            return f"token-{request.auth.pk}", "token", settings.HUB_API_REQUESTS
        return f"account-{request.user.pk}", "account", settings.HUB_API_REQUESTS


def tell(budget: Budget | None, response: HttpResponseBase) -> None:
    """Write into an answer what is left, unless it says so in a way of its own."""
    if budget is not None:
        for name, value in budget.headers.items():
            response.headers.setdefault(name, value)


def _customer(ident: str) -> str:
    """An address as it is counted: whoever has a whole IPv6 network is one. What proxies made up is cut short."""
    try:
        address = ipaddress.ip_address(ident.strip())
    except ValueError:
        return ident[:60]
    if address.version == 6:
        address = address.ipv4_mapped or ipaddress.ip_network((address, CUSTOMER_BITS), strict=False).network_address
    return str(address)
