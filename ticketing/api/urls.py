from django.urls import path

from ticketing.api import views

urlpatterns = [
    path("events/", views.EventList.as_view()),
    path("events/<slug:slug>/", views.EventDetail.as_view()),
    path("showings/<int:id>/", views.ShowingDetail.as_view()),
    path("showings/<int:id>/seats/", views.ShowingSeats.as_view()),
]
