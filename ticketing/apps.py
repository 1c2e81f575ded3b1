from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketingConfig(AppConfig):
    name = "ticketing"
    verbose_name = _("Events")

    def ready(self) -> None:
        """The log hears of log-ins from here on."""
        from ticketing.sign_ins import log_them  # its models want all apps to be loaded

        log_them()
