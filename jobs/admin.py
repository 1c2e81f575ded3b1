"""What is to be done later, and what went wrong with it."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs import mail, outbox
from jobs.back_office import ReadOnly, among
from jobs.models import Job
from jobs.services import revive_job


def _topics() -> list[tuple[str, str]]:
    return [(topic, topic) for topic in outbox.topics()]


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ["topic", "shown_payload", "status", "run_at", "attempts", "last_error"]
    list_filter = ["status", among(gettext_lazy("topic"), "topic", _topics)]
    actions = ["revive"]
    exclude = ["payload"]
    readonly_fields = ["shown_payload"]

    @admin.display(description=gettext_lazy("payload"))
    def shown_payload(self, job: Job) -> object:
        """What the handler is called with; of a mail, nothing that only its reader may know."""
        return mail.outline(job.payload) if job.topic == mail.TOPIC else job.payload

    @admin.action(description=gettext_lazy("Try dead jobs again"), permissions=["revive"])
    def revive(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Have the selected dead jobs run again; others stay as they are."""
        dead = list(jobs.dead().values_list("pk", flat=True))  # type: ignore[attr-defined]
        for job_id in dead:
            revive_job(job_id=job_id)
        messages.success(request, _("{count} jobs will be tried again.").format(count=len(dead)))

    def has_revive_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)
