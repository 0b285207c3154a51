from __future__ import annotations

from django.urls import path

from registry.moderation import staff_views, views

urlpatterns = [
    path("reports", views.own_reports, name="own-reports"),
    path("staff/reports", staff_views.reports, name="staff-reports"),
    path("staff/reports/<int:pk>", staff_views.report, name="staff-report"),
    path("staff/reports/<int:pk>/close", staff_views.close, name="staff-report-close"),
    path("staff/embeddings/<int:pk>", staff_views.embedding, name="staff-embedding"),
    path("staff/embeddings/<int:pk>/hide", staff_views.hide, name="staff-hide"),
    path("staff/embeddings/<int:pk>/restore", staff_views.restore, name="staff-restore"),
    path("staff/embeddings/<int:pk>/rate", staff_views.rate, name="staff-rate"),
    path("staff/embeddings/<int:pk>/takedown", staff_views.take_down, name="staff-takedown"),
    path("staff/tombstones", staff_views.all_tombstones, name="staff-tombstones"),
    path("staff/tombstones/<int:pk>/lift", staff_views.lift, name="staff-lift"),
    path("staff/audit", staff_views.audit, name="staff-audit"),
    path("<str:owner>/<str:name>/report", views.report, name="report"),
]
