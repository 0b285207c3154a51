from __future__ import annotations

from django.urls import path

from hub.own_data import views

urlpatterns = [
    path("accounts/data", views.data, name="own-data"),
    path("accounts/data/download", views.download, name="own-data-download"),
    path("accounts/delete", views.delete, name="account-delete"),
    path("drafts", views.drafts, name="drafts"),
]
