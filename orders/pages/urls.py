from django.urls import path

from orders import codes  # noqa: F401  it registers the converters
from orders.pages import choosing, views
from orders.pages.door import views as door

urlpatterns = [
    path("showings/<int:showing_id>/", choosing.showing_page, name="showing"),
    path("orders/", views.order_list, name="orders"),
    path("orders/<order_code:code>/", views.order_page, name="order"),
    path("orders/<order_code:code>/state/", views.order_state, name="order_state"),
    path("orders/<order_code:code>/cancel/", views.order_cancel, name="order_cancel"),
    path("orders/<order_code:code>/event.ics", views.order_calendar, name="order_calendar"),
    path("orders/<order_code:code>/tickets.pdf", views.order_pdf, name="order_pdf"),
    path("check-in/", door.doors, name="doors"),
    path("check-in/<int:showing_id>/", door.door, name="door"),
    path("check-in/<int:showing_id>/scan/", door.door_scan, name="door_scan"),
    path("check-in/<int:showing_id>/count/", door.door_count, name="door_count"),
    path("tickets/<ticket_code:code>/qr.svg", views.ticket_qr, name="ticket_qr"),
    path("tickets/<ticket_code:code>/ticket.pdf", views.ticket_pdf, name="ticket_pdf"),
]
