"""What the process that workers are forked from has loaded: everything, and nothing that a fork breaks."""

from __future__ import annotations

import os

import django
import torch

# Threads do not survive a fork, and several workers share the cores.
os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(1)
django.setup()

import training.management.commands.worker  # noqa: E402
import training.runner  # noqa: E402, F401
