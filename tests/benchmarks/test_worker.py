"""Whatever the web workers are asked in the long run has a good answer."""

from __future__ import annotations

from collections import Counter

from django.test import Client

from benchmarks import seat_map, worker


def answer(request: bytes) -> int:
    """What the product says to a prepared request; the test's own process answers."""
    head, _, body = request.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    method, path, _version = first.split()
    headers = dict(line.split(": ", 1) for line in lines)
    client = Client(headers={**headers, "host": "127.0.0.1"})
    return client.generic(method, path, body, content_type="application/json").status_code


def test_a_mix_of_all_kinds_is_answered(house):
    crowd = worker.crowd_of(house)
    requests = list(worker.mix(house, crowd, 'W/"0"', 60))

    found = Counter(answer(request) for request in requests)

    assert set(found) <= worker.GOOD
    assert (
        found[201] == sum(request.startswith(b"POST /api/v1/orders/") for request in requests) > 5
    )
    paths = b"".join(request.split(b"\r\n", 1)[0] for request in requests).decode()
    for path in (seat_map.path_of(house), "/admin/", "/orders/", "/showings/", "/api/v1/orders/"):
        assert path in paths
