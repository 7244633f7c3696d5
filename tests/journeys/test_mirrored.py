"""A language read from right to left turns every page around, and breaks none."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.journeys.scene import set_scene
from tests.journeys.walk import sign_in
from tests.pseudo import CODE, spoken

pytestmark = pytest.mark.browser

WIDTHS = {320: 640, 1280: 900}
OPEN = [
    *["/", "/about/session/", "/getting-an-appointment/", "/safety/", "/conditions/"],
    *["/conditions/fibromyalgia/", "/techniques/", "/locations/", "/research/"],
    *["/search/?q=fibromyalgia", "/insurance/", "/is-massage-right-for-me/"],
    *["/accounts/login/", "/nowhere/"],
]
EDGES = [  # what begins where a line begins
    *[".skip-link", ".brand", ".menu li:first-child a", ".breadcrumbs li:first-child"],
    *[".back a", "main", ".aside", ".banner", ".footer__lead"],
]
READ = """edges => {
  // Cards out of sight are laid out only as they come near: not here.
  for (const one of document.querySelectorAll('tr'))
    one.style.contentVisibility = 'visible';
  const root = document.documentElement, width = root.clientWidth;
  const rtl = getComputedStyle(root).direction === 'rtl', wrong = [], starts = {};
  const shown = one => {
    if (!one.checkVisibility({opacityProperty: true, visibilityProperty: true}))
      return false;
    for (let e = one; e && e !== root; e = e.parentElement)
      if (getComputedStyle(e).clipPath.startsWith('inset')) return false;
    return true;
  };
  for (const edge of edges) {
    const one = [...document.querySelectorAll(edge)].find(shown);
    if (!one) continue;
    const box = one.getBoundingClientRect();
    starts[edge] = Math.round(rtl ? width - box.right : box.left);
  }
  if (root.scrollWidth > width) wrong.push(`is ${root.scrollWidth} px wide`);

  const boxes = [], texts = document.createTreeWalker(document.body, 4);
  const add = (what, rects) => {
    for (const one of rects)
      if (one.width > 1 && one.bottom > 0) boxes.push({what, one});
  };
  while (texts.nextNode()) {
    const text = texts.currentNode, range = document.createRange();
    if (!text.data.trim() || !shown(text.parentElement)) continue;
    range.selectNodeContents(text);
    add(text, range.getClientRects());
  }
  for (const e of document.querySelectorAll('input,select,textarea,meter,svg.icon'))
    if (shown(e)) add(e, [e.getBoundingClientRect()]);
  const name = what => what.data?.trim().slice(0, 40) ?? what.outerHTML.slice(0, 60);
  boxes.forEach((a, number) => {
    if (a.one.left < -1 || a.one.right > width + 1)
      wrong.push(`out of sight: ${name(a.what)}`);
    for (const b of boxes.slice(number + 1)) {
      if (a.what === b.what) continue;
      const across = Math.min(a.one.right, b.one.right)
        - Math.max(a.one.left, b.one.left);
      const down = Math.min(a.one.bottom, b.one.bottom)
        - Math.max(a.one.top, b.one.top);
      if (across > 2 && down > Math.min(a.one.height, b.one.height) / 3)
        wrong.push(`one over the other: ${name(a.what)} / ${name(b.what)}`);
    }
  });

  let aligned = 0;
  for (const e of document.querySelectorAll('h1,h2,h3,p,li,caption,legend')) {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (!rtl || style.direction !== 'rtl' || style.textAlign === 'center') continue;
    if (!['block', 'list-item', 'table-caption'].includes(style.display)) continue;
    if (!shown(e) || !e.textContent.trim()) continue;
    const range = document.createRange();
    range.selectNodeContents(e);
    const right = Math.max(...[...range.getClientRects()].map(one => one.right));
    const edge = box.right - parseFloat(style.paddingRight)
      - parseFloat(style.borderRightWidth);
    aligned += 1;
    if (right < edge - 2) wrong.push(`not at the right: ${name(e)}`);
  }
  return {direction: getComputedStyle(root).direction, starts, wrong, aligned};
}"""
PHONE = """() => {
  const link = [...document.querySelectorAll('.footer [href^="tel:"]')][0];
  const text = link.firstChild, range = document.createRange();
  return [0, text.length - 1].map(at => {
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
  });
}"""


@pytest.fixture(autouse=True)
def language(tmp_path, clinic):
    with spoken(tmp_path):
        yield


def faults_of(page: Page, address: str) -> list[str]:
    """Return what is wrong in a page, beside the same page in English."""
    found = []
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(address)
        plain = page.evaluate(READ, EDGES)
        page.goto(f"/{CODE}{address}")
        read = page.evaluate(READ, EDGES)
        wrong = [*read["wrong"]]
        assert len(read["starts"]) >= 4
        assert read["aligned"] >= 4
        if (plain["direction"], read["direction"]) != ("ltr", "rtl"):
            wrong.append(f"is read {read['direction']}")
        for edge, gap in plain["starts"].items():
            if abs(read["starts"].get(edge, width) - gap) > 1:
                wrong.append(f"{edge} begins at {read['starts'].get(edge)}, not {gap}")
        found += [f"{address} at {width} px: {fault}" for fault in wrong]
    return found


def test_every_kind_of_open_page_can_be_read_from_the_right(window):
    page = window(scripts=True)

    assert [fault for one in OPEN for fault in faults_of(page, one)] == []


def test_the_pages_of_patients_and_schedulers_can_be_read_from_the_right(
    clinic, window
):
    scene = set_scene(clinic)
    pages = {
        scene.patient.user: [
            "/my/",
            f"/my/requests/{scene.question.pk}/",
            f"/my/referrals/{scene.asked_about.pk}/ask/when/",
        ],
        clinic.scheduler: ["/queue/", f"/queue/{scene.to_triage.pk}/triage/"],
    }
    found = []
    for user, addresses in pages.items():
        page = window(scripts=True)
        sign_in(page, user)
        for address in addresses:
            found += faults_of(page, address)

    assert found == []


def test_a_telephone_number_is_never_turned_around(window):
    page = window(scripts=True)
    page.goto(f"/{CODE}/")

    first, last = page.evaluate(PHONE)

    assert first < last
