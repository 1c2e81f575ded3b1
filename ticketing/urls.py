"""Every address of the product. The API grows by one `include` for each app."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

API = [
    path("", include("ticketing.api.urls")),
    path("", include("orders.api.urls")),
    path("", include("payments.api.urls")),
    path("", include("refunds.api.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs/")),
    path("api/v1/", include(API)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("payments/", include("payments.api.callback_urls")),
    path("internal/jobs/", include("jobs.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "ticketing.problems.bad_request"
handler403 = "ticketing.problems.permission_denied"
handler404 = "ticketing.problems.not_found"
handler500 = "ticketing.problems.server_error"
