from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.contenttypes import admin as generic
from django.http import HttpRequest
from unfold.dataclasses import UnfoldAction

class ModelAdmin(admin.ModelAdmin[Any]):
    actions_list: ClassVar[Sequence[Any]]
    actions_row: ClassVar[Sequence[Any]]
    actions_detail: ClassVar[Sequence[Any]]
    actions_submit_line: ClassVar[Sequence[Any]]
    list_fullwidth: bool
    list_filter_submit: bool
    compressed_fields: bool
    warn_unsaved_form: bool
    def get_actions_list(self, request: HttpRequest) -> list[UnfoldAction]: ...
    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]: ...

class TabularInline(admin.TabularInline[Any, Any]):
    tab: bool

class StackedInline(admin.StackedInline[Any, Any]):
    tab: bool

class GenericTabularInline(generic.GenericTabularInline):
    tab: bool
