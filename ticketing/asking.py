"""A page of the back office that asks before something is done, then does it or says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from jobs.back_office import Paged
from jobs.subjects import address_of
from ticketing.errors import DomainError

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


@dataclass(frozen=True)
class Question:
    """What is asked about a row, and the use case that is called with the answers."""

    title: Any
    consequence: Any
    act: Callable[..., Any]
    form: type[forms.Form] = forms.Form
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
            form=form,
            question=self,
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
