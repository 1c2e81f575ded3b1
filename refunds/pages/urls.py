from django.urls import path

from refunds.pages import views

urlpatterns = [
    path("orders/<order_code:code>/refund/", views.refund_choose, name="refund_choose"),
    path("orders/<order_code:code>/refund/quote/", views.refund_quote, name="refund_quote"),
    path("orders/<order_code:code>/refund/request/", views.refund_request, name="refund_request"),
]
