"""How many reports one person may send: enough for anybody who means it."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

SIGNED_IN = "30/hour"
#: By address; several people behind one share it.
ANONYMOUS = "5/hour"


class ReportThrottle(SimpleRateThrottle):
    """Counts reports of the page and of the API together."""

    scope = "report"
    rate = ANONYMOUS

    def get_cache_key(self, request: HttpRequest | Request, view: object) -> str:
        signed_in = request.user.is_authenticated
        self.num_requests, self.duration = self.parse_rate(SIGNED_IN if signed_in else ANONYMOUS)
        ident = f"account-{request.user.pk}" if signed_in else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}
