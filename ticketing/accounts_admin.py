"""Who has an account. There may be hundreds of thousands: they are found by their whole address."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_lazy
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from jobs.back_office import Paged
from ticketing.asking import Question, ReasonForm
from ticketing.back_office import reader
from ticketing.models import LogRow
from ticketing.roles import is_admin
from ticketing.services import delete_accounts, log_out_everywhere
from ticketing.workbench.seen import SeenForm, SeenPage

if TYPE_CHECKING:
    from django.db.models import QuerySet

for model in (User, Group, EmailAddress):
    admin.site.unregister(model)

LOG_OUT = gettext_lazy("Log out everywhere")
SHOWN_STEPS = 10  # of each kind that keeps an account from being deleted
INSTEAD = gettext_lazy(
    "What somebody bought or did here stays, and stays theirs. To keep them out, take away "
    "“Active” on the page of the account: nobody gets in with it any more."
)
WHOLE_ADDRESS = gettext_lazy("A whole email address")


class NewAccountForm(UserCreationForm):
    """Knows beforehand what is wrong with its password, if `AccountAdmin.add_view` has asked."""

    known_faults: list[ValidationError] | None = None

    def validate_password_for_user(self, user: User, **options: Any) -> None:
        if self.known_faults is None:
            super().validate_password_for_user(user, **options)
        elif self.known_faults and self.cleaned_data.get("password2"):
            self.add_error("password2", self.known_faults)


class AccountForm(SeenForm, UserChangeForm):
    """Refused once if another has changed the account since it was shown."""


class PasswordForm(AdminPasswordChangeForm):
    """Writes the new password alone: hashing takes its time, and others write meanwhile."""

    def save(self, commit: bool = True) -> User:
        changed = super().save(commit=False)
        if commit:
            changed.save(update_fields=["password"])
        return changed


@admin.register(User)
class AccountAdmin(SeenPage, UserAdmin, Paged):  # type: ignore[type-arg]  # it takes none when run
    """Accounts of customers and staff alike."""

    form = AccountForm
    add_form = NewAccountForm
    change_password_form = PasswordForm
    readonly_fields = ["last_login", "date_joined"]
    ordering = ["-pk"]
    sortable_by = ["username"]
    search_fields = ["username__exact", "email__exact", "emailaddress__email__iexact"]
    search_help_text = WHOLE_ADDRESS
    actions_detail: ClassVar[list[Any]] = ["log_out_everywhere"]

    def add_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        """Ask about the password first: no service is waited for in the form's transaction."""
        if request.method == "POST" and self.has_add_permission(request):
            self._ask_about_password(request)
        answer: HttpResponse = super().add_view(request, *args, **options)
        return answer

    def _ask_about_password(self, request: Any) -> None:
        sent, faults = request.POST, []
        if sent.get("password1") and sent["password1"] == sent.get("password2"):
            try:
                validate_password(sent["password1"], User(username=sent.get("username", "")))
            except ValidationError as found:
                faults.append(found)
        request.password_faults = faults

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change=change, **options)  # a new class
        if obj is None:
            form.known_faults = getattr(request, "password_faults", None)
        return form

    @action(description=LOG_OUT, url_path="log_out_everywhere")
    def log_out_everywhere(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, then end the account's sessions and its tokens."""
        if not is_admin(request.user):
            raise PermissionDenied
        account = self.visible(request, object_id)
        question = Question(
            LOG_OUT,
            gettext(
                "All sessions of {account} end at once, in browsers and programs alike."
            ).format(account=account),
            partial(log_out_everywhere, user_id=account.pk, by=reader(request)),
            form=ReasonForm,
            done=gettext_lazy("The account is logged out everywhere."),
        )
        return question.ask(self, request, account)

    def save_model(self, request: HttpRequest, account: Any, form: Any, change: bool) -> None:
        """Write what was changed in the form: all else may have been changed by others since."""
        columns = {field.name for field in account._meta.concrete_fields}
        changed = columns.intersection(form.changed_data)
        account.save(update_fields=changed if change else None)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Whoever a log or a sale names is kept, and shown together with what names them.

        That nobody may delete such rows is true of admins as well, and not what they have to know.
        """
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        steps = LogRow.objects.filter(by__in=objs)[:SHOWN_STEPS]
        deeds = LogEntry.objects.filter(user__in=objs).order_by("-pk")[:SHOWN_STEPS]
        named = [*protected[:SHOWN_STEPS], *map(str, steps), *map(str, deeds)]
        if not named:
            return deleted, counts, forbidden, []
        return deleted, counts, set(), [str(INSTEAD), *named]

    def delete_queryset(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        delete_accounts(user_ids=list(chosen.values_list("pk", flat=True)))

    def delete_model(self, request: HttpRequest, account: Any) -> None:
        delete_accounts(user_ids=[account.pk])


@admin.register(Group)
class RoleGroupAdmin(GroupAdmin, Paged):
    """Of these only `support` has a meaning; see `ticketing.roles`."""


@admin.register(EmailAddress)
class AddressAdmin(EmailAddressAdmin, Paged):
    """The addresses of accounts, and whether their owners have proved them."""

    ordering = ["-pk"]
    sortable_by = ["email"]
    list_select_related = ["user"]
    search_help_text = WHOLE_ADDRESS

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["email__iexact"]
