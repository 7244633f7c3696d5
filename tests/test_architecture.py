"""The rules of the house that a reader could break without noticing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import URLResolver, get_resolver

ROOT = Path(__file__).parent.parent
LAYERS = [  # each may import those before it
    "massage_portal.audit",
    "massage_portal.outbox",
    "massage_portal.accounts",
    "services",
    "referrals",
    "appointments",
]
ROOF = {  # it joins the layers, so it may import them all
    "massage_portal.settings",
    "massage_portal.urls",
    "massage_portal.celery",
    "massage_portal.wsgi",
    "massage_portal.actions",
    "massage_portal.start",
    "massage_portal.metrics",
    "massage_portal.admin",
    "massage_portal.management",
    "massage_portal.demo",
}
# Ground that knows a layer, and which: what a page does must be recorded.
GROUND_KNOWS = {
    "massage_portal.access": {"massage_portal.accounts"},  # who bears which secret
    "massage_portal.headers": {"massage_portal.audit"},
    "massage_portal.health": {"massage_portal.outbox"},  # whether messages go out
    "massage_portal.windows": {"massage_portal.audit"},
}
APPS = ["massage_portal", "services", "referrals", "appointments"]
MOST_LINES, LONGEST_FUNCTION = 400, 40


def module(path):
    """Return the dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def code(*folders, migrations=False):
    """Return every module in the folders: its name and its tree."""
    paths = [
        path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    return [
        (module(path), ast.parse(path.read_text()))
        for path in paths
        if migrations or "migrations" not in path.parts
    ]


def imported(tree):
    """Yield the dotted name of all that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def within(name, *packages):
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


CODE = code(*APPS)
TESTS = code("tests")
ALL = [*CODE, *TESTS]


def upward(layer, above):
    """Return the imports in `layer` of what stands above it."""
    return [
        f"{name} imports {target}"
        for name, tree in CODE
        if within(name, layer)
        for target in imported(tree)
        if within(target, *above)
    ]


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_down(layer):
    above = LAYERS[LAYERS.index(layer) + 1 :]

    assert upward(layer, [*above, *ROOF]) == []


def ground():
    """Return the modules directly in massage_portal that are not the roof."""
    return [
        (name, tree)
        for name, tree in CODE
        if within(name, "massage_portal")
        and not within(name, *LAYERS, *ROOF)
        and name != "massage_portal"
    ]


def test_the_ground_knows_no_app_and_not_the_roof():
    found = {}
    for name, tree in ground():
        known = {
            layer
            for target in imported(tree)
            for layer in [*LAYERS, *ROOF]
            if within(target, layer)
        }
        if known:
            found[name] = known

    assert found == GROUND_KNOWS


def test_each_layer_is_an_installed_app_and_each_of_our_apps_a_layer():
    ours = {config.name for config in apps.get_app_configs()}

    assert {name for name in ours if within(name, *APPS)} == {
        "massage_portal",
        *LAYERS,
    }


def test_no_module_is_longer_than_400_lines():
    files = [
        path for folder in [*APPS, "tests"] for path in (ROOT / folder).rglob("*.py")
    ]
    long = {
        module(path): lines
        for path in files
        if "migrations" not in path.parts
        and (lines := len(path.read_text().splitlines())) > MOST_LINES
    }

    assert len(files) > 100
    assert long == {}


def test_no_function_is_longer_than_40_lines():
    long = {
        f"{name}.{node.name}": node.end_lineno - node.lineno + 1
        for name, tree in ALL
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }

    assert long == {}


def views(resolver, prefix=""):
    """Yield every address and the view behind it."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern, route)
        else:
            yield route, pattern.callback


def test_every_view_says_who_may_open_it():
    found = list(views(get_resolver()))

    assert len(found) > 100
    assert [route for route, view in found if not getattr(view, "access", "")] == []


def test_every_permission_that_a_view_asks_for_exists():
    known = {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename in [
            *(
                f"{verb}_{model._meta.model_name}"
                for verb in model._meta.default_permissions
            ),
            *(codename for codename, _words in model._meta.permissions),
        ]
    }
    asked = {
        permission
        for _route, view in views(get_resolver())
        for permission in view.access.split(" or ")
    }

    assert asked - {"public", "signed in", "admin", "system"} <= known


def classes(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def bases(node):
    return {ast.unparse(base) for base in node.bases}


SIGNALS = (
    "django.dispatch",
    "django.db.models.signals",
    "django.core.signals",
    "django.contrib.auth.signals",
    "allauth.account.signals",
)


def test_nothing_happens_by_signal():
    found = [
        f"{name} imports {target}"
        for name, tree in CODE
        for target in imported(tree)
        if within(target, *SIGNALS)
    ]
    connected = [
        f"{name}:{node.lineno}"
        for name, tree in CODE
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "connect"
        if "signal" in ast.unparse(node.value) or "pre_" in ast.unparse(node.value)
    ]

    assert found + connected == []


def test_no_model_overrides_save_or_delete():
    found = [
        f"{name}.{node.name}.{method.name}"
        for name, tree in CODE
        for node in classes(tree)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in ("save", "delete")
    ]

    assert found == []


def test_no_model_has_an_order_of_its_own():
    ours = [model for model in apps.get_models() if within(model.__module__, *APPS)]

    assert len(ours) > 15
    assert [model.__name__ for model in ours if model._meta.ordering] == []


def test_no_model_points_at_just_anything():
    found = [
        f"{name}: {target}"
        for name, tree in CODE
        for target in imported(tree)
        if within(target, "django.contrib.contenttypes.fields")
    ]

    assert found == []


def test_no_form_is_made_from_a_model():
    found = [
        f"{name}.{node.name}"
        for name, tree in CODE
        for node in classes(tree)
        if {"ModelForm", "forms.ModelForm"} & bases(node)
    ]
    found += [
        f"{name}: {node.func}"
        for name, tree in CODE
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "modelform_factory" in ast.unparse(node.func)
    ]

    assert found == []


def test_no_form_saves():
    found = [
        f"{name}.{node.name}.{call.func.attr}"
        for name, tree in CODE
        if name.endswith(".forms") or ".forms." in name
        for node in classes(tree)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in ("save", "create", "bulk_create", "delete")
        or call.func.attr.startswith("update_or_")
    ]

    assert found == []


ODD_NAMES = {"utils", "helpers", "common", "core", "misc"}


def test_no_module_has_a_name_that_says_nothing():
    found = [name for name, _tree in ALL if name.rpartition(".")[2] in ODD_NAMES]
    found += [name for name, _ in CODE if name.rpartition(".")[2] == "services" != name]

    assert found == []


def test_no_model_is_called_a_request():
    assert [
        m.__name__ for m in apps.get_models() if m.__name__.endswith("Request")
    ] == []
