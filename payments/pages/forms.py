from django import forms


class PayForm(forms.Form):
    """The key makes one attempt of a button that is pressed twice."""

    key = forms.UUIDField()
