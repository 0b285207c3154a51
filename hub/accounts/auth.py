"""How API requests prove who they come from, and what their token allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from hub.accounts.models import TOKEN_PREFIX, ApiToken, User

if TYPE_CHECKING:  # views read their settings, which name this module
    from rest_framework.views import APIView


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer sw_…``."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        secret = self.secret_of(request)
        if secret is None:
            return None
        digest = ApiToken.digest_of(secret)
        token = ApiToken.objects.select_related("owner").filter(digest=digest, owner__is_active=True).first()
        if token is None:
            raise AuthenticationFailed("This token is unknown or was revoked. Make a new one on your tokens page.")
        if token.is_expired:
            raise AuthenticationFailed("This token has expired. Make a new one on your tokens page.")
        token.touch()
        return token.owner, token

    def secret_of(self, request: Request) -> str | None:
        """The token that a request brings, None without one."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Send the token as: Authorization: Bearer sw_…")
        return parts[1].decode("latin-1")

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class ForeignClientAuthentication(TokenAuthentication):
    """The same for clients of another hub, which may send the token as ``?token=…`` instead.

    What does not look like a token of ours is their key for that hub: who sends one is nobody here, and not refused.
    """

    def secret_of(self, request: Request) -> str | None:
        _, _, sent = get_authorization_header(request).decode("latin-1").partition(" ")
        for secret in (sent.strip(), request.query_params.get("token", "")):
            if secret.startswith(TOKEN_PREFIX):
                return secret
        return None


class TokenScheme(OpenApiAuthenticationExtension):
    """Names the bearer token in the OpenAPI schema."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token from your tokens page, sw_…"}


def HasScope(scope: str) -> type[BasePermission]:
    """A permission: a signed-in person, or a token with the scope. Reading needs neither."""

    class ScopePermission(BasePermission):
        message = f"This needs a token with the scope “{scope}”. Make one on your tokens page."

        def has_permission(self, request: Request, view: APIView) -> bool:
            if not request.user.is_authenticated:
                return False
            return not isinstance(request.auth, ApiToken) or scope in request.auth.scopes

    return ScopePermission


class ReadScope(BasePermission):
    """Anybody, but a token must have the scope ``read``."""

    message = "This needs a token with the scope “read”. Make one on your tokens page."
    for_everybody = True

    def has_permission(self, request: Request, view: APIView) -> bool:
        return not isinstance(request.auth, ApiToken) or "read" in request.auth.scopes
