"""Loaded before Django reads its settings: tests run with the stand-ins' known secrets."""

import os
from pathlib import Path

# A server for each test process: the seat map asks for the oldest transaction of the whole server.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["DATA_DIR"] = str(Path(os.environ.get("DATA_DIR", ".data")) / worker)

os.environ["SANDBOX"] = "1"
os.environ.setdefault("EMAIL_URL", "filemail://")
os.environ.setdefault("DATABASE_POOL_SIZE", "60")  # races want many connections at once
os.environ.setdefault("DATABASE_WAIT_SECONDS", "30")  # and have the time to wait for them
