from django.urls import path

from orders.pages import choosing

urlpatterns = [
    path("showings/<int:showing_id>/", choosing.showing_page, name="showing"),
]
