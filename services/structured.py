"""
What pages tell search engines, in the words of schema.org, as plain dicts.

Pure: no database, no clock, no settings. Only what the rows say is said; what is not
known is left out. Sources: https://schema.org/MedicalWebPage, /MedicalClinic and
/MedicalTherapy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.models import Location, Version

Data = dict[str, Any]
CONTEXT = "https://schema.org"
WHAT_IT_IS = "massage-therapy"  # the page that tells what massage therapy is
COUNTRY = "US"


def page(row: Version, *, address: str) -> Data:
    """
    Return a page of the guide; the page that says what massage is, with the therapy.

    :param address: where it is read, whole.
    """
    data = _web_page(row, address)
    if row.article.slug == WHAT_IT_IS:
        data["mainEntity"] = {
            "@type": "MedicalTherapy",
            "name": "Massage therapy",
            "description": row.summary,
            "url": address,
        }
    return data


def condition(row: Version, *, address: str) -> Data:
    """
    Return the page about a condition, and the other words for it.

    :param address: where it is read, whole.
    """
    about: Data = {"@type": "MedicalCondition", "name": row.title}
    if others := [one.strip() for one in row.other_words.split(",") if one.strip()]:
        about["alternateName"] = others
    return _web_page(row, address) | {"about": about}


def clinics(places: Iterable[Location], *, address: str, phone: str) -> Data:
    """
    Return the places that give massage, or nothing if none does.

    :param address: the page about the places, whole.
    :param phone: the clinic's number, for a place that has none of its own.
    """
    found = [_clinic(one, address, phone) for one in places if one.gives_massage]
    return {"@context": CONTEXT, "@graph": found} if found else {}


def _clinic(place: Location, address: str, phone: str) -> Data:
    where: Data = {
        "@type": "PostalAddress",
        "addressLocality": place.city,
        "addressRegion": place.state,
        "addressCountry": COUNTRY,
    }
    if place.address:
        where["streetAddress"] = place.address
    return {
        "@type": "MedicalClinic",
        "@id": f"{address}#location-{place.slug}",
        "name": f"Mayo Clinic, {place.name}",
        "url": f"{address}#location-{place.slug}",
        "telephone": str(place.phone or phone),
        "address": where,
        "availableService": {"@type": "MedicalTherapy", "name": "Massage therapy"},
    }


def _web_page(row: Version, address: str) -> Data:
    data: Data = {
        "@context": CONTEXT,
        "@type": "MedicalWebPage",
        "name": row.title,
        "description": row.summary,
        "url": address,
        "inLanguage": row.language,
    }
    if row.active_from:
        data["dateModified"] = row.active_from.isoformat()
    if row.reviewed_on:
        data["lastReviewed"] = row.reviewed_on.isoformat()
        data["reviewedBy"] = {"@type": "Person", "name": row.reviewed_by}
    return data
