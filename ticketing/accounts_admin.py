"""Who has an account. There may be hundreds of thousands: they are found by their whole address."""

from __future__ import annotations

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from jobs.back_office import Paged

for model in (User, Group, EmailAddress):
    admin.site.unregister(model)

WHOLE_ADDRESS = gettext_lazy("A whole email address")


@admin.register(User)
class AccountAdmin(UserAdmin, Paged):  # type: ignore[type-arg]  # it takes none when run
    """Accounts of customers and staff alike."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ["-pk"]
    sortable_by = ["username"]
    search_fields = ["username__exact", "email__exact", "emailaddress__email__iexact"]
    search_help_text = WHOLE_ADDRESS


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
