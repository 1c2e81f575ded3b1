from django.urls import path

from refunds.api import views

urlpatterns = [
    path("orders/<order_code:code>/refund-quotes/", views.RefundQuotes.as_view()),
    path("orders/<order_code:code>/refunds/", views.OrderRefunds.as_view()),
    path("refunds/<int:pk>/", views.RefundDetail.as_view()),
]
