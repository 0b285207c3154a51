"""Every address of the site."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from hub.about import about
from hub.about_api import AboutView
from hub.accounts import views as accounts
from hub.health import healthz
from hub.metrics import metrics
from hub.preference_pages import preferences

# Its own page asks for a password alone and would pass by the second factor.
admin.site.login = secure_admin_login(admin.site.login)

handler400 = "hub.error_pages.bad_request"
handler403 = "hub.error_pages.permission_denied"
handler404 = "hub.error_pages.not_found"
handler500 = "hub.error_pages.server_error"

api = [
    path("about", AboutView.as_view(), name="api-about"),
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("", include("hub.accounts.api.urls")),
    path("", include("hub.webhooks.api.urls")),
    path("", include("registry.api.urls")),
    path("", include("training.api.urls")),
    path("", include("hub.own_data.api.urls")),
]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("about", about, name="about"),
    path("preferences", preferences, name="preferences"),
    path("notices", accounts.notices, name="notices"),
    path("notices/<int:pk>", accounts.notice, name="notice"),
    path("notices/seen", accounts.notices_seen, name="notices-seen"),
    path("accounts/notices", accounts.notice_mail, name="notice-mail"),
    path("accounts/tokens/", accounts.tokens, name="tokens"),
    path("accounts/tokens/new", accounts.token_create, name="token-create"),
    path("accounts/tokens/<int:pk>/revoke", accounts.token_revoke, name="token-revoke"),
    path("", include("hub.webhooks.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("", include("hub.own_data.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("api/hub/", include(api)),
    path("", include("registry.protocols.civitai.urls")),
    path("", include("registry.protocols.huggingface.urls")),
    path("", include("training.urls")),
    path("", include("registry.urls")),
]
