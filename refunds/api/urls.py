from django.urls import path

from refunds.api import views

urlpatterns = [
    path("orders/<str:code>/refund-quotes/", views.RefundQuotes.as_view()),
    path("orders/<str:code>/refunds/", views.OrderRefunds.as_view()),
    path("refunds/<int:pk>/", views.RefundDetail.as_view()),
]
