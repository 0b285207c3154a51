"""What the web process may import of the pocket model."""

from __future__ import annotations

import subprocess
import sys

import pytest

from training.inversion.config import InversionConfig
from training.pocket import info, world


@pytest.mark.parametrize("module", ["info", "world", "concepts"])
def test_what_the_site_imports_needs_no_torch(module):
    script = f"import sys, training.pocket.{module}; print(sorted({{'torch', 'diffusers', 'transformers'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_resolution_is_the_worlds():
    assert info.RESOLUTION == world.RESOLUTION


@pytest.mark.parametrize("kind", ["object", "style"])
def test_the_recommended_settings_and_prompts_are_accepted_by_the_engine(kind):
    prompts = list(info.PREVIEW_PROMPTS[kind])
    assert all(prompt.count("{}") == 1 for prompt in prompts)
    settings = {**info.DEFAULTS, "kind": kind, "preview_prompts": prompts}
    config = InversionConfig.from_dict({**settings, "placeholder_token": "<x>", "initialiser": "thing"})
    assert (config.steps, config.vectors) == (info.DEFAULTS["steps"], info.DEFAULTS["vectors"])
