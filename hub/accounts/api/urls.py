from __future__ import annotations

from django.urls import path

from hub.accounts.api import views

urlpatterns = [
    path("notices", views.NoticesView.as_view(), name="api-notices"),
    path("notices/seen", views.NoticesSeenView.as_view(), name="api-notices-seen"),
    path("tokens", views.TokensView.as_view(), name="api-tokens"),
    path("tokens/<int:pk>", views.TokenView.as_view(), name="api-token"),
]
