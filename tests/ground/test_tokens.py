"""Signed links: good for the one row and the one purpose they were made for."""

from __future__ import annotations

import pytest
from django.core import signing
from django.test import override_settings
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from massage_portal.tokens import NO_ROW, sign, unsign

PURPOSES = ["invitation", "offer", "offers", ""]  # those in use, and near ones
KEYS = st.integers(1, 2**63 - 1)
PATH_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:"
unhurried = settings(deadline=None)  # a slow machine is no fault


@unhurried
@given(pk=KEYS, purpose=st.sampled_from(PURPOSES))
def test_a_link_leads_to_its_row_and_fits_a_path(pk, purpose):
    token = sign(purpose, pk)
    assert unsign(purpose, token) == pk
    assert set(token) <= set(PATH_CHARACTERS)


@unhurried
@given(pk=KEYS, made_for=st.sampled_from(PURPOSES), used_for=st.sampled_from(PURPOSES))
def test_one_purpose_never_serves_for_another(pk, made_for, used_for):
    assume(made_for != used_for)
    assert unsign(used_for, sign(made_for, pk)) == NO_ROW


@unhurried
@given(pk=KEYS, place=st.integers(0), put=st.sampled_from(PATH_CHARACTERS))
def test_a_link_with_one_character_changed_is_refused(pk, place, put):
    token = sign("invitation", pk)
    place %= len(token)
    assume(token[place] != put)
    changed = token[:place] + put + token[place + 1 :]

    assert unsign("invitation", changed) == NO_ROW


@unhurried
@given(pk=KEYS, place=st.integers(0))
def test_a_link_with_a_character_lost_or_doubled_is_refused(pk, place):
    token = sign("invitation", pk)
    place %= len(token)

    assert unsign("invitation", token[:place] + token[place + 1 :]) == NO_ROW
    assert unsign("invitation", token[:place] + token[place] + token[place:]) == NO_ROW


@unhurried
@given(one=KEYS, two=KEYS)
def test_the_seal_of_one_row_does_not_fit_another(one, two):
    assume(one != two)
    first, second = sign("invitation", one), sign("invitation", two)
    mixed = first.rpartition(":")[0] + ":" + second.rpartition(":")[2]
    assert unsign("invitation", mixed) == NO_ROW


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param("", id="nothing"),
        pytest.param(":", id="only the mark between"),
        pytest.param("::::", id="many marks"),
        pytest.param("\0", id="NUL"),
        pytest.param("NDI:\0", id="NUL in the seal"),
        pytest.param("\u00fc:\u00fc", id="not ASCII"),
        pytest.param("NDI:\U0001f9b4", id="a bone for a seal"),
        pytest.param("\ud800:\ud800", id="half a character"),
        pytest.param("x" * 10_000, id="10,000 letters"),
        pytest.param("NDI:" + "x" * 10_000, id="a seal of 10,000 letters"),
        pytest.param(":" * 10_000, id="10,000 marks"),
        pytest.param("7", id="the bare key"),
        pytest.param("../../etc/passwd", id="a path"),
    ],
)
def test_junk_leads_to_no_row(junk):
    assert unsign("invitation", junk) == NO_ROW


@unhurried
@given(junk=st.text())
def test_no_text_at_all_is_taken_for_a_link(junk):
    assert unsign("invitation", junk) == NO_ROW


@pytest.mark.parametrize("payload", ["7", None, [7], {"pk": 7}, 7.5])
def test_what_is_signed_but_is_no_key_leads_to_no_row(payload):
    token = signing.Signer(salt="portal.invitation").sign_object(payload)
    assert unsign("invitation", token) == NO_ROW


def test_a_link_made_with_another_secret_is_refused():
    token = sign("invitation", 7)
    with override_settings(SECRET_KEY="another-secret-" * 5):
        assert unsign("invitation", token) == NO_ROW
    assert unsign("invitation", token) == 7
