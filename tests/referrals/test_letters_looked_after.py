"""What keeps letters right over the years: the sweep, and retention."""

from __future__ import annotations

import os
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from referrals.models import Letter
from tests.factories import DAY, NOW, TODAY, make_letter, make_referral
from tests.trail import trail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]
YEAR = timedelta(days=366)


def run(command, *options):
    """Return what a command says, and whether it failed."""
    out = StringIO()
    try:
        call_command(command, *options, stdout=out)
    except CommandError as fault:
        return out.getvalue(), str(fault)
    return out.getvalue(), ""


def path_of(folder, letter):
    return folder / letter.file.name


def orphan(folder, age, name="ab/abcd"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"%PDF-")
    moment = (NOW - age).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_a_portal_without_letters_is_in_order(folder):
    folder.rmdir()

    assert run("sweep_letters") == ("every letter is as it came\n", "")


def test_the_sweep_finds_lost_and_altered_letters_and_keeps_their_rows(folder):
    good, lost, altered = (make_letter() for _ in range(3))
    path_of(folder, lost).unlink()
    path_of(folder, altered).write_bytes(b"%PDF-1.4 changed %%EOF")

    said, fault = run("sweep_letters", "--delete")

    assert said.splitlines() == [
        f"letter {lost.pk}: its file is missing",
        f"letter {altered.pk}: its file is not what came",
    ]
    assert fault == "2 not as they came: restore from the backup"
    assert Letter.objects.count() == 3
    assert path_of(folder, good).exists()
    assert path_of(folder, altered).exists()


def test_the_sweep_deletes_files_of_no_letter_only_when_told_and_older_than_a_day(
    folder,
):
    letter = make_letter()
    old = (NOW - 30 * DAY).timestamp()
    os.utime(path_of(folder, letter), (old, old))
    left = orphan(folder, 2 * DAY)
    young = orphan(folder, DAY - timedelta(minutes=1), "ab/young")

    assert "file ab/abcd: belongs to no letter" in run("sweep_letters")[0]
    assert left.exists()
    said, fault = run("sweep_letters", "--delete")

    assert (said.splitlines()[0], fault) == ("file ab/abcd: deleted", "")
    assert not left.exists()
    assert young.exists()
    assert path_of(folder, letter).exists()


def old_letter(*, years=11, **fields):
    """A letter of a referral that was over so many years ago."""
    then = NOW - years * YEAR
    values = {
        "valid_from": then.date() - 30 * DAY,
        "valid_until": then.date() - DAY,
        "recorded_at": then - DAY,
    }
    return make_letter(
        referral=make_referral(**values | fields), now=fields.pop("now", then - DAY)
    )


def test_letters_whose_time_is_over_are_listed_first_and_removed_when_told(
    folder, django_capture_on_commit_callbacks
):
    due, kept = old_letter(), make_letter()
    line = f"letter {due.pk} of referral {due.referral_id}: "

    assert run("retire_letters") == (f"{line}due\n1 due\n", "")
    assert Letter.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        assert run("retire_letters", "--delete") == (f"{line}removed\n1 removed\n", "")

    assert list(Letter.objects.all()) == [kept]
    assert not path_of(folder, due).exists()
    assert path_of(folder, kept).exists()
    assert trail(due)[-1] == (None, "letter.retired", due.patient_id, "")


def test_the_file_of_a_retired_letter_stays_until_that_is_certain(folder):
    due = old_letter()

    run("retire_letters", "--delete")  # inside the test's transaction: not certain

    assert path_of(folder, due).exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"valid_until": TODAY - 9 * YEAR},
        {"changed_at": NOW - 9 * YEAR},
        {"recorded_at": NOW - 9 * YEAR},
    ],
)
def test_a_letter_stays_while_anything_of_its_referral_is_younger(fields):
    old_letter(**fields)

    assert run("retire_letters")[0] == "0 due\n"
    assert run("retire_letters", "--years", "8")[0].endswith("1 due\n")


def test_a_letter_added_later_stays_although_its_referral_is_over():
    due = old_letter()
    make_letter(referral=due.referral, now=NOW)

    assert run("retire_letters")[0].endswith("1 due\n")


def test_nobody_retires_letters_of_no_age_at_all():
    old_letter()

    assert run("retire_letters", "--years", "0") == ("", "years must be 1 or more: 0")
