"""Every address of the product. API and pages grow by one `include` for each app."""

from allauth.headless.spec.views import OpenAPIJSONView, OpenAPIYAMLView
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from ticketing.api.description import ApiDescription, made_once

API = [
    path("", include("ticketing.api.urls")),
    path("", include("orders.api.urls")),
    path("", include("payments.api.urls")),
    path("", include("refunds.api.urls")),
]

PAGES = [
    path("", include("ticketing.pages.urls")),
    path("", include("orders.pages.urls")),
    path("", include("payments.pages.urls")),
    path("", include("refunds.pages.urls")),
]

DOCUMENTATION = SpectacularSwaggerSplitView.as_view(
    url_name="schema", http_method_names=["get", "head"]
)

urlpatterns = [
    # First, since a busy sale asks for nothing else.
    path("api/v1/", include(API)),
    path("", include(PAGES)),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("api/schema/", ApiDescription.as_view(), name="schema"),
    path("api/docs/", DOCUMENTATION),
    path("_allauth/openapi.json", made_once(OpenAPIJSONView.as_view())),
    path("_allauth/openapi.yaml", made_once(OpenAPIYAMLView.as_view())),
    path("_allauth/", include("allauth.headless.urls")),
    path("payments/", include("payments.api.callback_urls")),
    path("internal/jobs/", include("jobs.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "ticketing.problems.bad_request"
handler403 = "ticketing.problems.permission_denied"
handler404 = "ticketing.problems.not_found"
handler500 = "ticketing.problems.server_error"
