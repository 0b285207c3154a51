from __future__ import annotations

from django.urls import path

from hub.accounts.api import views

urlpatterns = [
    path("me", views.MeView.as_view(), name="api-me"),
    path("tokens", views.TokensView.as_view(), name="api-tokens"),
    path("tokens/<int:pk>", views.TokenView.as_view(), name="api-token"),
]
