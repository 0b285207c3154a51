from __future__ import annotations

from django.urls import path

from training import staff_views, views
from training.wizard import concept_views, image_views, review_views, start_views

app_name = "training"
urlpatterns = [
    path("train", start_views.train, name="train"),
    path("train/<int:pk>", start_views.draft, name="draft"),
    path("train/<int:pk>/delete", start_views.delete, name="draft-delete"),
    path("train/<int:pk>/images", image_views.images, name="draft-images"),
    path("train/<int:pk>/images/<int:image>/move", image_views.move, name="draft-move"),
    path("train/<int:pk>/images/<int:image>/remove", image_views.remove, name="draft-remove"),
    path("train/<int:pk>/images/<int:image>/crop", image_views.crop, name="draft-crop"),
    path("train/<int:pk>/images/<int:image>/thumbnail", image_views.thumbnail, name="draft-thumbnail"),
    path("train/<int:pk>/images/<int:image>/picture", image_views.picture, name="draft-picture"),
    path("train/<int:pk>/concept", concept_views.concept, name="draft-concept"),
    path("train/<int:pk>/review", review_views.review, name="draft-review"),
    path("train/<int:pk>/base", review_views.base, name="draft-base"),
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
