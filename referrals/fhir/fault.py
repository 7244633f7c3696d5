"""One thing that is wrong with what another system sent. Pure."""

from __future__ import annotations

from typing import NamedTuple

MOST = 50  # faults told at once; whoever makes more mends these first


class Fault(NamedTuple):
    """
    What is wrong, where, and how to mend it.

    The words are for the developer of the other system and always English: the address
    has no other language. They never repeat a value that was sent.

    :param code: http://hl7.org/fhir/R4/valueset-issue-type.html
    :param expression: FHIRPath, like ServiceRequest.contained[0].birthDate; "" where
        the fault is not in the resource.
    """

    code: str
    expression: str
    words: str
