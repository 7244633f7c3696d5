"""
The parts every form is built from: kind words, forgiving reading, one look.

A form of an app derives from `Form`, says its fields and the words of its button, and
checks; it never saves. `{% crispy form %}` draws all of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from phonenumber_field.formfields import PhoneNumberField

from massage_portal.dates import DateParts, NotADate, read_date
from massage_portal.hidden import HIDDEN, kept_text

_CHOICE = _("Choose one of the answers.")
_CHOICES = _("Choose at least one of the answers.")
_TICK = _("Check this box to go on.")
_FILL = _("Fill this in.")


class Form(forms.Form):
    """
    A form in the portal's look and manner.

    `submit` is the words on the one primary button, "" for none; `autocomplete` says
    what a browser may fill in, by field (HTML's tokens); `layout` may be overridden
    to group fields with crispy's layout objects.
    """

    submit: ClassVar[Any] = _("Continue")
    method: ClassVar[str] = "post"
    autocomplete: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, token in self.autocomplete.items():
            self.fields[name].widget.attrs["autocomplete"] = token
        for field in self.fields.values():
            say_kindly(field)

    @property
    def helper(self) -> FormHelper:
        """Return what crispy needs to draw this form."""
        helper = FormHelper()
        helper.form_method = self.method
        helper.form_class = "form"
        helper.submit_label = self.submit
        helper.layout = self.layout()
        helper.render_unmentioned_fields = False
        helper.render_hidden_fields = True
        return helper

    def layout(self) -> Layout:
        """Return the order of the fields; all of them, as declared."""
        return Layout(*self.fields)


def say_kindly(field: forms.Field) -> None:
    """Replace Django's own words for an unanswered field, and only those."""
    default = forms.Field.default_error_messages["required"]
    if field.error_messages.get("required") == default:
        field.error_messages["required"] = _unanswered(field)
    if isinstance(field, forms.ChoiceField):
        field.error_messages["invalid_choice"] = _CHOICE


def _unanswered(field: forms.Field) -> Any:
    if isinstance(field, forms.BooleanField):
        return _TICK
    if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
        return _CHOICES
    if isinstance(field, forms.ChoiceField):
        return _CHOICE
    return _FILL


class Text(forms.CharField):
    """
    Text of at most `max_length` characters, on one line or, with `lines`, on many.

    It comes out in Unicode NFC. NUL, control characters, direction overrides and what
    is drawn as nothing are refused. The browser is not told the length: it would cut a
    pasted text in silence, where a message can say by how much it is too long.
    """

    default_error_messages = {
        **HIDDEN,
        "max_length": ngettext_lazy(
            "Shorten this to %(limit_value)d character. It has %(show_value)d.",
            "Shorten this to %(limit_value)d characters. It has %(show_value)d.",
            "limit_value",
        ),
    }

    def __init__(self, *, max_length: int, lines: int = 1, **kwargs: Any) -> None:
        if lines > 1:
            kwargs.setdefault("widget", forms.Textarea(attrs={"rows": lines}))
        self.lines = lines
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the text as it will be kept."""
        if value in self.empty_values:
            return ""
        return kept_text(str(value), lines=self.lines > 1, words=self.error_messages)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return no maxlength: see above."""
        return {}


class Email(forms.EmailField):
    """An email address, composed and in lower case."""

    default_error_messages = {
        **HIDDEN,
        "invalid": _("Enter an email address in full, like name@example.com."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 254)
        super().__init__(**kwargs)
        self.widget.attrs |= {"autocomplete": "email", "spellcheck": "false"}

    def to_python(self, value: Any) -> str:
        """Return the address; a hidden character is refused as in a text."""
        words = self.error_messages
        return kept_text(str(value or ""), lines=False, words=words).lower()

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return no maxlength, for the reason that `Text` has."""
        return {}


class Phone(PhoneNumberField):
    """A telephone number, as people write it; in E.164 once cleaned."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("region", settings.PHONENUMBER_DEFAULT_REGION)
        super().__init__(**kwargs)
        self.error_messages["invalid"] = _(
            "Enter a phone number with its area code, like 507-555-0123."
        )
        self.widget.attrs["autocomplete"] = "tel"


class WholeNumber(forms.IntegerField):
    """A whole number, typed: no arrows that change it when the page is scrolled."""

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("Enter a whole number, in digits, like 6."),
        "min_value": _("Enter %(limit_value)s or more."),
        "max_value": _("Enter %(limit_value)s or less."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs |= {"inputmode": "numeric", "class": "input--short"}


class YesNo(forms.TypedChoiceField):
    """Yes or no, and neither until it is answered: True, False or None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[("yes", _("Yes")), ("no", _("No"))],
            coerce=lambda answer: answer == "yes",
            empty_value=None,
            widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        """Let an initial True or False show as its answer."""
        return {True: "yes", False: "no"}.get(value, value)


class Scale(forms.TypedChoiceField):
    """A whole number from 0 to `top`, each a button; the ends in words."""

    def __init__(self, *, top: int = 10, low: Any, high: Any, **kwargs: Any) -> None:
        super().__init__(
            choices=[(number, str(number)) for number in range(top + 1)],
            coerce=int,
            empty_value=None,
            widget=forms.RadioSelect(attrs={"class": "choices--scale"}),
            **kwargs,
        )
        self.low, self.high = low, high


class File(forms.FileField):
    """
    A file of at most `max_bytes`, whose name ends in one of `endings` (".csv").

    What is in it is for its reader to judge: a name proves nothing.
    """

    widget = forms.FileInput
    default_error_messages = {
        "required": _("Choose a file."),
        "invalid": _("Choose a file."),
        "empty": _("This file is empty. Choose another one."),
        "ending": _("Choose a file whose name ends in %(endings)s."),
        "too_large": _(
            "Choose a file of at most %(most)s MB. This one has %(megabytes)s MB."
        ),
    }

    def __init__(
        self, *, max_bytes: int, endings: Sequence[str], **kwargs: Any
    ) -> None:
        self.max_bytes, self.endings = max_bytes, tuple(endings)
        super().__init__(**kwargs)
        self.widget.attrs["accept"] = ",".join(endings)

    def to_python(self, data: Any) -> Any:
        """Return the file as it was sent."""
        file = super().to_python(data)
        if file is None:
            return None
        if file.size > self.max_bytes:
            self._refuse(
                "too_large",
                most=f"{self.max_bytes / 1_000_000:.3g}",
                megabytes=f"{file.size / 1_000_000:,.1f}",
            )
        if not str(file.name).lower().endswith(self.endings):
            self._refuse("ending", endings=", ".join(self.endings))
        return file

    def _refuse(self, code: str, **params: str) -> None:
        raise ValidationError(self.error_messages[code], code=code, params=params)


class SubmissionKeyBoundField(BoundField):
    def value(self) -> Any:
        """Return what was sent; a fresh key in place of a broken one."""
        return self.initial if self.errors else super().value()


class SubmissionKey(forms.UUIDField):
    """A hidden key, made once for each page shown: sent twice, it counts once."""

    widget = forms.HiddenInput
    bound_field_class = SubmissionKeyBoundField
    default_error_messages = {
        "required": _("This page was open too long. Check it and send it again."),
        "invalid": _("This page was open too long. Check it and send it again."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(initial=uuid.uuid4, **kwargs)


class ThreePartDateInput(forms.MultiWidget):
    """Month, day and year, each in a box of its own."""

    template_name = "portal/widgets/date.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]]
        boxes = dict.fromkeys(DateParts._fields, forms.TextInput)
        super().__init__(boxes, attrs)

    def decompress(self, value: date | None) -> list[Any]:
        """Return what the three boxes show for a date."""
        return [value.month, value.day, value.year] if value else ["", "", ""]

    def get_context(
        self, name: str, value: Any, attrs: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Mark only the boxes at fault, and name each for the browser."""
        attrs = dict(attrs or {})
        faulty = attrs.pop("faulty", ())
        context = super().get_context(name, value, attrs)
        birthday = self.attrs.get("autocomplete") == "bday"
        boxes = context["widget"]["subwidgets"]
        for part, box in zip(DateParts._fields, boxes, strict=True):
            box["part"] = part
            box["attrs"] |= {"inputmode": "text" if part == "month" else "numeric"}
            box["attrs"]["autocomplete"] = f"bday-{part}" if birthday else "off"
            if part in faulty:
                box["attrs"]["aria-invalid"] = "true"
        return context


class ThreePartDateBoundField(BoundField):
    @property
    def faulty(self) -> Sequence[str]:
        """Return the parts at fault, in order; all, if the error names none."""
        if not self.errors:
            return ()
        codes = {
            part
            for error in self.errors.as_data()
            for part in (error.code or "").split()
        }
        named = [part for part in DateParts._fields if part in codes]
        return named or DateParts._fields

    @property
    def first_faulty(self) -> int:
        """Return the place of the first box at fault, from 0."""
        return DateParts._fields.index(self.faulty[0]) if self.faulty else 0

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        """Hand the faulty parts to the widget."""
        marked: dict[str, Any] = {**super().build_widget_attrs(attrs, widget)}
        if marked.pop("aria-invalid", None):
            marked["faulty"] = self.faulty
        return marked


class ThreePartDate(forms.Field):
    """
    A date in three boxes, in the order of the United States: month, day, year.

    :param earliest: the first date that is taken, if there is one.
    :param latest: the last date that is taken. Both may be set on the field of a bound
        form, since a form is told the day and never reads the clock.
    """

    widget = ThreePartDateInput
    bound_field_class = ThreePartDateBoundField
    default_error_messages = {
        "required": _("Enter a date."),
        "earliest": _("Enter a date that is not before %(limit)s."),
        "latest": _("Enter a date that is not after %(limit)s."),
    }

    def __init__(
        self,
        *,
        earliest: date | None = None,
        latest: date | None = None,
        **kwargs: Any,
    ) -> None:
        self.earliest, self.latest = earliest, latest
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> date | None:
        """Read the three boxes; the error's code names the boxes at fault."""
        if value is None or isinstance(value, date):
            return value
        typed = DateParts(*(str(part or "").strip() for part in value))
        try:
            return read_date(typed)
        except NotADate as fault:
            raise ValidationError(str(fault), code=" ".join(fault.parts)) from None

    def validate(self, value: date | None) -> None:
        """Refuse a missing date, and one outside the limits."""
        super().validate(value)
        if value and self.earliest and value < self.earliest:
            self._refuse("earliest", self.earliest)
        if value and self.latest and value > self.latest:
            self._refuse("latest", self.latest)

    def _refuse(self, code: str, limit: date) -> None:
        raise ValidationError(
            self.error_messages[code], code=code, params={"limit": date_format(limit)}
        )
