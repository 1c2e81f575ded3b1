# The log of transitions, which tells no types of its own.
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models

class StateLogQuerySet(models.QuerySet[StateLog]):
    def for_(self, obj: models.Model) -> StateLogQuerySet: ...

class StateLogManager(models.Manager[StateLog]):
    def for_(self, obj: models.Model) -> StateLogQuerySet: ...

class StateLog(models.Model):
    timestamp = models.DateTimeField()
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    source_state: str | None
    state = models.CharField(max_length=255)
    transition = models.CharField(max_length=255)
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object: Any
    description: str | None
    objects: ClassVar[StateLogManager]
    def get_state_display(self, field_name: str = "state") -> str: ...
    def get_source_state_display(self) -> str: ...
