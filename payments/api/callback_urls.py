"""Where providers and returning browsers arrive. Exact paths: no redirect, language or session."""

from django.urls import path

from payments.api import callbacks

urlpatterns = [
    path("vnpay/ipn/", callbacks.vnpay_ipn),
    path("<slug:provider_name>/return/", callbacks.payment_return),
    path(
        "<slug:provider_name>/return/<slug:txn_ref>/", callbacks.return_state, name="return_state"
    ),
]
