from django.urls import path

from ticketing.pages import views

urlpatterns = [
    path("", views.events, name="events"),
    path("events/<slug:slug>/", views.event, name="event"),
]
