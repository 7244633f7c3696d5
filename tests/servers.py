"""
A pytest plugin: starts PostgreSQL and Valkey for the tests, and names them.

pytest-django reads the settings before any conftest.py, so this is named in addopts.
With xdist the controller starts them, and the workers inherit its environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

from massage_portal import embedded

COMPILE = """
import django
django.setup()
from massage_portal.actions import compile_translations
compile_translations()
"""
FAST = {  # the tests' data need not outlive them
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    running = ExitStack()
    folder = running.enter_context(tempfile.TemporaryDirectory(prefix="portal-tests-"))
    where = running.enter_context(embedded.servers(Path(folder), settings=FAST))
    static = Path(folder) / "static"  # empty: reading a full one slows each client
    static.mkdir()
    os.environ |= {
        "DATABASE_URL": where.database_url,
        "REDIS_URL": where.broker_url,
        "EMAIL_URL": "smtp://127.0.0.1:1",
        "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
        "PORTAL_ORIGIN": "http://testserver",
        "KEPT_PAGES": "",  # tests of kept pages name a place of their own
        "PASSWORD_HASHERS": "django.contrib.auth.hashers.MD5PasswordHasher",
        "STATIC_ROOT": str(static),
        "LETTERS_DIR": str(Path(folder) / "letters"),
        "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
    }
    early_config.add_cleanup(running.close)
    # Before any process reads the catalogs: Django keeps what it finds at first.
    settings = {"DJANGO_SETTINGS_MODULE": "massage_portal.settings"}
    compiling = [sys.executable, "-c", COMPILE]
    subprocess.run(compiling, check=True, env=os.environ | settings)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """
    Write the name of a test's group where pytest reads it.

    xdist 3.8 writes it to a field that pytest 9.2 no longer has, and would hand the
    tests of one group to both workers.
    """
    for item in items:
        named = getattr(item, "_nodeid", item.nodeid)
        if named != item.nodeid:
            item._id = NodeId.parse(named)
