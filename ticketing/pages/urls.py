from django.urls import path

from ticketing.pages import sessions, views

urlpatterns = [
    path("", views.events, name="events"),
    path("events/<slug:slug>/", views.event, name="event"),
    path("accounts/sessions/", sessions.own_sessions, name="own_sessions"),
]
