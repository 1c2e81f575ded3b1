from django.urls import path

from orders.api import views

urlpatterns = [
    path("orders/", views.OrderList.as_view()),
    path("orders/<str:code>/", views.OrderDetail.as_view()),
    path("orders/<str:code>/cancel/", views.OrderCancel.as_view()),
    path("orders/<str:code>/tickets/", views.OrderTickets.as_view()),
    path("check-ins/", views.CheckIns.as_view()),
    path("tickets/<str:code>/qr.svg", views.TicketQR.as_view()),
    path("tickets/<str:code>/ticket.pdf", views.TicketPDF.as_view()),
]
