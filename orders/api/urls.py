from django.urls import path

from orders import codes  # noqa: F401  it registers the converters
from orders.api import views

urlpatterns = [
    path("orders/", views.OrderList.as_view()),
    path("orders/<order_code:code>/", views.OrderDetail.as_view()),
    path("orders/<order_code:code>/cancel/", views.OrderCancel.as_view()),
    path("orders/<order_code:code>/tickets/", views.OrderTickets.as_view()),
    path("check-ins/", views.CheckIns.as_view()),
    path("tickets/<ticket_code:code>/qr.svg", views.TicketQR.as_view()),
    path("tickets/<ticket_code:code>/ticket.pdf", views.TicketPDF.as_view()),
]
