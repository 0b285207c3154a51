from __future__ import annotations

from django.urls import path

from hub.webhooks.api import views

urlpatterns = [
    path("webhooks", views.WebhooksView.as_view(), name="api-webhooks"),
    path("webhooks/<int:pk>", views.WebhookView.as_view(), name="api-webhook"),
    path("webhooks/<int:pk>/secret", views.WebhookSecretView.as_view(), name="api-webhook-secret"),
    path("webhooks/<int:pk>/ping", views.WebhookPingView.as_view(), name="api-webhook-ping"),
    path("webhooks/<int:pk>/deliveries", views.DeliveriesView.as_view(), name="api-deliveries"),
    path("webhooks/<int:pk>/deliveries/<uuid:delivery>/redeliver", views.RedeliverView.as_view(), name="api-redeliver"),
]
