"""Has Django's admin use our site, in the language of whoever reads it."""

from typing import Any

from django.apps import apps
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy


class BackOfficeConfig(AdminConfig):
    default_site = "ticketing.back_office_site.BackOffice"

    def ready(self) -> None:
        """Pages take the names of rows and fields as they are made: these come first."""
        translate_names()
        super().ready()


def translate_names() -> None:
    """Look up in the catalogs what Django has made of the names in the code: “starts at”.

    Migrations go by what the code says, and don't change.
    """
    for model in apps.get_models():
        names: Any = model._meta
        if isinstance(names.verbose_name, str):
            names.verbose_name_plural = gettext_lazy(str(names.verbose_name_plural))
            names.verbose_name = gettext_lazy(names.verbose_name)
        for field in (*names.fields, *names.many_to_many):
            if isinstance(field.verbose_name, str):
                field.verbose_name = gettext_lazy(field.verbose_name)
