from __future__ import annotations

from django.urls import path

from hub.own_data.api import views

urlpatterns = [path("me/export", views.ExportView.as_view(), name="api-export")]
