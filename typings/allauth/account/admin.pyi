from typing import Any

from django.contrib.admin import ModelAdmin

class EmailAddressAdmin(ModelAdmin[Any]): ...
