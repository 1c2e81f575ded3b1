"""What is to be done later, and what went wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display

from jobs import mail, outbox
from jobs.back_office import SEVERAL_LINES, ReadOnly, among, link, offered
from jobs.models import Job, JobStatus
from jobs.services import revive_job
from jobs.subjects import subjects_of

AT_ONCE = 200
ERROR_LENGTH = 120
COLOURS = {
    JobStatus.DEAD.value: "danger",
    JobStatus.DONE.value: "success",
    JobStatus.PENDING.value: "info",
    JobStatus.PUBLISHED.value: "info",
}


def _how_many_dead() -> str:
    """Not counted to the end, which takes long in the one hour when it matters."""
    found = len(Job.objects.dead().values_list("pk")[: AT_ONCE + 1])
    return f"{AT_ONCE}+" if found > AT_ONCE else str(found)


def _topics() -> list[tuple[str, str]]:
    return [(topic, topic) for topic in outbox.topics()]


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = [
        "topic", "state", "about", "attempts", "error", "next_try", "finished_at",
    ]  # fmt: skip
    list_filter = ["status", among(gettext_lazy("topic"), "topic", _topics)]
    list_before_template = "jobs/tabs.html"
    sortable_by = ()
    actions = ["revive"]
    actions_detail = ["try_again"]
    fields = [
        "topic", "status", "about", "shown_payload", "attempts", "last_error",
        "next_try", "created_at", "published_at", "finished_at", "key",
    ]  # fmt: skip
    readonly_fields = ["about", "shown_payload", "next_try"]

    class Media:
        css: ClassVar = SEVERAL_LINES

    @display(description=gettext_lazy("state"), label=COLOURS)
    def state(self, job: Job) -> tuple[str, str]:
        return job.status, job.get_status_display()

    @admin.display(description=gettext_lazy("payload"))
    def shown_payload(self, job: Job) -> object:
        """What the handler is called with; of a mail, nothing that only its reader may know."""
        return mail.outline(job.payload) if job.topic == mail.TOPIC else job.payload

    @admin.display(description=gettext_lazy("about"))
    def about(self, job: Job) -> str:
        """The rows it is about, each with a link to its page; else what it is called with."""
        links = ((link(each.address, each.name),) for each in subjects_of(job.payload))
        return format_html_join(", ", "{}", links) or str(self.shown_payload(job) or "–")

    @admin.display(description=gettext_lazy("last error"))
    def error(self, job: Job) -> str:
        """Its first line: the rest is on the job's own page."""
        first = job.last_error.strip().partition("\n")[0]
        return first if len(first) <= ERROR_LENGTH else f"{first[:ERROR_LENGTH]}…"

    @admin.display(description=gettext_lazy("next try"))
    def next_try(self, job: Job) -> datetime | None:
        is_over = job.status in (JobStatus.DONE, JobStatus.DEAD)
        return None if is_over else job.run_at

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, with a tab for those that nobody but a person brings back."""
        tabs = [
            (f"{_('Dead')} ({_how_many_dead()})", "?status__exact=dead"),
            (_("Waiting"), "?status__in=pending,published"),
            (_("Done"), "?status__exact=done"),
            (_("All"), "?"),
        ]
        # The comma between two states as the tabs write it.
        chosen = request.GET.urlencode(safe=",")
        shown = [(title, address, address == f"?{chosen}") for title, address in tabs]
        response: HttpResponse = super().changelist_view(
            request, {"tabs": shown, **(extra_context or {})}
        )
        return response

    @admin.action(description=gettext_lazy("Try dead jobs again"), permissions=["revive"])
    def revive(self, request: HttpRequest, jobs: QuerySet[Job]) -> HttpResponse | None:
        """Show the dead ones of the selected jobs; try them again when that is confirmed."""
        dead = list(jobs.filter(status=JobStatus.DEAD).order_by("pk")[: AT_ONCE + 1])
        if len(dead) > AT_ONCE:
            messages.error(request, _("Select {count} at most.").format(count=AT_ONCE))
        elif not dead:
            messages.error(request, _("None of these is dead."))
        elif "confirmed" not in request.POST:
            return self._ask(request, dead)
        else:
            self._revive(request, dead)
        return None

    @offered(lambda user, job: job.status == JobStatus.DEAD)
    @action(description=gettext_lazy("Try it again"), url_path="try_again", permissions=["revive"])
    def try_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then have one dead job run again."""
        job = self.visible(request, object_id)
        if job.status != JobStatus.DEAD:
            messages.error(request, _("None of these is dead."))
        elif request.method == "POST":
            self._revive(request, [job])
        else:
            return self._ask(request, [job])
        return redirect("admin:jobs_job_change", job.pk)

    def has_revive_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def _ask(self, request: HttpRequest, jobs: Sequence[Job]) -> HttpResponse:
        return self.show(
            request,
            "jobs/try_again.html",
            title=_("Try dead jobs again"),
            jobs=[(job, self.shown_payload(job), self.error(job)) for job in jobs],
            checkbox=ACTION_CHECKBOX_NAME,
        )

    def _revive(self, request: HttpRequest, jobs: Sequence[Job]) -> None:
        """Have them run, and keep in Django's log who wanted that."""
        for job in jobs:
            revive_job(job_id=job.pk)
            # After it: the service is a transaction of its own and runs in no other.
            self.log_change(request, job, "Tried again.")
        told = ngettext(
            "{count} job will be tried again.", "{count} jobs will be tried again.", len(jobs)
        )
        messages.success(request, told.format(count=len(jobs)))
