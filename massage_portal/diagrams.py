"""State diagrams from the tables of legal steps. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Set

from django.db.models import TextChoices
from django.utils.translation import override

from massage_portal.states import State


def state_diagram(steps: Mapping[State, Set[State]], *, begins_in: Set[State]) -> str:
    """
    Return a Mermaid state diagram of `steps`, in the order of the codes.

    Only states that are stepped from or to are drawn. A state that nothing leaves is an
    end. The names of states are the codes, as stored; what pages say stands beside.

    :param begins_in: the states in which a row may be made.
    """
    reached = {new for news in steps.values() for new in news} | set(begins_in)
    drawn = [state for state in steps if state in reached or steps[state]]
    lines = ["```mermaid", "stateDiagram-v2"]
    with override("en"):
        lines += [
            f'    state "{state.value}: {state.label}" as {_name(state)}'
            for state in drawn
        ]
    lines += [f"    [*] --> {_name(state)}" for state in drawn if state in begins_in]
    for old in drawn:
        lines += [
            f"    {_name(old)} --> {_name(new)}" for new in drawn if new in steps[old]
        ]
        if not steps[old]:
            lines.append(f"    {_name(old)} --> [*]")
    return "\n".join([*lines, "```"])


def _name(state: TextChoices) -> str:
    return state.value.replace("-", "_")


def redraw(text: str, diagrams: Mapping[str, str]) -> str:
    """
    Return `text` with each diagram between its marks.

    A diagram called "x" stands between `<!-- states: x -->` and `<!-- end -->`.

    :raises LookupError: if the text has no marks for one of them.
    """
    for name, drawing in diagrams.items():
        before, begin, rest = text.partition(f"<!-- states: {name} -->\n")
        _old, end, after = rest.partition("<!-- end -->")
        if not (begin and end):
            raise LookupError(f"no marks for the states of {name}")
        text = f"{before}{begin}{drawing}\n{end}{after}"
    return text
