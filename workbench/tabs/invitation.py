"""What stands in the place of a result before there is one: an example to hear, and what can be done then."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from workbench.tabs import text


def invitation() -> str:
    """F0 of the first example before and after (examples/render_invitation.py), a button that converts it, and what follows.

    The button presses the example's own (page/page.js).
    """
    drawn = files("workbench.tabs").joinpath("page/invitation.svg").read_text(encoding="utf-8")
    then = "".join(f"<li><b>{escape(name)}</b> {escape(said)}</li>" for name, said in text.THEN)
    play = '<span aria-hidden="true">\N{BLACK RIGHT-POINTING TRIANGLE}</span>'
    return (f'<div class="zest-empty zest-invitation"><h2>{escape(text.INVITATION)}</h2>{drawn}'
            f"<p>{escape(text.INVITATION_NOTE)}</p>"
            f'<button type="button" id="zest-hear">{play} {escape(text.HEAR)}</button>'
            f"<ul>{then}</ul></div>")
