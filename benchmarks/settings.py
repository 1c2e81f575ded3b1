"""The product's settings with one address more: a view that does nothing, to compare others to."""

from ticketing.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
