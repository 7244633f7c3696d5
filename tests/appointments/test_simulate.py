"""manage.py simulate: what it prints, draws and refuses."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from appointments.simulation.given import EXAMPLE, rates_from
from appointments.simulation.model import BadRates, Rates
from appointments.simulation.result import simulate
from manage import stands_alone

SVG = "{http://www.w3.org/2000/svg}"
SMALL = {"seeds": 2, "days": 20}


def run(**options):
    """Run the command; return what it printed, and what it said meanwhile."""
    out, err = io.StringIO(), io.StringIO()
    call_command("simulate", stdout=out, stderr=err, **{**SMALL, **options})
    return out.getvalue(), err.getvalue()


def test_it_prints_a_row_for_each_order_and_shows_how_far_it_is():
    out, err = run(load=[1.3])

    lines = out.splitlines()
    assert lines[0].startswith("Demand 1.3 times capacity")
    assert [line.split("  ")[0] for line in lines[2:-1]] == [
        "first come, first served",
        "earliest due date",
        "waited / target",
        "category, then first come",
        "harm, p = 3",
        "the future known",
    ]
    assert len({len(line) for line in lines[1:-1]}) == 1
    of_the_best = simulate(Rates(), load=1.3, **SMALL).of_the_best
    assert lines[-1] == f"In time, of the most that is possible: {of_the_best:.1%}"
    assert err.splitlines()[-1] == f"[{'#' * 30}] 100%, 2 clinics"


def test_the_same_options_print_the_same_numbers():
    assert run(load=[1.2]) == run(load=[1.2])


def test_json_holds_what_the_table_says():
    out, _err = run(load=[1.2, 0.9], json=True)

    data = json.loads(out)

    assert [table["load"] for table in data["tables"]] == [0.9, 1.2]
    assert (data["seeds"], data["days"], data["exponent"]) == (2, 20, 3)
    for table in data["tables"]:
        same = simulate(Rates(), load=table["load"], **SMALL)
        assert table == json.loads(json.dumps(same.as_data()))


def test_it_needs_no_database(tmp_path):
    environment = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "manage.py", "simulate", "--seeds", "1", "--days", "5"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "harm, p = 3" in done.stdout


@pytest.mark.parametrize("options", [[], ["--load", "1.1"], ["--rates", "own.json"]])
def test_it_starts_no_servers(options):
    assert stands_alone(["simulate", *options])


@pytest.mark.parametrize("option", ["--own", "--ow"])
def test_for_the_clinics_own_rates_it_does(option):
    assert not stands_alone(["simulate", "--json", option])


# --- Rates from a file ----------------------------------------------------------------


def test_a_file_of_rates_is_used(tmp_path):
    file = tmp_path / "rates.json"
    file.write_text(EXAMPLE)

    out, _err = run(rates=file)

    assert "is a bound" in out  # lengths differ, so there is no exact optimum
    assert "the future known" in out
    assert "urgent in time, %" in out
    assert "routine" not in out
    assert rates_from(EXAMPLE).lengths == ((60, 0.7), (90, 0.3))
    assert rates_from("{}") == Rates()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "rates look like this"),
        ('{"unknown": 1}', "rates look like this"),
        ('{"minutes": 7}', "rates look like this"),
        ('{"lengths": [60]}', "rates look like this"),
        ('{"minutes": ["60", 1, 1, 1, 1, 1, 1]}', "not a number: '60'"),
        ('{"minutes": [1.5, 1, 1, 1, 1, 1, 1]}', "not a whole number: 1.5"),
        ('{"no_shows": true}', "not a number: True"),
        ('{"no_shows": NaN}', "too large: nan"),
        ('{"weekend": 1e999}', "too large: inf"),
        ('{"categories": [{"share": 1}]}', "has a name"),
        ('{"categories": [1]}', "has a name"),
        ('{"categories": [{"name": "a"}]}', "rates look like this"),
        ('{"categories": [{"name": "a", "target_days": 3, "share": 2}]}', "add up to"),
    ],
)
def test_a_bad_file_of_rates_is_refused_in_words(text, said):
    with pytest.raises(BadRates, match=said):
        rates_from(text)


def test_a_file_of_rates_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"none\.json: No such file"):
        run(rates=tmp_path / "none.json")
    odd = tmp_path / "odd.json"
    odd.write_bytes(b"\xff\xfe{")
    with pytest.raises(CommandError, match=r"odd\.json: no text in UTF-8"):
        run(rates=odd)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seeds": 0}, "seeds must be 1 to 100: 0"),
        ({"seeds": 101}, "seeds must be"),
        ({"days": 0}, "days must be 1 to 730: 0"),
        ({"days": 731}, "days must be"),
        ({"load": [0]}, "load must be 0.1 to 3: 0"),
        ({"load": [-1]}, "load must be"),
        ({"load": [float("nan")]}, "load must be"),
        ({"load": [n / 10 for n in range(1, 22)]}, "at most 20 loads"),
        ({"exponent": 0.5}, "exponent must be 1 to 10: 0.5"),
        ({"exponent": float("nan")}, "exponent must be"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_words(wrong, said):
    with pytest.raises(CommandError, match=said):
        run(**wrong)


# --- Pictures -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder of pictures of two loads."""
    folder = tmp_path_factory.mktemp("plots") / "new"
    run(load=[0.9, 1.3], plots=folder)
    return folder


def test_pictures_are_drawn_against_load_from_0_8_to_1_5(tmp_path):
    run(seeds=1, days=2, plots=tmp_path)

    root = ElementTree.parse(tmp_path / "share.svg").getroot()  # noqa: S314 - our own
    assert "0.8 to 1.5" in root.find(f"{SVG}desc").text
    assert len(root.find(f"{SVG}polyline").get("points").split()) == 8


@pytest.mark.parametrize("key", ["share", "worst", "harm"])
def test_a_picture_says_what_it_is_and_carries_no_style_or_script(drawn, key):
    root = ElementTree.parse(drawn / f"{key}.svg").getroot()  # noqa: S314 - our own

    assert root.tag == f"{SVG}svg"
    named = root.get("aria-labelledby").split()
    assert [root.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")] == named
    assert root.find(f"{SVG}title").text
    assert "0.9 to 1.3" in root.find(f"{SVG}desc").text
    odd = [one for one in root.iter() if one.tag in (f"{SVG}style", f"{SVG}script")]
    assert odd == []
    assert [one.tag for one in root.iter() if "style" in one.attrib] == []
    lines = root.findall(f"{SVG}polyline")
    assert len(lines) == (5 if key == "worst" else 6)
    looks = {(one.get("stroke"), one.get("stroke-dasharray")) for one in lines}
    assert len(looks) == len(lines)


def test_each_table_beneath_a_picture_equals_the_numbers(drawn):
    page = ElementTree.parse(drawn / "index.html").getroot()  # noqa: S314 - our own
    tables = [simulate(Rates(), load=load, **SMALL) for load in (0.9, 1.3)]
    figures = {
        "share": (lambda line: line.share, 100, 1),
        "worst": (lambda line: line.worst[0] if line.worst else None, 1, 2),
        "harm": (lambda line: line.harm, 1, 1),
    }

    for section in page.iter("section"):
        figure, times, digits = figures[section.get("aria-labelledby")]
        expected = {
            line.order: [
                f"{times * of.mean:,.{digits}f} ± {times * of.deviation:,.{digits}f}"
                for of in (figure(table.line(line.order)) for table in tables)
            ]
            for line in tables[0].lines
            if figure(line)
        }
        rows = section.findall("table/tbody/tr")
        assert expected == {
            row.find("th").text: [cell.text for cell in row.findall("td")]
            for row in rows
        }
        assert section.find(f"{SVG}svg") is not None
        assert section.find("table/caption").text
        assert [one.text for one in section.findall("table/thead/tr/th")] == [
            "Order",
            "0.9",
            "1.3",
        ]


def test_a_mark_stands_where_its_number_is(drawn):
    root = ElementTree.parse(drawn / "share.svg").getroot()  # noqa: S314 - our own
    first = root.find(f"{SVG}polyline").get("points").split()
    share = simulate(Rates(), load=1.3, **SMALL).lines[0].share.mean

    across, up = map(float, first[1].split(","))

    assert across == 520
    assert up == pytest.approx(360 - 340 * share, abs=0.06)


def test_a_name_in_the_rates_cannot_become_markup(tmp_path):
    file = tmp_path / "rates.json"
    name = "<script>alert(1)</script>"
    category = {"name": name, "target_days": 3, "share": 1}
    file.write_text(json.dumps({"categories": [category]}))

    run(rates=file, plots=tmp_path, load=[1])

    root = ElementTree.parse(tmp_path / "worst.svg").getroot()  # noqa: S314 - our own
    assert name in root.find(f"{SVG}title").text


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(CommandError, match="file"):
        run(load=[1], plots=tmp_path / "file")


def test_a_folder_that_cannot_be_made_is_named_before_anything_is_reckoned(
    tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    reckoned = []
    name = "appointments.management.commands.simulate.simulate"
    monkeypatch.setattr(name, lambda *_, **__: reckoned.append(1))

    with pytest.raises(CommandError, match="file"):
        run(load=[1], plots=tmp_path / "file")

    assert reckoned == []
