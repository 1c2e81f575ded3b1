"""A button for each decision about a row, and a page that says what it will do and asks for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from jobs.back_office import Paged
from ticketing.asking import Decision
from ticketing.back_office import reader
from ticketing.errors import DomainError


class Decisions(Paged):
    """The page of a row, with a button for each decision that is open to its reader.

    `id_argument` is what the use cases call the row's id.
    """

    id_argument: str

    def decide(self, request: HttpRequest, object_id: str, decision: Decision) -> HttpResponse:
        """Say what the decision does, then call its use case once and say if that refused."""
        row, user = self.visible(request, object_id), reader(request)
        if not decision.is_for(user, row):
            raise PermissionDenied
        # A decision that was sent goes to the use case even so, which says what has come in
        # between.
        if request.method != "POST" and not decision.is_possible(row):
            told = _("It is too late for this: “{title}” is not open any more.")
            messages.error(request, told.format(title=decision.title))
            return self._back_to(row)
        form = decision.make_form(request.POST if request.method == "POST" else None, row)
        if form.is_valid():
            is_done = self._carry_out(request, row, decision, form)
            row = self.visible(request, object_id)  # as it is by now
            if is_done or not decision.is_possible(row):
                return self._back_to(row)
            form = _anew(decision.make_form(None, row), form)
        return self.show(
            request,
            "ticketing/ask_first.html",
            title=f"{decision.title}: {row}",
            consequence=decision.told(row),
            button=decision.title,
            form=form,
            back=self._back_to(row).headers["Location"],
        )

    def _carry_out(
        self, request: HttpRequest, row: Any, decision: Decision, form: forms.Form
    ) -> bool:
        subject = {self.id_argument: row.pk, "by": request.user}
        try:
            decision.decide(**subject, **form.cleaned_data)
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return False
        messages.success(request, _("Done: {title}.").format(title=decision.title))
        return True

    def _back_to(self, row: Any) -> HttpResponse:
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk)


def _anew(form: forms.Form, refused: forms.Form) -> forms.Form:
    """The form of the row as it is by now, with what was written in the one that was refused."""
    form.initial.update({each.name: refused.data.get(each.name) for each in form.visible_fields()})
    return form
