from django.urls import path

from payments.pages import views

urlpatterns = [
    path("orders/<order_code:code>/pay/", views.order_pay, name="order_pay"),
]
