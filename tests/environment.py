"""Loaded before Django reads its settings: tests run with the stand-ins' known secrets."""

import os

os.environ["SANDBOX"] = "1"
os.environ.setdefault("EMAIL_URL", "filemail://")
os.environ.setdefault("DATABASE_POOL_SIZE", "60")  # races want many connections at once
