"""What staff can do with an order on its page in the back office, and the page with its story."""

from __future__ import annotations

from functools import cached_property, partial

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from jobs.back_office import ReadOnly, offered
from orders import services
from orders.models import Order
from orders.timeline import days_of, timeline_of
from ticketing.asking import Question, text
from ticketing.back_office import OwnEvents, reader
from ticketing.roles import CANCEL_ORDER, RESEND_TICKETS, is_admin, may


class OrderReader:
    """Whoever reads an order's timeline, and whose pages they may open."""

    def __init__(self, page: OwnEvents, request: HttpRequest) -> None:
        self._site, self._request = page.admin_site, request
        self._known: dict[type[Model], bool] = {}

    @cached_property
    def is_admin(self) -> bool:
        return is_admin(self._request.user)

    def opens(self, model: type[Model]) -> bool:
        if model not in self._known:
            page = self._site._registry.get(model)
            self._known[model] = bool(page and page.has_view_permission(self._request))
        return self._known[model]


class CancellationForm(forms.Form):
    reason = text(
        gettext_lazy("reason"), gettext_lazy("Told to the customer by mail, and kept for ever.")
    )


def _can_resend(user: User, order: Order) -> bool:
    return order.tickets.valid().exists()


def _can_cancel(user: User, order: Order) -> bool:
    """Who may not is offered no button; the service decides once more, under the lock."""
    is_unpaid = order.status == Order.Status.PENDING_PAYMENT
    return is_unpaid and may(user, CANCEL_ORDER, order.event)


class OrderActions(OwnEvents, ReadOnly):
    """The page of an order, with a button for each deed that is open to its reader."""

    actions_detail = ["timeline", "resend_tickets", "cancel"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """With what every page of an order tells of it."""
        rows: QuerySet[Order] = super().get_queryset(request)
        return rows.select_related("event", "showing")

    @action(description=gettext_lazy("Timeline"), url_path="timeline")
    def timeline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What happened to the order and why, as far as the reader may know it."""
        order, user = self.visible(request, object_id), OrderReader(self, request)
        told = timeline_of(order, user)
        return self.show(
            request,
            "orders/timeline.html",
            title=_("Timeline of order {code}").format(code=order.code),
            order=order,
            days=days_of(told.entries, order, user),
            is_cut=told.is_cut,
        )

    @offered(_can_resend)
    @action(description=gettext_lazy("Send the tickets again"), url_path="resend_tickets")
    def resend_tickets(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask once more, then have them mailed to the address of the order."""
        order, user = self.visible(request, object_id), reader(request)
        if not may(user, RESEND_TICKETS, order.event):
            raise PermissionDenied
        question = Question(
            gettext_lazy("Send the tickets again"),
            _("They are mailed to {address}.").format(address=order.email),
            partial(services.resend_tickets, order_id=order.pk, by=user),
            done=gettext_lazy("The tickets are on their way."),
        )
        return question.ask(self, request, order)

    @offered(_can_cancel)
    @action(description=gettext_lazy("Cancel the order"), url_path="cancel")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, then give the seats of an unpaid order back."""
        order, user = self.visible(request, object_id), reader(request)
        if not may(user, CANCEL_ORDER, order.event):
            raise PermissionDenied
        question = Question(
            gettext_lazy("Cancel the order"),
            _("Its seats are free for others at once, and {address} is told why.").format(
                address=order.email
            ),
            partial(services.cancel_for_customer, order_id=order.pk, by=user),
            form=CancellationForm,
            done=gettext_lazy("The order is cancelled."),
        )
        return question.ask(self, request, order)
