"""Has Django's admin use our site."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    default_site = "ticketing.back_office_site.BackOffice"
