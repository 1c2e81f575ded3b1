"""The OpenAPI description: what drf-spectacular finds, and every problem that a view can answer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from ticketing import problem_kinds, problems
from ticketing.api.permissions import RunsEvents
from ticketing.errors import DomainError

EXAMPLE_REQUEST_ID = "6f1c2a9be0d54d17a3b8c94c1e7f2d05"
EXAMPLE_ERRORS = {"seats": ["A seat is listed twice."]}


class Problem(serializers.Serializer[Any]):
    """RFC 9457. Programs go by `code`; `detail` is for people, in their language."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    request_id = serializers.CharField(help_text="Also in the `X-Request-ID` header.")
    errors: Any = serializers.DictField(  # a name of DRF's, too
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="With `invalid`: messages by field.",
    )
    seats = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="With `seats-unavailable`."
    )
    available = serializers.IntegerField(required=False, help_text="With `not-enough-seats`.")
    checked_in_at = serializers.DateTimeField(
        required=False, help_text="With `already-checked-in`."
    )
    closed_at = serializers.DateTimeField(
        required=False, help_text="With `refund-window-closed`: until when it was possible."
    )
    tickets = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="With `ticket-not-refundable`."
    )
    amount = serializers.CharField(
        required=False, help_text="With `refund-quote-changed`: what would go back now."
    )


class ProblemAutoSchema(AutoSchema):
    """Adds the problems. A view lists its domain errors by method in `refusals`."""

    def _get_response_bodies(
        self, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        by_status: dict[int, dict[str, Any]] = defaultdict(dict)
        for told in self._problems():
            by_status[told["status"]][told["code"]] = told
        for status, told_by_code in sorted(by_status.items()):
            bodies[str(status)] = self._problem_response(told_by_code)
        return bodies

    def _problems(self) -> list[dict[str, Any]]:
        told = [kind.problem() for kind in self._kinds()]
        for body in told:
            if body["code"] == problem_kinds.INVALID.code:
                body["errors"] = EXAMPLE_ERRORS
        return [*told, *(_example(error) for error in self._refusals())]

    def _kinds(self) -> list[problem_kinds.Kind]:
        kinds = [problem_kinds.THROTTLED, problem_kinds.BUSY]
        if self._takes_input():
            kinds.append(problem_kinds.INVALID)
        if self._needs_token():
            kinds.append(problem_kinds.NOT_AUTHENTICATED)
        if RunsEvents in self.view.permission_classes:
            kinds.append(problem_kinds.PERMISSION_DENIED)
        if "{" in self.path or self._refusals():
            kinds.append(problem_kinds.NOT_FOUND)
        return kinds

    def _takes_input(self) -> bool:
        return self.method != "GET" or bool(self._get_parameters())

    def _needs_token(self) -> bool:
        return AllowAny not in self.view.permission_classes

    def _refusals(self) -> list[type[DomainError]]:
        by_method: dict[str, list[type[DomainError]]] = getattr(self.view, "refusals", {})
        return by_method.get(self.method.lower(), [])

    def _problem_response(self, told_by_code: dict[str, Any]) -> dict[str, Any]:
        examples = {
            code: {"value": {**told, "request_id": EXAMPLE_REQUEST_ID}}
            for code, told in told_by_code.items()
        }
        reference = self.resolve_serializer(Problem, "response").ref
        return {
            "description": ", ".join(f"`{code}`" for code in told_by_code),
            "content": {problems.MEDIA_TYPE: {"schema": reference, "examples": examples}},
        }


def _example(error: type[DomainError]) -> dict[str, Any]:
    return problem_kinds.problem(
        error.code, error.status, error.title, detail=str(error.title), **error.extra_example
    )


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "ticketing.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """How a client of the description sends its token."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
