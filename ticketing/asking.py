"""A page of the back office that asks before something is done, then does it or says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from jobs.back_office import Paged, offered
from jobs.subjects import address_of
from ticketing.errors import DomainError
from ticketing.roles import is_admin

Page = Callable[..., HttpResponse]

DECIDED = gettext_lazy("It is decided.")


def seen_amount(**options: Any) -> forms.DecimalField:
    """A hidden field that sends back an amount as the page showed it.

    It has as many digits as an amount: written out, 1E+999999999 fills the memory.
    """
    return forms.DecimalField(
        max_digits=14, decimal_places=2, widget=forms.HiddenInput(), **options
    )


def text(label: Any, help_text: Any) -> forms.CharField:
    """A field for words that are kept for ever."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        min_length=5,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(),
    )


class ReasonForm(forms.Form):
    reason = text(gettext_lazy("reason"), gettext_lazy("Why; kept for ever."))


def by_admins(user: User, row: object) -> bool:
    """Whether it is one of those who decide about everything."""
    return is_admin(user)


@dataclass(frozen=True)
class Decision:
    """One decision about a row: its page, its use case, and when it is offered to whom.

    The fields of the form are named as the use case's arguments. The use case refuses by itself
    what is not offered.
    """

    name: str
    title: Any
    consequence: Any  # a text, or a function of the row
    decide: Callable[..., object]
    is_possible: Callable[[Any], bool]
    is_for: Callable[[User, Any], bool] = by_admins
    make_form: Callable[[QueryDict | None, Any], forms.Form] = lambda data, row: ReasonForm(data)

    def told(self, row: Any) -> Any:
        """What it will do to this row."""
        return self.consequence(row) if callable(self.consequence) else self.consequence

    def is_offered(self, user: User, row: Any) -> bool:
        return self.is_for(user, row) and self.is_possible(row)

    def page(self) -> Page:
        """Its page in the admin of its rows, whose `decide` asks for the form, then decides."""

        def page(rows: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            answer: HttpResponse = rows.decide(request, object_id, self)
            return answer

        return offered(self.is_offered)(action(description=self.title, url_path=self.name)(page))


@dataclass(frozen=True)
class Question:
    """What is asked about a row, and the use case that is called with the answers."""

    title: Any
    consequence: Any
    act: Callable[..., Any]
    form: Callable[[QueryDict | None], forms.Form] = forms.Form
    done: Any = DECIDED
    template: str = "ticketing/ask_first.html"
    context: dict[str, Any] = field(default_factory=dict)

    def ask(self, page: Paged, request: HttpRequest, row: Model) -> HttpResponse:
        """The form, as it was filled in if that was refused; or the act and the way back."""
        form = self.form(request.POST if request.method == "POST" else None)
        back = address_of(page.model, row.pk)
        if form.is_valid() and self._is_done(form):
            messages.success(request, self.done)
            return redirect(back)
        return page.show(
            request,
            self.template,
            title=f"{self.title}: {row}",
            consequence=self.consequence,
            form=form,
            button=self.title,
            back=back,
            **self.context,
        )

    def _is_done(self, form: forms.Form) -> bool:
        """Act; a refusal is told on the form, which keeps what was written there."""
        try:
            self.act(**form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return False
        return True
