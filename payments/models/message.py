"""What providers and we told each other."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from ticketing.models import one_of


class Channel(models.TextChoices):
    PAY = "pay", _("sent to the payment page")
    RETURN = "return", _("browser came back")
    IPN = "ipn", _("provider called")
    QUERY = "query", _("we asked")
    REFUND = "refund", _("we asked for a refund")
    ANSWER = "answer", _("the provider answered")


class ProviderMessage(models.Model):
    """Every message from or to a provider, as it was, without secrets and card data.

    Append-only: the database refuses to change or delete one. `is_believed` is of calls from
    outside: whether they had the provider's signature; empty if they said nothing that we know.
    """

    provider = models.CharField(max_length=30)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    txn_ref = models.CharField(max_length=100, blank=True, db_index=True)
    body = models.JSONField()
    remote_address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField()
    is_believed = models.BooleanField(_("believed"), null=True, blank=True)

    class Meta:
        constraints = [one_of("channel", Channel, "provider_message_channel_valid")]

    def __str__(self) -> str:
        return f"{self.provider} {self.channel} {self.txn_ref}"
