"""docs/security.md names files and tests: they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`([^`\s]+)`", TABLE)))


@pytest.fixture(autouse=True)
def _database():
    """Nothing here needs one."""


def test_every_file_that_is_named_is_there():
    files = [name for name in NAMED if name.endswith((".py", ".md", ".txt", ".html", "/"))]

    missing = [name for name in files if "/" in name and not list(ROOT.glob(name.strip("/")))]

    assert len(files) > 50
    assert [name for name in missing if name not in ("/admin/", "/api/docs/")] == []


def test_every_test_that_is_named_is_there():
    written = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))

    named = [name for name in NAMED if re.fullmatch(r"test_\w+", name)]

    assert len(named) > 5
    assert [name for name in named if f"def {name}(" not in written] == []
