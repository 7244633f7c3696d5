import io, time, resource, tempfile, pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from massage_portal.accounts.roles import Role
from referrals.models import Referral
from tests.factories import make_user, NOW
from tests.referrals.sheets import *

def rss(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def test_measure(client, db, monkeypatch, tmp_path):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    make_records(); staff = make_user(Role.STAFF); client.force_login(staff)
    lines = [line(reference=f"L-{n}", record_number=f"T-{n}", reason="x"*650) for n in range(5000)]
    data = sheet(*lines); print("\nbytes", len(data))
    for pressed in ({}, {"take": "x"}, {"take": "x"}):
        t=time.time(); a = client.post("/referrals/import/", {"file": SimpleUploadedFile("r.csv", data), **pressed})
        print(pressed, a.status_code, round(time.time()-t,1), "s")
    bad = sheet(*[line(npi="x", sessions="0", priority="x", birth_date="x") for n in range(5000)])
    t=time.time(); a = client.post("/referrals/import/", {"file": SimpleUploadedFile("r.csv", bad)})
    print("bad", a.status_code, round(time.time()-t,1)); 
    t=time.time(); a = client.post("/referrals/import/", {"file": SimpleUploadedFile("r.csv", sheet()+b"\n"*4_900_000)})
    print("blank lines", a.status_code, round(time.time()-t,1)); 
    path = tmp_path/"big.csv"
    with path.open("wb") as f:
        f.write(sheet(line()));
        for n in range(48_000): f.write(line(reference=f"B-{n}", record_number=f"B-{n}", reason="x"*750).encode()+b"\r\n")
    print("big", path.stat().st_size)
    before=rss(); t=time.time()
    call_command("import_referrals", path, by=staff.email, dry_run=True, stdout=io.StringIO(), stderr=io.StringIO())
    print("command", round(time.time()-t,1), "s; MB more:", rss()-before, "of", before)
