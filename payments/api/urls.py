from django.urls import path

from payments.api import views

urlpatterns = [path("orders/<order_code:code>/payments/", views.OrderPayments.as_view())]
