"""
Roles as data: what each may do. `actions.sync_roles` writes them as Django groups.

A test sees that every permission named here exists.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The roles of the clinic; the value is the name of the Django group."""

    PATIENT = "patient"
    STAFF = "staff"  # clinic staff, who record referrals
    SCHEDULER = "scheduler"
    THERAPIST = "therapist"
    PROVIDER = "provider"  # who refers, and sees what became of it
    LEAD = "lead"  # the clinical lead, who owns targets and policy
    EDITOR = "editor"
    AUDITOR = "auditor"


OPENS_ADMIN = {Role.LEAD, Role.EDITOR}


def _may_edit(*models: str) -> list[str]:
    """Return the permissions to see, add and change each "app.model"."""
    return [
        f"{app}.{verb}_{model}"
        for app, model in (name.split(".") for name in models)
        for verb in ("view", "add", "change")
    ]


PERMISSIONS: dict[Role, list[str]] = {
    Role.PATIENT: [
        "referrals.view_own_referral",
        "appointments.ask_for_own_appointment",
    ],
    Role.STAFF: [
        "referrals.view_patient",
        "referrals.view_referral",
        "referrals.record_referral",
        "referrals.retract_referral",
        "referrals.import_referral",
        "referrals.merge_patient",
        "outbox.view_message",
        "outbox.handle_message",
    ],
    Role.SCHEDULER: [
        "referrals.view_patient",
        "referrals.view_referral",
        "appointments.view_waitlistentry",
        "appointments.triage_waitlistentry",
        "appointments.overrule_rank",
        "appointments.view_appointment",
        "appointments.change_capacity",
        "appointments.view_figures",
        "appointments.offer_appointment",
        "appointments.record_visit",
        "outbox.view_message",
        "outbox.handle_message",
    ],
    Role.THERAPIST: [
        "referrals.sign_plan",
        "appointments.view_own_day",
        "appointments.record_own_visit",
    ],
    Role.PROVIDER: [
        "referrals.view_sent_referral",
        "referrals.sign_sent_plan",
    ],
    Role.LEAD: [
        "referrals.retract_referral",
        "referrals.merge_patient",
        "referrals.import_referral",
        "referrals.view_patient",
        "referrals.view_referral",
        "appointments.view_waitlistentry",
        "appointments.triage_waitlistentry",
        "appointments.overrule_rank",
        "appointments.view_appointment",
        "appointments.change_capacity",
        "appointments.view_figures",
        "appointments.view_visitnote",
        "outbox.view_message",
        *_may_edit(
            "appointments.triagecategory",
            "appointments.categorywording",
            "appointments.targetwait",
            "appointments.policy",
            "appointments.therapist",
            "appointments.room",
            "referrals.provider",
            "services.precaution",
            "services.wording",
        ),
        "services.view_version",
        "services.approve_version",
    ],
    Role.EDITOR: [
        *_may_edit(
            "services.article",
            "services.version",
            "services.synonym",
            "services.condition",
            "services.technique",
            "services.location",
            "services.publication",
            "services.insurer",
        ),
        "services.approve_version",
    ],
    Role.AUDITOR: ["audit.view_auditevent"],
}
