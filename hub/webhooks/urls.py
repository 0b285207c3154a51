from __future__ import annotations

from django.urls import path

from hub.webhooks import views

urlpatterns = [
    path("accounts/webhooks/", views.webhooks, name="webhooks"),
    path("accounts/webhooks/<int:pk>/", views.webhook, name="webhook"),
    path("accounts/webhooks/<int:pk>/secret", views.secret, name="webhook-secret"),
    path("accounts/webhooks/<int:pk>/ping", views.ping, name="webhook-ping"),
    path("accounts/webhooks/<int:pk>/switch", views.switch, name="webhook-switch"),
    path("accounts/webhooks/<int:pk>/delete", views.delete, name="webhook-delete"),
    path("accounts/webhooks/<int:pk>/deliveries/<uuid:delivery>", views.redeliver, name="webhook-redeliver"),
]
