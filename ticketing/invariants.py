"""What must be true at any moment, as SQL that finds what breaks it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from django.apps import apps
from django.db import connection
from django.utils.module_loading import module_has_submodule


@dataclass(frozen=True)
class Rule:
    """`sql` selects one row for each violation; none is right.

    It compares sets (EXCEPT, GROUP BY) where it can: right after a rush the planner knows nothing
    of the new rows, and may look them up one by one for minutes.
    """

    name: str
    description: str
    sql: str


def unlogged(app: str, model: str, *, first: str, field: str = "status") -> str:
    """SQL that finds the rows whose state is another than the first and stands in no log row."""
    return f"""
        SELECT id, {field} FROM {app}_{model} WHERE {field} <> '{first}'
        EXCEPT SELECT l.object_id, l.state FROM django_fsm_log_statelog l
        JOIN django_content_type t ON t.id = l.content_type_id
        WHERE t.app_label = '{app}' AND t.model = '{model}'
        """


RULES = [
    Rule(
        "seat_row_area_and_showing_agree",
        "A seat's row, area and showing belong together.",
        """
        SELECT s.id FROM ticketing_seat s
        JOIN ticketing_row r ON r.id = s.row_id JOIN ticketing_area a ON a.id = s.area_id
        WHERE r.area_id <> s.area_id OR a.showing_id <> s.showing_id
        """,
    ),
    Rule(
        "seat_number_unique_in_row",
        "A row has each seat number once.",
        "SELECT row_id FROM ticketing_seat GROUP BY row_id, number HAVING count(*) > 1",
    ),
    Rule(
        "general_admission_has_one_row",
        "The places of a general-admission area stand in a single row.",
        """
        SELECT a.id FROM ticketing_area a JOIN ticketing_row r ON r.area_id = a.id
        WHERE a.is_general_admission GROUP BY a.id HAVING count(*) > 1
        """,
    ),
    Rule(
        "event_status_logged",
        "Every event that is no draft has a log row for its state.",
        unlogged("ticketing", "event", first="draft"),
    ),
    Rule(
        "event_fraud_status_logged",
        "Every event that was ever suspected has a log row for what is thought of it now.",
        unlogged("ticketing", "event", first="none", field="fraud_status"),
    ),
    Rule(
        "event_revenue_frozen_after_fraud",
        "Revenue is frozen while a fraud is confirmed, and only after an investigation.",
        """
        SELECT id FROM ticketing_event
        WHERE (fraud_status = 'confirmed' AND revenue_frozen_at IS NULL)
           OR (fraud_status = 'none' AND revenue_frozen_at IS NOT NULL)
        """,
    ),
    Rule(
        "event_freeze_lifted_by_a_second_admin",
        "Who cleared an event did not give its revenue free as well.",
        """
        SELECT id FROM ticketing_event
        WHERE revenue_freeze_lifted_by_id IS NOT NULL
          AND (revenue_frozen_at IS NOT NULL
               OR revenue_freeze_lifted_by_id IS NOT DISTINCT FROM fraud_cleared_by_id)
        """,
    ),
    # Ids of the log grow, so a lift of an earlier freeze does not count for the last one.
    Rule(
        "event_freeze_lifted_with_a_reason",
        "Revenue that was frozen and is not any more was given free by somebody who said why.",
        """
        SELECT id FROM ticketing_event e
        WHERE revenue_frozen_at IS NULL AND (
            SELECT max(l.id) FILTER (WHERE l.transition = 'confirm_fraud')
                > coalesce(max(l.id) FILTER (
                    WHERE l.transition = 'lift_revenue_freeze' AND l.description <> ''), 0)
            FROM django_fsm_log_statelog l
            JOIN django_content_type t ON t.id = l.content_type_id
            WHERE t.app_label = 'ticketing' AND t.model = 'event' AND l.object_id = e.id)
        """,
    ),
    Rule(
        "event_cancellation_request_whole",
        "A request to cancel says who made it, when and why.",
        """
        SELECT id FROM ticketing_event
        WHERE num_nonnulls(cancellation_requested_at, cancellation_requested_by_id) = 1
           OR (cancellation_requested_at IS NULL) <> (cancellation_request_reason = '')
        """,
    ),
]


def rules() -> list[Rule]:
    """The rules of every installed app that has a module `invariants`, lowest app first."""
    found: list[Rule] = []
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, "invariants"):
            found += getattr(import_module(f"{config.name}.invariants"), "RULES", [])
    return found


def violations() -> dict[str, int]:
    """The number of violations of each rule. Reads whole tables and locks nothing."""
    return {rule.name: _count(rule) for rule in rules()}


def _count(rule: Rule) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({rule.sql}) AS violation")
        return int(cursor.fetchone()[0])
