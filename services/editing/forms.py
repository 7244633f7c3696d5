"""What an editor and a second person may type. Forms check; actions save."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from massage_portal import forms as parts
from services.actions import Review
from services.codes import ArticleKind, Evidence
from services.models import TEXTS, Version
from services.models.version import MARKDOWN

LONGEST_BODY = 60_000  # letters; our longest page has a tenth of that
LATEST = date(2100, 1, 1)


class Seen(forms.Field):
    """A hidden field: when the text that a page shows was changed last, or never."""

    widget = forms.HiddenInput
    default_error_messages = {
        "invalid": _("This page was open too long. Check it and send it again.")
    }

    def __init__(self) -> None:
        super().__init__(required=False)

    def prepare_value(self, value: Any) -> Any:
        """Return what the page carries for a time."""
        return value.isoformat() if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> Any:
        """Return the time; none where the text was never changed."""
        if not value:
            return None
        try:
            found = parse_datetime(str(value))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise forms.ValidationError(self.error_messages["invalid"])
        return found


class Address(forms.SlugField):
    """The end of a web address, in small letters; a browser cuts nothing off it."""

    default_error_messages = {
        "invalid": _("Use letters, digits and dashes, like back-pain.")
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=50, **kwargs)

    def to_python(self, value: Any) -> str:
        """Return it in small letters."""
        return str(super().to_python(value)).lower()

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Leave out the length: what is too long is refused in words."""
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs


class Words(parts.Form):
    """The words of a text, as every form of editing asks for them."""

    title = parts.Text(label=_("Title"), max_length=120)
    summary = parts.Text(
        label=_("Summary"),
        help_text=_("One or two sentences, in words that a patient uses."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    body = parts.Text(
        label=_("Text"), help_text=MARKDOWN, max_length=LONGEST_BODY, lines=16
    )
    other_words = parts.Text(
        label=_("Other words for it"),
        help_text=_("Searched, not shown. Commas between them."),
        max_length=300,
        required=False,
    )

    def texts(self) -> dict[str, str]:
        """Return the words by the names that actions know."""
        return {name: self.cleaned_data[name] for name in TEXTS}


class Edit(Words):
    """Check a draft."""

    submit = ""
    note = parts.Text(
        label=_("What changed, and why"),
        help_text=_("The second person reads it. Readers do not."),
        max_length=300,
        required=False,
    )
    seen = Seen()

    def __init__(self, *args: Any, version: Version, **kwargs: Any) -> None:
        names = [*TEXTS, "note"]
        initial = {name: getattr(version, name) for name in names}
        initial["seen"] = version.changed_at
        super().__init__(*args, initial=initial, **kwargs)

    @property
    def helper(self) -> Any:
        """Return what crispy needs to draw the fields: the page has two buttons."""
        helper = super().helper
        helper.form_tag = False
        return helper


class NewArticle(Words):
    """Check a page or a condition that is not there yet."""

    submit = _("Begin the draft")
    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=[
            (one.value, one.label) for one in (ArticleKind.PAGE, ArticleKind.CONDITION)
        ],
        widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
    )
    evidence = forms.ChoiceField(
        label=_("How sure are we?"),
        help_text=_("Only for a condition."),
        choices=Evidence,
        initial=Evidence.WEAK,
        widget=forms.RadioSelect,
        required=False,
    )
    slug = Address(
        label=_("Address"),
        help_text=_("The end of its web address: small letters and dashes."),
    )
    field_order = ("kind", "evidence", "slug")


class Move(parts.Form):
    """Check a new address."""

    submit = _("Move it")
    slug = Address(
        label=_("New address"),
        help_text=_("The old address will lead to the new one."),
    )


class MedicalReview(parts.Form):
    """Check who read a text as a clinician, when, and when it is due again."""

    submit = _("Record the review")
    reviewed_by = parts.Text(
        label=_("Medically reviewed by"),
        help_text=_("Readers see the name."),
        max_length=120,
    )
    reviewed_on = parts.ThreePartDate(label=_("Reviewed on"))
    next_review = parts.ThreePartDate(label=_("Next review due"), required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reviewed_on"].latest = today  # type: ignore[attr-defined]
        self.fields["next_review"].latest = LATEST  # type: ignore[attr-defined]

    def review(self) -> Review:
        """Return what the action takes."""
        names = ("reviewed_by", "reviewed_on", "next_review")
        return Review(**{name: self.cleaned_data[name] for name in names})


NOW, LATER = "now", "later"
KEEP, NEW, NONE = "keep", "new", "none"


class Approve(MedicalReview):
    """Check when a text is to be published, and who reviewed it medically."""

    submit = _("Approve")
    when = forms.ChoiceField(
        label=_("When do readers see it?"),
        choices=[(NOW, _("At once")), (LATER, _("At a time"))],
        widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
    )
    day = parts.ThreePartDate(label=_("Day"), required=False, latest=LATEST)
    clock = forms.TimeField(
        label=_("Time"),
        help_text=_("As the clocks show it in Rochester, like 08:30."),
        required=False,
        input_formats=["%H:%M", "%I:%M %p"],
        widget=forms.TimeInput(attrs={"class": "input--short"}, format="%H:%M"),
        error_messages={"invalid": _("Enter a time, like 08:30.")},
    )
    medical = forms.ChoiceField(
        label=_("Has a clinician reviewed this text?"),
        choices=[
            (KEEP, _("The review of the published text still holds")),
            (NEW, _("Yes, this text was reviewed")),
            (NONE, _("No")),
        ],
        widget=forms.RadioSelect,
    )
    seen = Seen()

    def __init__(
        self, *args: Any, today: date, version: Version, read: Version | None
    ) -> None:
        super().__init__(*args, today=today, initial={"seen": version.changed_at})
        for name in ("reviewed_by", "reviewed_on"):
            self.fields[name].required = False
        for name in ("day", "clock", "reviewed_by", "reviewed_on"):
            self.fields[name].conditional = True  # type: ignore[attr-defined]
        if read is None or not read.reviewed_on:
            medical = self.fields["medical"]
            medical.choices = medical.choices[1:]  # type: ignore[attr-defined]

    def layout(self) -> Layout:
        """Group what belongs to the time, and what to the review."""
        return Layout(
            "seen",
            Fieldset(_("Publishing"), "when", "day", "clock"),
            Fieldset(
                _("Medical review"),
                "medical",
                *("reviewed_by", "reviewed_on", "next_review"),
            ),
        )

    def clean(self) -> None:
        """Ask for what the answers make necessary."""
        given = self.cleaned_data
        wanted: list[str] = []
        if given.get("when") == LATER:
            wanted += ["day", "clock"]
        if given.get("medical") == NEW:
            wanted += ["reviewed_by", "reviewed_on"]
        for name in wanted:
            if name not in self.errors and given.get(name) in (None, ""):
                self.add_error(name, self.fields[name].error_messages["required"])

    def answers(self) -> dict[str, Any]:
        """Return what the action takes."""
        given = self.cleaned_data
        zone = ZoneInfo(settings.TIME_ZONE)
        return {
            "publish_at": datetime.combine(given["day"], given["clock"], tzinfo=zone)
            if given["when"] == LATER
            else None,
            "keep_review": given["medical"] == KEEP,
            "review": self.review() if given["medical"] == NEW else None,
            "seen": given["seen"],
        }


class Reason(parts.Form):
    """Check why a step is taken."""

    reason = parts.Text(
        label=_("Why?"),
        help_text=_("Those who write the text read it. Readers do not."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SendBack(Reason):
    submit = _("Send it back")


class Discard(Reason):
    submit = _("Give it up")


class Retire(Reason):
    submit = _("Take it back now")


class Filter(parts.Form):
    """Check which texts an editor wants to see."""

    method = "get"
    submit = _("Show")
    q = parts.Text(label=_("Words of the title"), max_length=100, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("", _("All")), *ArticleKind.choices],
        required=False,
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("All")), *settings.LANGUAGES],
        required=False,
    )
