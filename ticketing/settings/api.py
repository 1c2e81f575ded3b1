"""The API and its description."""

from __future__ import annotations

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["ticketing.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ticketing.api.negotiation.UsualAccept",
    "DEFAULT_PARSER_CLASSES": ["ticketing.api.parsers.JSONObjectParser"],
    "DEFAULT_THROTTLE_CLASSES": [
        "ticketing.api.throttling.PerCustomerThrottle",
        "ticketing.api.throttling.PerAddressThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"reading": "600/min", "changing": "120/min"},
    "DEFAULT_PAGINATION_CLASS": "ticketing.api.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_METADATA_CLASS": "ticketing.api.metadata.NoFields",
    "DEFAULT_SCHEMA_CLASS": "ticketing.api.schema.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "ticketing.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Ticketing API",
    "DESCRIPTION": (
        "Find events, hold seats, pay, and receive tickets.\n\n"
        "Sign up and log in through `/_allauth/app/v1/auth/signup` and "
        "`/_allauth/app/v1/auth/login` (described at `/_allauth/openapi.html`); send the "
        "`access_token` of the answer as `Authorization: Bearer …`.\n\n"
        "Every refusal is `application/problem+json` (RFC 9457) with a stable `code`. "
        "Calls over plain HTTP are refused as well: 403 `https-required`. "
        "No text may hold a null character."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "TicketStatusEnum": "orders.models.TicketStatus",
        "AskedReasonEnum": "refunds.api.serializers.ASKED_FOR",
    },
}
