"""Fill the table of diagnosis codes."""

from __future__ import annotations

from django.db import connection, transaction

from referrals.models import DiagnosisCode

LOCK = 4_747_001  # any number of our own: two loads at once would race


@transaction.atomic
def load_diagnoses() -> int:
    """
    Fill the empty table with every billable ICD-10-CM code; return how many were added.

    A filled table is left as it is, so that a second run is quick: the package costs
    two seconds and 184 MB. A new year's codes need a load of their own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if DiagnosisCode.objects.exists():
        return 0
    import simple_icd_10_cm as icd

    codes = {
        code: " ".join(icd.get_description(code).split())
        for code in icd.get_all_codes(with_dots=True)
        if icd.is_leaf(code) and icd.is_category_or_subcategory(code)
    }
    made = DiagnosisCode.objects.bulk_create(
        (
            DiagnosisCode(
                code=code, compact=code.replace(".", ""), description=text[:300]
            )
            for code, text in codes.items()
        ),
        batch_size=5000,
    )
    return len(made)
