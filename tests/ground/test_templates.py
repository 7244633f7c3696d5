"""What every template, and the style sheet, must keep to."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

TEMPLATES = settings.BASE_DIR / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))
STYLES = settings.BASE_DIR / "static" / "css" / "portal.css"
CSS = STYLES.read_text()
STAFF = STYLES.with_name("staff.css").read_text()  # loaded by pages that need it
SHEETS = {"portal": (CSS, 30_000), "staff": (STAFF, 8_000)}

MAIL = TEMPLATES / "mail" / "_style.html"  # a mail brings its style along, and no other

DATA = r'\stype="application/ld\+json">'  # a block of data, which no browser runs
INLINE = {
    "a style attribute": r"\sstyle\s*=",
    "a style element": r"<style\b",
    "a script without a source": rf"<script\b(?![^>]*\bsrc=|{DATA})",
    "an inline handler": r"<[a-z][^>]*\son[a-z]+\s*=",
    "a javascript: address": r"javascript:",
    "another origin": r"(?:src|href)\s*=\s*[\"'](?:https?:)?//",
}


def name(path):
    return path.relative_to(TEMPLATES).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_keeps_to_the_content_security_policy(path):
    # A tag's own words are not sent: {% if one == chosen %} is no inline handler.
    text = re.sub(r"{%.*?%}", "", path.read_text())
    for what, pattern in INLINE.items():
        brought = path == MAIL and what == "a style element"
        assert bool(re.search(pattern, text, re.IGNORECASE)) is brought, what


@pytest.mark.parametrize(
    ("tag", "passes"),
    [
        ('<script src="a.js">', True),
        ('<script type="application/ld+json">', True),
        ("<script>", False),
        ('<script type="module">', False),
        ('<script type="application/ld+json" onload="a()">', False),
        ('<script type="text/javascript" id="application/ld+json">', False),
    ],
)
def test_of_scripts_in_a_page_only_a_block_of_data_passes(tag, passes):
    found = [what for what, pattern in INLINE.items() if re.search(pattern, tag)]
    assert (found == []) is passes


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.*")), ids=name)
def test_a_template_compiles(path):
    if path.suffix in {".html", ".txt"}:
        assert get_template(name(path))


BANNER = re.compile(r'{% include "components/banner.html"([^%]*)%}')


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_banner_says_what_it_was_given_and_no_other_title(path):
    """What a page calls `title` or `text` for something else would stand in it."""
    assert [
        one for one in BANNER.findall(path.read_text()) if " only " not in one
    ] == []


def classes_in(text):
    """Return the class names of a template, but not those that a variable completes."""
    plain = re.sub(r"{%.*?%}", "", re.sub(r"{{.*?}}", "?", text))
    words = " ".join(re.findall(r'\bclass="([^"]*)"', plain)).split()
    return {word for word in words if "?" not in word}


def styled_by(css):
    return set(re.findall(r"\.([a-z][\w-]*)", css))


def test_every_class_in_a_template_is_in_the_style_sheet():
    pages, mails = styled_by(CSS) | styled_by(STAFF), styled_by(MAIL.read_text())
    plain_hooks = {"form", "choices", "messages", "brand__name", "footer__lead"}
    unknown = {
        f"{name(path)}: {found}"
        for path in PAGES
        for styled in [mails if "mail" in path.parts else pages]
        for found in classes_in(path.read_text()) - styled - plain_hooks
        if "admin" not in path.parts
    }
    assert not unknown


def test_a_page_that_uses_a_class_of_staffs_sheet_loads_that_sheet():
    """A folder of pages loads it, or none of its templates needs it."""
    only_staffs = styled_by(STAFF) - styled_by(CSS)
    texts = {path: path.read_text() for path in PAGES}
    needing = {path.parent for path in PAGES if classes_in(texts[path]) & only_staffs}
    loading = {path.parent for path in PAGES if "css/staff.css" in texts[path]}

    assert needing == loading
    assert needing


@pytest.mark.parametrize("page", ["400.html", "413.html", "500.html", "503.html"])
def test_the_pages_of_failure_need_neither_request_nor_database(page):
    html = render_to_string(page)
    assert settings.CLINIC_PHONE in html
    assert html.count("<h1>") == 1


def test_a_visitor_gets_a_page_that_opens_no_session():
    request = RequestFactory().get("/nowhere/")
    html = render_to_string("404.html", request=request)
    assert "csrfmiddlewaretoken" not in html
    assert not request.META.get("CSRF_COOKIE_NEEDS_UPDATE")


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_style_sheet_is_small_and_names_no_other_address(sheet):
    css, most_bytes = SHEETS[sheet]
    assert len(css.encode()) < most_bytes
    assert "url(" not in css
    assert "@import" not in css


def test_staffs_style_sheet_names_no_color_of_its_own():
    """So its contrast is that of the tokens, light and dark, which are measured."""
    assert set(re.findall(r"var\(--([\w-]+)", STAFF)) <= set(
        re.findall(r"--([\w-]+):", CSS)
    ) | {"tone", "tone-soft"}
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgb|hsl|oklch", STAFF)


BRACKETS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
FOUR_SIDES = {"margin", "padding", "inset", "border-width", "border-color"}
SIDES = {"left", "right"}


def physical_in(css):
    """Return the declarations that fit only those who read from the left."""
    plain = re.sub(r"@media[^{]*|/\*.*?\*/", "", css, flags=re.DOTALL)
    plain = BRACKETS.sub(lambda found: found[0].replace(" ", "|"), plain)
    found = []
    for name, value in re.findall(r"([\w-]+)\s*:\s*([^;{}]+)(?=[;}])", plain):
        sides = value.split()
        uneven = name in FOUR_SIDES and len(sides) == 4 and sides[1] != sides[3]
        across = re.fullmatch("(min-|max-)?width", name)
        if uneven or across or SIDES & {*name.split("-"), *re.findall(r"\w+", value)}:
            found.append(f"{name}: {value}")
    return found


@pytest.mark.parametrize(("css", "rules"), [(CSS, 500), (STAFF, 50)])
def test_a_style_sheet_is_written_for_both_directions_of_reading(css, rules):
    assert len(re.findall("[;}]", css)) > rules
    assert physical_in(css) == []


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        ("a { margin-left: 0; }", False),
        ("a { border-top-left-radius: 0 }", False),
        ("a { scroll-padding-right: 1px }", False),
        ("a{left:0}", False),
        ("a { text-align: right; }", False),
        ("a { float:left }", False),
        ("a { background: linear-gradient(to right, red, blue); }", False),
        ("a { margin: .7rem 0 0 var(--s-1); }", False),
        ("a { padding: 0 calc(1px + var(--s0)) 0 0; }", False),
        ("a { width: 3rem; }", False),
        ("a { margin: 0 auto 1rem; inset: auto 0 0; padding: 1px 0 2px 0; }", True),
        ("a { text-align: start; float: inline-start; inset-inline-end: 0; }", True),
        ("@media (min-width: 1rem) { a { max-inline-size: 3rem; } }", True),
    ],
)
def test_what_knows_only_one_direction_of_reading_is_found(rule, passes):
    assert (physical_in(rule) == []) is passes


# --- Contrast -------------------------------------------------------------------------

GROUNDS = ["paper", "surface", "sunken"]
PAIRS = [
    *[(text, ground, 7.0) for text in ("ink", "muted") for ground in GROUNDS],
    *[(text, ground, 7.0) for text in ("accent", "bad") for ground in GROUNDS],
    *[(tone, f"{tone}-soft", 7.0) for tone in ("good", "due", "bad", "info", "accent")],
    *[("ink", f"{tone}-soft", 7.0) for tone in ("good", "due", "bad", "info")],
    ("muted", "accent-soft", 6.5),
    ("on-accent", "accent", 7.0),
    ("on-accent", "accent-deep", 7.0),
    ("accent-deep", "accent-soft", 7.0),
    ("paper", "bad", 7.0),
    *[("edge", ground, 3.0) for ground in GROUNDS],  # borders of inputs: WCAG 1.4.11
    *[("accent", ground, 3.0) for ground in GROUNDS],
]


def colors(block):
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\b", block))


LIGHT, DARK = (
    colors(block) for block in re.findall(r":root \{(.*?)\n\s*\}", CSS, re.DOTALL)[:2]
)
THEMES = {"light": LIGHT, "dark": DARK}


def luminance(color):
    """Relative luminance, 0 to 1, of "#rrggbb". Source: WCAG 2.2."""

    def linear(channel):
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(color[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_colors_can_be_read(theme, text, ground, least):
    shades = THEMES[theme]
    assert contrast(shades[text], shades[ground]) >= least


# --- The colors of a mail -------------------------------------------------------------

# What has a color of its own, or a ground: words, and what they stand on.
IN_A_MAIL = [
    *[("body", "body"), ("td", ".sheet"), ("td", ".letter"), ("td", ".visit")],
    *[(".head", ".letter"), (".foot p", ".letter")],
    *[(words, ground) for words in ("a", ".hint") for ground in (".letter", ".visit")],
    (".button", ".button"),
]
LEAST = 4.5


def colors_of_mail(css):
    """Return the color and ground that each selector gets, in light and in dark."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    plain, _, dark = css.partition("@media (prefers-color-scheme: dark) {")
    light, own = {}, {}
    for found, block in ((light, plain), (own, dark)):
        for selectors, rules in re.findall(r"([^{};]+)\{([^{}]*)\}", block):
            for what, color in re.findall(
                r"(?:^|[\s;])(color|background):\s*([^;]+)", rules
            ):
                for one in selectors.split(","):
                    found[one.strip(), what] = color.strip()
    return light, own


LIGHT_MAIL, OWN_OF_DARK = colors_of_mail(
    re.search(r"<style>(.*)</style>", MAIL.read_text(), re.DOTALL)[1]
)
MAILS = {"light": LIGHT_MAIL, "dark": LIGHT_MAIL | OWN_OF_DARK}


@pytest.mark.parametrize("theme", MAILS)
@pytest.mark.parametrize(("words", "ground"), IN_A_MAIL)
def test_a_mail_can_be_read_by_day_and_in_the_dark(words, ground, theme):
    shades = MAILS[theme]
    assert contrast(shades[words, "color"], shades[ground, "background"]) >= LEAST


def test_every_color_of_a_mail_is_measured_and_has_its_dark_one():
    measured = {(words, "color") for words, _ground in IN_A_MAIL}
    measured |= {(ground, "background") for _words, ground in IN_A_MAIL}
    assert set(LIGHT_MAIL) == set(OWN_OF_DARK) == measured


# --- The rest -------------------------------------------------------------------------


def test_the_dark_theme_names_every_color():
    assert set(LIGHT) == set(DARK)


def test_the_type_scale_is_one_ratio():
    sizes = [float(size) for size in re.findall(r"--t-?\d: ([\d.]+)rem", CSS)]
    ratios = [b / a for a, b in pairwise(sizes[1:])]
    assert ratios == pytest.approx([1.2] * len(ratios), abs=0.01)


def test_static_files_named_by_templates_exist():
    for path in PAGES:
        for asset in re.findall(r'{% static "([^"]+)" %}', path.read_text()):
            assert (Path(settings.BASE_DIR) / "static" / asset).is_file(), asset
