"""
`{% once %}...{% endonce %}`: a part of a page that is drawn once in each language.

The head of a page, its foot and the heads of its tables say the same to everybody. To
draw them anew for each reader takes as long as all that differs.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template import Context, Library, Node, NodeList, TemplateSyntaxError
from django.template.base import Parser, Token
from django.template.defaulttags import CsrfTokenNode, NowNode
from django.template.loader_tags import BlockNode
from django.urls import get_script_prefix, get_urlconf
from django.utils.translation import get_language

CHANGING = (BlockNode, CsrfTokenNode, NowNode)
register = Library()
_drawn: dict[tuple[Any, ...], str] = {}


def forget() -> None:
    """Draw each part anew; for tests, whose words change."""
    _drawn.clear()


class Once(Node):
    """
    What stands between the tags, by language and by the flags that are given.

    It sees the flags alone, as true or false, and no request: so nothing that is kept
    can tell of the person for whom it was drawn.
    """

    def __init__(self, nodelist: NodeList, flags: list[str]) -> None:
        self.nodelist, self._flags = nodelist, flags

    def render(self, context: Context) -> str:
        """
        Return it.

        :raises KeyError: if a flag is not there: no page may lose a part unseen.
        """
        flags = {name: bool(context[name]) for name in self._flags}
        urls = get_urlconf() or settings.ROOT_URLCONF
        where = (urls, get_script_prefix(), get_language(), context.autoescape)
        key = (self, *where, *flags.values())
        if key not in _drawn:
            bare = Context(flags, autoescape=context.autoescape)
            assert context.template is not None  # noqa: S101 - it is being drawn
            with bare.bind_template(context.template):
                _drawn[key] = self.nodelist.render(bare)
        return _drawn[key]


@register.tag("once")
def once(parser: Parser, token: Token) -> Node:
    """
    Draw what follows once: `{% once %}`, or `{% once may_offer may_triage %}` by flags.

    :raises TemplateSyntaxError: if it holds a block, which another page may fill, the
        time or a form's token; or if a flag is not one name.
    """
    _once, *flags = token.split_contents()
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    if any(nodelist.get_nodes_by_type(kind) for kind in CHANGING):
        raise TemplateSyntaxError("what changes from page to page is not drawn once")
    if odd := [flag for flag in flags if not flag.isidentifier()]:
        raise TemplateSyntaxError(f"not the name of a flag: {', '.join(odd)}")
    return Once(nodelist, flags)
