"""Choosing places of a showing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def showing_page(request: HttpRequest, showing_id: int) -> HttpResponse:
    return render(request, "pages/problem.html")
