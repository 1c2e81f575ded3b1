from django.http import HttpRequest, HttpResponse
from django.urls import path

from ticketing.urls import urlpatterns as product


def empty(request: HttpRequest) -> HttpResponse:
    """Answer at once; what is left is the web server and the middleware. (Probes skip both.)"""
    return HttpResponse("{}", content_type="application/json")


urlpatterns = [*product, path("benchmarks/empty", empty)]
