"""What a description in JSON Schema cannot say, and the API says in words: read by Schemathesis.

A rule between fields, or about what another field names: the request has the right shape and is
refused for all that. Only such a refusal, told in exactly these words, is no failure.
"""

from __future__ import annotations

import re

import schemathesis

IN_WORDS = re.compile(
    "|".join(
        [
            r"Take the cursor from a page's links\.",
            r"Give either seats, or area and quantity, and nothing else\.",
            r"A (seat|ticket) is listed twice\.",
            r"Seat \d+ is not part of the showing\.",
            r"This area is not part of the showing\.",
            r"This area has numbered seats: name them in seats\.",
            r"Ticket .+ is not part of the order\.",
            r"Null characters are not allowed\.",
            r"Leave them out: for this reason the whole order is refunded\.",
        ]
    ),
    re.DOTALL,
)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keep it, unless a well-formed request was refused for a rule that is told in words."""
    return failure.code != "ST202" or not is_told_in_words(response)


def is_told_in_words(response):
    if response.status_code == 422:
        return response.json()["code"] == "idempotency-key-reused"
    errors = response.json().get("errors", {}) if response.status_code == 400 else {}
    messages = [message for told in errors.values() for message in told]
    return bool(messages) and all(IN_WORDS.fullmatch(message) for message in messages)
