"""What may import what, measured in fresh interpreters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def modules_after(code):
    """Names of all modules a fresh interpreter has loaded after running ``code``."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_web_process_never_imports_torch():
    modules = modules_after(
        "import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup()\n"
        "import hub.wsgi; from django.urls import get_resolver; get_resolver().url_patterns"
    )
    assert "registry.browsing.browse" in modules and "training.views" in modules
    assert not modules & {"torch", "diffusers", "transformers"}


@pytest.mark.parametrize("package", ["registry.formats", "training.pocket.info", "training.inversion.config"])
def test_a_light_package_stays_light(package):
    assert not modules_after(f"import {package}") & {"django", "torch", "rest_framework"}


def test_the_engine_knows_no_site():
    modules = modules_after("import training.inversion.loop")
    assert "torch" in modules
    assert not {name for name in modules if name.split(".")[0] in ("django", "dramatiq", "hub", "registry")}


def test_app_packages_hold_a_docstring_only():
    for package in ("hub", "hub/accounts", "registry", "training", "training/inversion", "training/pocket"):
        text = (ROOT / package / "__init__.py").read_text().strip()
        assert text.startswith('"""') and text.endswith('"""') and text.count('"""') == 2, package


def test_source_files_stay_short_or_say_why():
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.css", "*.js", "*.html"], cwd=ROOT, capture_output=True, text=True
    )
    files = [ROOT / line for line in tracked.stdout.splitlines() if "/migrations/" not in line]
    if not files:
        pytest.skip("not a git checkout")
    long = {str(file.relative_to(ROOT)): count for file in files if (count := len(file.read_text().splitlines())) > 310}
    assert not long
