"""`zest score`: one conversion on one card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.notices import not_measured
from workbench.cli.options import AsJson
from workbench.cli.output import print_json
from workbench.cli.pipes import piped_in
from workbench.cli.progress import say

NO_REFERENCE = Path("-")


def score(
    source: Annotated[Path, typer.Argument(
        metavar="SOURCE", help="Recording whose words and voice were to be kept; - reads standard input.")],
    reference: Annotated[Path, typer.Argument(
        metavar="REFERENCE", help="Recording whose emotion was taken; - if the emotion was a preset.")],
    converted: Annotated[Path, typer.Argument(
        metavar="CONVERTED", help="The conversion, by any system; - reads standard input.")],
    text: Annotated[str, typer.Option(metavar="TEXT", help="What the source says; else its transcript stands in for it.")] = "",
    emotion: Annotated[str, typer.Option(
        metavar="NAME", help="The target emotion: neutral, angry, happy, sad or surprised; or a mix, such as "
                             "angry:0.6,sad:0.4.")] = "",
    language: Annotated[str, typer.Option(metavar="NAME", help="Two letters, such as en, de or pl.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Score CONVERTED: words that changed, emotion, voice, F0, predicted naturalness, each beside what natural speech scores."""
    from evaluation.score_card import F0, score_card
    from evaluation.verdict import verdict
    from workbench.score_card.text import card_text, verdict_text

    other = None if reference == NO_REFERENCE else reference
    with piped_in(source, converted) as (own, rendered):
        card = score_card(own or source, other, rendered or converted, text, emotion, language)
    if as_json:
        print_json({"verdict": verdict(card).sentence} | card.document())
    else:
        print(f"{verdict_text(card)}\n\n{card_text(card)}")
    for note in card.notes:
        say(f"Note: {note}")
    reasons = {"F0" if subject == F0 else subject: why for subject, why in card.not_measured.items()}  # JSON has an older word
    for sentence in not_measured(reasons):
        say(sentence)
