from __future__ import annotations

from django.urls import path

from training import staff_views, views

app_name = "training"
urlpatterns = [
    path("train", views.train, name="train"),
    path("jobs", views.jobs, name="jobs"),
    path("jobs/<int:pk>", views.job, name="job"),
    path("jobs/<int:pk>/pictures/<int:preview>", views.picture, name="picture"),
    path("jobs/<int:pk>/cancel", views.cancel, name="cancel"),
    path("jobs/<int:pk>/retry", views.retry, name="retry"),
    path("jobs/<int:pk>/further", views.further, name="further"),
    path("jobs/<int:pk>/images/delete", views.images_delete, name="images-delete"),
    path("jobs/<int:pk>/snapshots", views.snapshot, name="snapshot"),
    path("jobs/<int:pk>/publish", views.publish, name="publish"),
    path("staff/jobs", staff_views.jobs, name="staff-jobs"),
    path("staff/jobs/<int:pk>/requeue", staff_views.requeue, name="staff-requeue"),
    path("staff/jobs/<int:pk>/cancel", staff_views.cancel, name="staff-cancel"),
    path("staff/jobs/<int:pk>/retry", staff_views.retry, name="staff-retry"),
    path("staff/workers/<name>/drain", staff_views.drain, {"draining": True}, name="staff-drain"),
    path("staff/workers/<name>/undrain", staff_views.drain, {"draining": False}, name="staff-undrain"),
]
