"""For load balancers: `/healthz` says that the process answers, `/readyz` that it can work."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from psycopg_pool import PoolTimeout

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Alive; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while database and cache answer, else 503 naming the one that does not."""
    checks = {"database": _database_answers(), "cache": _cache_answers()}
    ready = all(checks.values())
    told = {name: "ok" if fine else "unavailable" for name, fine in checks.items()}
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", **told}, status=200 if ready else 503
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, PoolTimeout) as trouble:
        logger.error("The database does not answer: %s", trouble)
        return False
    return True


def _cache_answers() -> bool:
    try:
        cache.get("readyz")
    except Exception as trouble:  # each cache backend has errors of its own
        logger.error("The cache does not answer: %s", trouble)
        return False
    return True


VIEWS = {"/healthz": healthz, "/readyz": readyz}


class HealthMiddleware:
    """Answers both before anything else: probes call by address, know no host name, fill no log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = VIEWS.get(request.path_info, self.get_response)
        return view(request)
