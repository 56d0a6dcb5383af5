"""The JSON document of a conversion as HTML tables and sentences."""

from __future__ import annotations

from html import escape
from typing import Any

from pipelines.decoders import DECODERS
from pipelines.settings import about
from workbench.cli.progress import stage_name
from workbench.conversion import is_no_speech, said_recognised, said_target
from workbench.tabs import text

ROWS = (("source", "Source"), ("reference", "Reference"), ("predicted", "Predicted"), ("converted", "Converted, measured"))


def status(document: dict[str, Any], source: str = "", reference: str | None = None) -> str:
    """One headline, from what and how it was converted, and the notes that the user should read.

    Args:
        source, reference: names of the recordings; no reference where the emotion was a preset.
    """
    work = sum(document["seconds"].values())
    target = "converted" if document.get("mix") or document["f0"]["reference"] is not None else document["target"]
    mix = f", {said_target(document)}," if document.get("mix") else ""
    kind = "sound" if is_no_speech(document.get("speech")) else f"{target} speech"  # nothing else is called angry speech
    headline = f"{document['converted_seconds']:.1f} s of {kind}{mix} after {work:.1f} s of work"
    notes = "".join(f'<p class="zest-note">{escape(note)}</p>' for note in document["notes"])
    return (f'<div class="zest-message"><p class="headline">{escape(headline)}</p>'
            f"<p>{escape(_from(document, source, reference))}</p><p>{_how(document['settings'])}</p>{notes}</div>")


def empty(sentence: str) -> str:
    return f'<div class="zest-empty">{escape(sentence)}</div>'


def tables(document: dict[str, Any]) -> str:
    """F0 of each, then durations, stage timings and the real-time factor, folded."""
    return (f'<details class="zest-fold"><summary>{text.NUMBERS_LABEL}</summary>'
            f'<div class="zest-tables">{_f0_table(document)}{_time_table(document)}</div></details>')


def contours_text(document: dict[str, Any]) -> str:
    """What the plot of the contours says, for those who do not see it."""
    said = [f"{label}: {_contour(document['f0'][name])}" for name, label in ROWS
            if name != "reference" or document["f0"]["reference"] is not None]
    return f"F0 contours over time. {'; '.join(said)}."


def _contour(numbers: dict[str, float] | None) -> str:
    if numbers is None:
        return "no voiced frame"
    return f"mean {numbers['mean_hz']:.0f} Hz, range {numbers['range_semitones']:.1f} semitones"


def _from(document: dict[str, Any], source: str, reference: str | None) -> str:
    """'me.wav with the emotion of friend.wav.'"""
    target = f"with the emotion of {reference}" if reference else f"to {said_target(document)}"
    still = document["target"] == document["settings"].get("system")  # a baseline that moves no emotion has no target
    moved = "" if still else f" {target}"
    recognised = said_recognised(document)
    return f"{source or 'The source'}{moved}." + (f" Recognised in the reference: {recognised}." if recognised else "")


def _how(settings: dict[str, Any]) -> str:
    """The settings of a conversion, or the baseline that converted."""
    if "system" in settings:
        return f"Converted by the baseline {escape(settings['system'])}, which has no settings."
    tempo = "transferred" if settings["tempo"] else "kept"
    decoder, f0 = DECODERS[settings["decoder"]].label, about("f0").choices[settings["f0"]].lower()
    return escape(f"{decoder}, strength {settings['strength']:g}, tempo {tempo}, seed {settings['seed']}, F0 {f0}.")


def _f0_table(document: dict[str, Any]) -> str:
    body = "".join(_f0_row(label, document["f0"][name]) for name, label in ROWS
                   if name != "reference" or document["f0"]["reference"] is not None)
    head = "<tr><td></td><th>Mean, Hz</th><th>Mean, st*</th><th>Range, st</th><th>Voiced</th></tr>"
    return (f"<table><caption>F0</caption><thead>{head}</thead><tbody>{body}</tbody>"
            '<tfoot><tr><th colspan="5">* semitones above 55 Hz; range from the 5th to the 95th '
            "percentile</th></tr></tfoot></table>")


def _f0_row(label: str, numbers: dict[str, float] | None) -> str:
    if numbers is None:
        return f'<tr><th>{label}</th><td colspan="4">no voiced frame</td></tr>'
    cells = (f"{numbers['mean_hz']:.0f}", f"{numbers['mean_semitones']:.1f}", f"{numbers['range_semitones']:.1f}",
             f"{100 * numbers['voiced_share']:.0f} %")
    return f"<tr><th>{label}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _time_table(document: dict[str, Any]) -> str:
    rows = [("Source", f"{document['source_seconds']:.2f}"), ("Converted", f"{document['converted_seconds']:.2f}")]
    rows += [(stage_name(stage), f"{seconds:.2f}") for stage, seconds in document["seconds"].items()]
    body = "".join(f"<tr><th>{escape(label)}</th><td>{value}</td></tr>" for label, value in rows)
    factor = f'<tr class="total"><th>Real-time factor</th><td>{document["real_time_factor"]:.3f}</td></tr>'
    return f"<table><caption>Durations, s</caption><tbody>{body}{factor}</tbody></table>"
