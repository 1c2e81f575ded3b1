from django.db import migrations

# Until now only the description said that a case is about a refund by others, or a reversal.
FILE = r"""
WITH found AS (
    SELECT c.id, p.txn_ref || '/' || coalesce(
        substring(c.description FROM '^The reversal (\S+) of '),
        substring(c.description FROM ' given back as (\S+)\. Nothing was changed\.')
    ) AS reference
    FROM payments_paymentcase c
    JOIN payments_payment p ON p.id = c.payment_id AND p.txn_ref = c.txn_ref
    WHERE c.kind = 'contradicted')
UPDATE payments_paymentcase c SET txn_ref = found.reference
FROM found WHERE found.id = c.id AND found.reference IS NOT NULL
"""
TURN_LATER = """
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at)
SELECT 'payments.turn_earlier_cases', '{}', 'pending', now() + interval '10 minutes', 0, 0, '', '',
    now()
WHERE EXISTS (SELECT FROM payments_payment)
"""
TURN_NOTHING = """
UPDATE jobs_job SET status = 'done', finished_at = now(), leased_until = NULL
WHERE topic = 'payments.turn_earlier_cases' AND status IN ('pending', 'published')
"""
# Until they were turned, one of this version may be open beside an earlier one, about the same.
CLOSE_TOLD_TWICE = """
WITH closed AS (
    UPDATE payments_paymentcase c SET status = 'resolved', decided_at = now(),
        decision = format('Case %s tells of the same refund.', earlier.id)
    FROM payments_paymentcase earlier
    WHERE c.kind = 'given_back' AND c.status = 'open'
        AND earlier.kind = 'contradicted' AND earlier.status = 'open'
        AND earlier.provider = c.provider AND earlier.txn_ref = c.txn_ref
    RETURNING c.id, c.decision)
INSERT INTO django_fsm_log_statelog
    (timestamp, source_state, state, transition, content_type_id, object_id, description)
SELECT now(), 'open', 'resolved', 'resolve', t.id, closed.id, closed.decision
FROM closed
JOIN django_content_type t ON t.app_label = 'payments' AND t.model = 'paymentcase'
"""
TURN_BACK = "UPDATE payments_paymentcase SET kind = 'contradicted' WHERE kind = 'given_back'"
# Of open ones only the first fits: the version before knows no more than one for each payment.
FILE_TOGETHER = """
UPDATE payments_paymentcase c SET txn_ref = p.txn_ref
FROM payments_payment p
WHERE p.id = c.payment_id AND c.kind = 'contradicted' AND c.txn_ref <> p.txn_ref
  AND (c.status = 'resolved' OR NOT EXISTS (
    SELECT FROM payments_paymentcase other
    WHERE other.payment_id = c.payment_id AND other.kind = 'contradicted'
      AND other.status = 'open' AND (other.txn_ref = p.txn_ref OR other.id < c.id)))
"""


class Migration(migrations.Migration):
    """Tell apart what was one kind of case: a payment contradicted, and money given back.

    The references change at once, which the version before does not mind. The kinds change when it
    does not serve any more: its list of cases breaks off at a kind that it does not know. Those that
    it opens until then are filed by the same job.
    """

    dependencies = [
        ("payments", "0009_cases_of_known_kinds"),
        ("jobs", "0005_what_jobs_are_about"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_fsm_log", "0004_auto_20190131_0341"),
    ]

    operations = [
        migrations.RunSQL(sql=FILE, reverse_sql=FILE_TOGETHER),
        migrations.RunSQL(sql=migrations.RunSQL.noop, reverse_sql=[CLOSE_TOLD_TWICE, TURN_BACK]),
        migrations.RunSQL(sql=TURN_LATER, reverse_sql=TURN_NOTHING),
    ]
