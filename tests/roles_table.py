"""
Who may open what: the table that tests/test_roles.py holds the portal to.

A cell is the status of the answer; `in` is a redirect to the sign-in page, `go` one to
anywhere else. `other` is a patient who asks for the first one's records. A view without
a row fails the test, so that nobody forgets to decide.
"""

from __future__ import annotations

PEOPLE = ["visitor", "patient", "other", "staff", "scheduler"]
PEOPLE += ["therapist", "lead", "editor", "auditor", "provider"]
ALL_200 = " ".join(["200"] * len(PEOPLE))
ALL_422 = " ".join(["422"] * len(PEOPLE))
ALL_405 = " ".join(["405"] * len(PEOPLE))
ALL_401 = " ".join(["401"] * len(PEOPLE))  # no session opens what systems use
SIGNED_IN = "in  200 200 200 200 200 200 200 200 200"
ONLY_OUT = " go  go  go  go  go  go  go  go  go"

# A page is opened. Columns are PEOPLE, in their order.
GET = {
    # name                   visitor patient other staff scheduler therapist lead ...
    "healthz": ALL_200,
    "readyz": ALL_200,
    "robots": ALL_200,
    "sitemap": ALL_200,
    "service_requests": ALL_405,
    "service_request": ALL_401,
    "services:home": ALL_200,
    "services:page": ALL_200,
    "services:safety": ALL_200,
    "services:referral": ALL_200,
    "services:privacy": ALL_200,
    "services:conditions": ALL_200,
    "services:condition": ALL_200,
    "services:techniques": ALL_200,
    "services:locations": ALL_200,
    "services:research": ALL_200,
    "services:search": ALL_200,
    "services:insurance": ALL_200,
    "services:changes": ALL_200,
    "services:check": ALL_200,
    "services:editing": "       in  403 403 403 403 403 200 200 403 403",
    "services:new_article": "       in  403 403 403 403 403 403 200 403 403",
    "services:text": "       in  403 403 403 403 403 200 200 403 403",
    "services:compare": "       in  403 403 403 403 403 go  go  403 403",
    "services:begin_draft": "       in  403 403 403 403 403 403 405 403 403",
    "services:move": "       in  403 403 403 403 403 403 200 403 403",
    "services:approve": "       in  403 403 403 403 403 200 200 403 403",
    "services:edit": "       in  403 403 403 403 403 403 200 403 403",
    "services:preview": "       in  403 403 403 403 403 200 200 403 403",
    "services:restore": "       in  403 403 403 403 403 403 405 403 403",
    "services:record_review": "       in  403 403 403 403 403 200 200 403 403",
    "services:send_back": "       in  403 403 403 403 403 200 200 403 403",
    "services:discard": "       in  403 403 403 403 403 200 200 403 403",
    "services:retire": "       in  403 403 403 403 403 200 200 403 403",
    "referrals:worklist": "       in  403 403 200 200 403 200 403 403 403",
    "referrals:referral": "       in  403 403 200 200 403 200 403 403 403",
    "referrals:diagnoses": "      in  403 403 200 403 403 403 403 403 403",
    "referrals:insurers": "       in  403 403 200 403 403 403 403 403 403",
    "referrals:patients": "       in  403 403 200 200 403 200 403 403 403",
    "referrals:add_patient": "    in  403 403 200 403 403 403 403 403 403",
    "referrals:patient": "        in  403 403 200 200 403 200 403 403 403",
    "referrals:correct": "        in  403 403 200 403 403 403 403 403 403",
    "referrals:authorize": "      in  403 403 200 403 403 403 403 403 403",
    "referrals:move": "           in  403 403 200 403 403 200 403 403 403",
    "referrals:plan": "           in  403 403 200 200 403 200 403 403 403",
    "referrals:give_account": "   in  403 403 403 403 403 200 403 403 403",
    "referrals:import_referrals": "in 403 403 200 403 403 200 403 403 403",
    "referrals:renew": "          in  403 403 405 403 403 403 403 403 403",
    "referrals:answer_renewal": ALL_200,  # whoever holds the signed link
    "referrals:complete": "in  403 403 200 403 403 403 403 403 403",
    "referrals:screen": "in  403 403 200 403 403 403 403 403 403",
    "referrals:letters": "        in  403 403 200 403 403 403 403 403 403",
    "referrals:letter": "         in  403 403 200 200 403 200 403 403 403",
    "referrals:record": "         in  403 403 200 403 403 403 403 403 403",
    "referrals:edit_patient": "   in  403 403 200 403 403 403 403 403 403",
    "referrals:send_link": "      in  403 403 405 403 403 403 403 403 403",
    "appointments:merge": "       in  403 403 200 403 403 200 403 403 403",
    "appointments:part": "        in  403 403 405 403 403 405 403 403 403",
    "referrals:own": "            in  200 404 403 403 403 403 403 403 403",
    "appointments:mine": "        in  200 200 403 403 403 403 403 403 403",
    "appointments:ask": "         in  200 404 403 403 403 403 403 403 403",
    "appointments:ask_check": "   in  go  404 403 403 403 403 403 403 403",
    "appointments:ask_step": "    in  200 404 403 403 403 403 403 403 403",
    "appointments:standing": "    in  200 404 403 403 403 403 403 403 403",
    "appointments:withdraw": "    in  200 404 403 403 403 403 403 403 403",
    "appointments:offer": "       in  200 404 403 403 403 403 403 403 403",
    "appointments:accept": "      in  405 405 403 403 403 403 403 403 403",
    "appointments:decline": "     in  405 405 403 403 403 403 403 403 403",
    "appointments:cancel": "      in  200 404 403 403 403 403 403 403 403",
    "appointments:calendar": "    in  200 404 403 403 403 403 403 403 403",
    "appointments:answer": ALL_200,  # whoever holds the signed link
    "appointments:queue": "       in  403 403 403 200 403 200 403 403 403",
    "appointments:triage": "      in  403 403 403 200 403 200 403 403 403",
    "appointments:propose": "     in  403 403 403 200 403 403 403 403 403",
    "appointments:offers": "      in  403 403 403 200 403 200 403 403 403",
    "appointments:withdraw_offer": "in 403 403 403 405 403 403 403 403 403",
    "appointments:day": "         in  403 403 403 200 200 200 403 403 403",
    "appointments:visit": "       in  403 403 403 200 200 200 403 403 403",
    "appointments:plan": "        in  403 403 403 403 200 403 403 403 403",
    "appointments:sent": "        in  403 403 403 403 403 403 403 403 200",
    "appointments:sent_referral": "in 403 403 403 403 403 403 403 403 200",
    "audit:trail": "              in  403 403 403 403 403 403 403 200 403",
    "accounts:invitation": ALL_200,  # whoever holds the signed link
    "account_login": "200" + ONLY_OUT,
    "account_logout": "           go  200 200 200 200 200 200 200 200 200",
    "account_inactive": ALL_200,
    "account_signup": "200" + ONLY_OUT,  # it says that nobody signs up by themselves
    "account_reauthenticate": SIGNED_IN,
    "account_change_password": SIGNED_IN,
    "account_reset_password": ALL_200,
    "account_reset_password_done": ALL_200,
    "account_reset_password_from_key": ALL_200,  # for any key: it says what is wrong
    "account_reset_password_from_key_done": ALL_200,
    "start": "in " + ONLY_OUT,
}

# An empty form is sent. What is not here is only read: 405 to those let in.
POST = {
    "service_requests": ALL_401,
    "service_request": ALL_405,
    "services:check": ALL_422,  # nothing answered: the first question again
    "services:new_article": "       in  403 403 403 403 403 403 422 403 403",
    "services:begin_draft": "       in  403 403 403 403 403 403 go  403 403",
    "services:move": "       in  403 403 403 403 403 403 422 403 403",
    "services:approve": "       in  403 403 403 403 403 422 422 403 403",
    "services:edit": "       in  403 403 403 403 403 403 422 403 403",
    "services:restore": "       in  403 403 403 403 403 403 go  403 403",
    "services:record_review": "       in  403 403 403 403 403 422 422 403 403",
    "services:send_back": "       in  403 403 403 403 403 422 422 403 403",
    "services:discard": "       in  403 403 403 403 403 422 422 403 403",
    "services:retire": "       in  403 403 403 403 403 422 422 403 403",
    "referrals:referral": "       in  403 403 422 403 403 403 403 403 403",
    "referrals:patients": "       in  403 403 422 422 403 422 403 403 403",
    "referrals:edit_patient": "   in  403 403 422 403 403 403 403 403 403",
    "referrals:send_link": "      in  403 403 go  403 403 403 403 403 403",
    "appointments:merge": "       in  403 403 422 403 403 422 403 403 403",
    "appointments:part": "        in  403 403 go  403 403 go  403 403 403",
    "referrals:add_patient": "    in  403 403 422 403 403 403 403 403 403",
    "referrals:correct": "        in  403 403 422 403 403 403 403 403 403",
    "referrals:authorize": "      in  403 403 422 403 403 403 403 403 403",
    "referrals:move": "           in  403 403 422 403 403 422 403 403 403",
    "referrals:plan": "           in  403 403 422 403 403 403 403 403 403",
    "referrals:give_account": "   in  403 403 403 403 403 422 403 403 403",
    "referrals:import_referrals": "in 403 403 422 403 403 422 403 403 403",
    "referrals:renew": "          in  403 403 go  403 403 403 403 403 403",
    "referrals:answer_renewal": ALL_422,  # no answer given: the question again
    "referrals:complete": "in  403 403 422 403 403 403 403 403 403",
    "referrals:screen": "in  403 403 422 403 403 403 403 403 403",
    "referrals:letters": "        in  403 403 422 403 403 403 403 403 403",
    "referrals:record": "         in  403 403 422 403 403 403 403 403 403",
    "appointments:ask_check": "   in  go  404 403 403 403 403 403 403 403",
    "appointments:ask_step": "    in  422 404 403 403 403 403 403 403 403",
    "appointments:standing": "    in  422 404 403 403 403 403 403 403 403",
    "appointments:withdraw": "    in  go  404 403 403 403 403 403 403 403",
    "appointments:accept": "      in  go  404 403 403 403 403 403 403 403",
    "appointments:decline": "     in  go  404 403 403 403 403 403 403 403",
    "appointments:cancel": "      in  go  404 403 403 403 403 403 403 403",
    "appointments:answer": ALL_200,  # no answer given: the offer again
    "appointments:triage": "      in  403 403 403 422 403 422 403 403 403",
    "appointments:propose": "     in  403 403 403 422 403 403 403 403 403",
    "appointments:withdraw_offer": "in 403 403 403 go 403 403 403 403 403",
    "appointments:visit": "       in  403 403 403 422 422 403 403 403 403",
    "appointments:plan": "        in  403 403 403 403 422 403 403 403 403",
    "appointments:sent_referral": "in 403 403 403 403 403 403 403 403 422",
    "accounts:invitation": ALL_422,
    "account_login": "422" + ONLY_OUT,
    "account_logout": "go" + ONLY_OUT,
    "account_signup": "200" + ONLY_OUT,
    "account_reauthenticate": "   in  422 422 422 422 422 422 422 422 422",
    "account_change_password": "  in  422 422 422 422 422 422 422 422 422",
    "account_reset_password": ALL_422,
    "account_reset_password_from_key": ALL_422,  # the key is none: it says so
}

# The admin, by model: who sees the rows, and who may add and change them.
ADMIN: dict[str, tuple[set[str], set[str]]] = {
    "services_article": ({"editor"}, {"editor"}),
    "services_version": ({"editor", "lead"}, set()),
    "services_condition": ({"editor"}, {"editor"}),
    "services_technique": ({"editor"}, {"editor"}),
    "services_location": ({"editor"}, {"editor"}),
    "services_publication": ({"editor"}, {"editor"}),
    "services_synonym": ({"editor"}, {"editor"}),
    "services_insurer": ({"editor"}, {"editor"}),
    "services_precaution": ({"lead"}, {"lead"}),
    "referrals_provider": ({"lead"}, {"lead"}),
    "appointments_therapist": ({"lead"}, {"lead"}),
    "appointments_room": ({"lead"}, {"lead"}),
    "appointments_triagecategory": ({"lead"}, {"lead"}),
    "appointments_policy": ({"lead"}, {"lead"}),
    "referrals_patient": ({"lead"}, set()),
    "referrals_referral": ({"lead"}, set()),
    "appointments_waitlistentry": ({"lead"}, set()),
    "appointments_appointment": ({"lead"}, set()),
    "referrals_screeninganswer": (set(), set()),
    "referrals_diagnosiscode": (set(), set()),
    "appointments_needreport": (set(), set()),
    "outbox_message": (set(), set()),
    "audit_auditevent": (set(), set()),
}
NEVER_ADDED = {"services_article"}  # by the admin: Editing begins it with its text
OPEN_ADMIN = {"lead", "editor"}
# Pages of the admin itself: what those get who may open it; visitors go to sign in.
ADMIN_PAGES = {
    "admin:index": "200",
    "admin:login": "go",
    "admin:logout": "405",  # a link would sign out; only the button does
    "admin:password_change": "go",
    "admin:password_change_done": "200",
    "admin:autocomplete": "403",  # no field asks for it
    "admin:jsi18n": "200",
    "admin:view_on_site": "404",
    "admin:app_list": "200",
    "admin:anything else": "404",
}
