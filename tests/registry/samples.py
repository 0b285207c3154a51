"""Embedding files and pictures to test with, and people who all click at once."""

from __future__ import annotations

import io
import threading

import numpy as np
from django.db import connection
from PIL import Image

from registry.formats import Encoder, canonical


def vectors(seed=0, rows=2, width=768):
    """float32 [rows, width] with norms as in real embeddings."""
    return np.random.default_rng(seed).normal(0, 0.015, (rows, width)).astype(np.float32)


def sd1_file(seed=0, rows=2):
    return canonical([Encoder("emb_params", vectors(seed, rows), "F32")])


def sdxl_file(seed=0):
    return canonical(
        [Encoder("clip_l", vectors(seed, 2, 768), "F32"), Encoder("clip_g", vectors(seed, 2, 1280), "F32")]
    )


def picture(size=(40, 30), kind="PNG", colour=(200, 30, 30), **options):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


def at_once(jobs):
    """Run callables in threads with database connections of their own; return what each answered or raised."""
    start, outcomes = threading.Barrier(len(jobs)), []

    def run(job):
        try:
            start.wait(10)
            outcomes.append(job())
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes
