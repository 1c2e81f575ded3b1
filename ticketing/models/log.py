"""The log of every transition and decision, as the back office lists it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_fsm_log.models import StateLog


class LogRow(StateLog):
    """One step: who took it, when, what it was taken with, from which state to which, and why.

    Rows are written with their transition, by `ticketing.transition_log`; nobody changes one.
    """

    class Meta:
        proxy = True
        verbose_name = _("step")
        verbose_name_plural = _("log of who did what")
