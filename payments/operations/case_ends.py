"""Which open cases of a payment end with the provider's word, and what is decided by it."""

from payments.models import CaseKind

CONFIRMED = {CaseKind.CONTRADICTED: "The provider says again that it was paid."}
CLEARED = {
    CaseKind.SUSPECTED_FRAUD: "The provider cleared it.",
    CaseKind.ORPHANED: "The provider says that it was paid.",
    **CONFIRMED,
}
KNOWN_AGAIN = {CaseKind.CONTRADICTED: "The provider knows of it again, and still reviews it."}
KEPT = {CaseKind.GIVEN_BACK: "The provider did not give it back after all."}
SUSPECTED = {CaseKind.ORPHANED: "The provider took the money and suspects fraud."}
FAILED = {
    CaseKind.SUSPECTED_FRAUD: "No money was kept.",
    CaseKind.ORPHANED: "The provider says that no money moved.",
    CaseKind.CONTRADICTED: "The provider found it: no money was kept.",
}
