from django.urls import path

from payments.api import views

urlpatterns = [path("orders/<str:code>/payments/", views.OrderPayments.as_view())]
