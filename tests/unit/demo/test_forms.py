"""Pages are read as a browser reads them."""

from __future__ import annotations

from studyplatform.demo.forms import forms_of

PAGE = """
<form method="post" action="/survey/">
  <input type="hidden" name="csrf" value="a&amp;b">
  <fieldset><input type="radio" name="q1" value="1"><input type="radio" name="q1" value="2" checked></fieldset>
  <input type="number" name="age" min="18" max="120"><textarea name="why"></textarea>
  <button name="action" value="back">Back</button><button name="action" value="next">Continue</button>
</form>
<form action="/search"><input name="q"></form>
"""


def test_a_form_gives_its_fields_offers_and_buttons() -> None:
    form, other = forms_of(PAGE)
    assert (form.method, form.action, other.method) == ("post", "/survey/", "get")
    assert form.hidden == {"csrf": "a&b"}
    assert [question.name for question in form.questions] == ["q1", "age", "why"]
    assert (form.fields["q1"].offers, form.fields["q1"].value) == (["1", "2"], "2")
    assert (form.fields["age"].low, form.fields["age"].high) == (18, 120)
    assert form.buttons == [("action", "back"), ("action", "next")]
