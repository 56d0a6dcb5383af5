"""What an administrator sees of a study: tables and pictures as HTML, and their style.

Every number comes from evaluation.listening.analysis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from evaluation.listening.analysis.intervals import Interval
from evaluation.listening.analysis.results import OpinionScore, StudyResults
from evaluation.listening.analysis.screening import REASONS, WITHDRAWN
from evaluation.listening.analysis.standing import StudyStanding, standing_sentences
from evaluation.listening.design.questions import ANCHORS, shown_name
from evaluation.listening.publish.design_tables import design_tables
from evaluation.listening.publish.markdown import NOT_COMPARABLE, check_sentence, correlation_range, exclusions, imported_sentence
from evaluation.listening.publish.numbers import interval_text, number
from evaluation.listening.publish.plots import Picture, pictures
from evaluation.report.figures import to_svg
from pipelines.counting import counted
from workbench.listening import admin_text as text


def results_html(results: StudyResults, now: StudyStanding | None = None) -> str:
    """The whole study, or a calm sentence where nobody has answered yet. now: places and who is counted."""
    head = _head(results) + (_standing(now) if now else "")
    screened = _screening(results) if results.verdicts else ""
    if not results.before.listeners or not results.before.ratings:
        return f'<div class="zest-study">{head}<div class="zest-empty">{text.NO_ANSWERS}</div>{screened}</div>'
    drawn = {picture.name: picture for picture in pictures(results)}
    sections = (*_opinions(results, drawn), _compared(results), *_preferred(results, drawn), *_designs(results, drawn),
                *_emotions(results, drawn),
                _agreement(results), screened)
    nobody = "" if results.after.listeners else f'<p class="zest-note">{text.NOBODY_COUNTS}</p>'
    return f'<div class="zest-study">{head}{nobody}{"".join(sections)}<p class="small">{escape(NOT_COMPARABLE)}</p></div>'


def empty_html(sentence: str = text.CHOOSE) -> str:
    return f'<div class="zest-study"><div class="zest-empty">{escape(sentence)}</div></div>'


def _head(results: StudyResults) -> str:
    after = results.after
    facts = {"Listeners who came": len(results.verdicts), "Did not withdraw": results.before.listeners,
             "Passed the screening": after.listeners, "Ratings that count": after.ratings}
    cells = "".join(f"<div><span>{said}</span><b>{count}</b></div>" for said, count in facts.items())
    study = results.study
    if study.imported:
        return (f'<h3 aria-level="2">{escape(", ".join(study.systems))} <em>imported</em></h3><div class="facts">{cells}</div>'
                f'<p class="small">{escape(imported_sentence(study))}</p>{_notes(study.imported["notes"])}')
    state = '<em class="closed">closed</em>' if results.closed else '<em class="open">open</em>'
    return (f'<h3 aria-level="2">{escape(", ".join(study.systems))} {state}</h3><div class="facts">{cells}</div>'
            f'<p class="small">Made {escape(study.info["created"][:10])}, seed {study.info["seed"]}, id {study.id}, '
            f"hash {study.hash[:12]}.</p>")


def _notes(sentences: Sequence[str]) -> str:
    return "".join(f'<p class="small">{escape(said)}</p>' for said in sentences)


def _standing(now: StudyStanding) -> str:
    return _section("Listeners at the moment", "".join(f"<p>{escape(said)}</p>" for said in standing_sentences(now)))


def _opinions(results: StudyResults, drawn: dict[str, Picture]) -> Iterator[str]:
    before = {(one.question, one.condition): one for one in results.before.opinions}
    after = {(one.question, one.condition): one for one in results.after.opinions}
    for question in dict.fromkeys(name for name, _ in before):
        ranked = [key for key in (*after, *(key for key in before if key not in after)) if key[0] == question]
        rows = [_opinion_row(after.get(key), before[key], results.study.systems) for key in ranked]
        least = results.study.rules.preliminary_below
        notes = [text.PRELIMINARY_NOTE.format(least=least)] if any(one and one.preliminary for one in after.values()) else []
        head = ("", "MOS (95 % interval)", "listeners", "ratings", "before screening", "")
        yield _section(text.QUESTION_NAMES[question], _table(head, rows) + _note(*notes, text.ANCHORS_NOTE)
                       + _figures(drawn, f"mos-{question}", f"votes-{question}"))


def _opinion_row(one: OpinionScore | None, before: OpinionScore, systems: Sequence[str]) -> list[str]:
    earlier = f"{interval_text(before.mos)}, {counted(before.ratings, 'rating')}"
    if one is None:
        return [_name(before.condition, systems), "-", "0", "0", earlier, ""]
    chip = '<i class="chip">preliminary</i>' if one.preliminary else ""
    return [_name(one.condition, systems), f"<b>{interval_text(one.mos)}</b>", str(one.listeners), str(one.ratings), earlier,
            chip]


def _compared(results: StudyResults) -> str:
    rows = [[escape(f"{one.first} \u2212 {one.second}"), escape(text.QUESTION_NAMES[one.question]), interval_text(one.difference),
             number(one.p, 3)] for one in results.after.compared]
    return _section("Differences", _table(("", "question", "difference (95 % interval)", "adjusted p"), rows)
                    + _note(text.DIFFERENCES_NOTE)) if rows else ""


def _preferred(results: StudyResults, drawn: dict[str, Picture]) -> Iterator[str]:
    systems = results.study.systems
    for question in dict.fromkeys(one.question for one in results.after.preferred):
        rows = [[_name(one.condition, systems), interval_text(Interval(one.score, one.low, one.high)), f"{one.wins} of {one.of}"]
                for one in results.after.preferred if one.question == question]
        yield _section(text.QUESTION_NAMES[question], _table(("", "score (95 % interval)", "preferred"), rows)
                       + _note(text.PREFERENCE_NOTE) + _figures(drawn, question))


def _designs(results: StudyResults, drawn: dict[str, Picture]) -> Iterator[str]:
    for table in design_tables(results.after):
        rows = [[escape(cell) for cell in row] for row in table.rows]
        yield _section(f"{table.title}: {text.QUESTION_NAMES[table.question]}", _table(table.head, rows) + _note(table.note)
                       + (_figures(drawn, table.picture) if table.picture else ""))


def _emotions(results: StudyResults, drawn: dict[str, Picture]) -> Iterator[str]:
    rows = [[_name(name, results.study.systems), f"{value:.0f} ({low:.0f} to {high:.0f})", str(count)]
            for name, (value, low, high, count) in results.after.recognised.items()]
    if rows:
        yield _section("Target emotion chosen", _table(("", "% (95 % interval)", "answers"), rows) + _note(text.EMOTIONS_NOTE)
                       + _figures(drawn, *(name for name in drawn if name.startswith("emotions-"))))


def _agreement(results: StudyResults) -> str:
    rows = [[escape(text.QUESTION_NAMES[question]), number(alpha)] for question, alpha in results.after.agreement.items()]
    note = _note(text.AGREEMENT_NOTE, correlation_range(results.after))
    return _section("Agreement", _table(("", "Krippendorff's alpha"), rows) + note) if rows else ""


def _screening(results: StudyResults) -> str:
    rows = []
    for verdict in results.verdicts:
        if not verdict.counts:
            why = [WITHDRAWN] if verdict.withdrawn else [REASONS[name] for name in verdict.broken]
            rows.append([verdict.listener, escape(", ".join(why)), f"{verdict.traps[0]} of {verdict.traps[1]}",
                         f"{verdict.known[0]} of {verdict.known[1]}", number(verdict.deviation), number(verdict.z)])
    head = ("listener", "why not counted", "traps failed", "known failed", "deviation", "z")
    table = _table(head, rows) if rows else ""
    checks = check_sentence(results)
    told = f"<p>Listening checks {escape(checks)}</p>" if checks else ""
    return _section("Screening", f"<p>{escape(exclusions(results))}</p>{told}{table}")


def _section(title: str, body: str) -> str:
    return f'<section class="part"><h4 aria-level="3">{escape(title)}</h4>{body}</section>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already; the first of each row is its header."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in head)
    body = "".join(f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _figures(drawn: dict[str, Picture], *names: str) -> str:
    found = [f'<figure role="img" aria-label="{escape(f"{one.title}: {one.said}", quote=True)}">'
             f"<figcaption>{escape(one.title)}</figcaption>{to_svg(one.figure)}</figure>"
             for one in (drawn[name] for name in names if name in drawn)]
    return f'<div class="figures">{"".join(found)}</div>' if found else ""


def _note(*sentences: str) -> str:
    said = " ".join(sentence for sentence in sentences if sentence)
    return f'<p class="small">{escape(said)}</p>'


def _name(condition: str, systems: Sequence[str]) -> str:
    name = escape(shown_name(condition, systems))
    return f'<span class="anchor">{name}</span>' if condition in ANCHORS else name


CSS = """
.zest-study { --ink: var(--body-text-color); --raised: var(--block-background-fill);
  --soft: color-mix(in srgb, var(--body-text-color) 76%, transparent);
  --grid: color-mix(in srgb, var(--body-text-color) 9%, transparent);
  --line: color-mix(in srgb, var(--body-text-color) 26%, transparent);
  --three: #DDAA33; --four: #117733; --one: #004488; display: grid; gap: 0.8rem; contain: inline-size; }
.dark .zest-study { --one: #8fb8ea; }
.zest-study .zest-empty { border: 1px dashed var(--line); border-radius: var(--radius-lg); color: var(--soft); }
.zest-study h3 { margin: 0; font-size: 1.15rem; font-weight: 650; overflow-wrap: anywhere; }
.zest-study h3 em { font-style: normal; font-size: 0.78rem; font-weight: 600; padding: 0.12rem 0.5rem; border-radius: 99px;
  vertical-align: 0.12em; margin-left: 0.3rem; background: color-mix(in srgb, var(--body-text-color) 10%, transparent); }
.zest-study h3 em.open { background: color-mix(in srgb, #117733 20%, transparent); }
.zest-study .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: 0.5rem; }
.zest-study .facts div { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.5rem 0.8rem;
  background: var(--block-background-fill); }
.zest-study .facts b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; line-height: 1.2; }
.zest-study .facts span, .zest-study .small { color: var(--soft); font-size: 0.84rem; }
.zest-study p { margin: 0.35rem 0 0; overflow-wrap: anywhere; }
.zest-study .part { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.8rem 1rem 0.9rem;
  background: var(--block-background-fill); min-width: 0; }
.zest-study h4 { margin: 0 0 0.4rem; font-size: 1rem; font-weight: 650; }
.zest-study .scroll { overflow-x: auto; }
.zest-study table, .zest-study thead, .zest-study tbody, .zest-study tr { border: 0 !important; }
.zest-study table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; margin: 0; min-width: 60%; }
.zest-study th, .zest-study td { text-align: right; padding: 0.3rem 0.7rem !important; border: 0 !important; white-space: nowrap;
  border-bottom: 1px solid var(--border-color-primary) !important; font-weight: 400; }
.zest-study th:first-child { text-align: left; padding-left: 0 !important; font-weight: 600; position: sticky; left: 0;
  background: var(--block-background-fill); }
.zest-study td b { font-weight: 650; }
.zest-study .anchor { font-weight: 400; color: var(--soft); }
.zest-study thead th { color: var(--soft); font-weight: 500 !important; }
.zest-study .chip { font-style: normal; font-size: 0.78rem; padding: 0.1rem 0.45rem; border-radius: 99px;
  background: color-mix(in srgb, #DDAA33 28%, transparent); }
.zest-study .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 0.8rem 1.4rem;
  margin-top: 0.8rem; align-items: start; }
.zest-study figure { margin: 0; min-width: 0; max-width: 470px; }
.zest-study figcaption { font-size: 0.84rem; color: var(--soft); margin-bottom: 0.2rem; }
.zest-study svg { width: 100%; height: auto; display: block; font-family: inherit; }
.zest-study svg text { fill: var(--ink); }  /* matplotlib writes no colour where it is black */
/* A study is a card with two lines: its systems, and how far it is. */
#zest-studies .wrap { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 0.5rem; }
#zest-studies label { white-space: pre-line; align-items: flex-start; line-height: 1.45; min-width: 0; overflow-wrap: anywhere; }
#zest-studies label span { font-weight: 400; font-size: 0.86rem; }
#zest-studies label span::first-line { font-weight: 650; font-size: 0.98rem; }
#zest-studies label.selected, .zest-form label.selected { color: var(--body-text-color);
  background: color-mix(in srgb, #4f46e5 12%, var(--block-background-fill)); }
@media (max-width: 640px) {
  .zest-study .part { padding: 0.6rem 0.6rem 0.7rem; margin: 0 -0.5rem; }
  .zest-study th, .zest-study td { padding: 0.3rem 0.45rem !important; }
}
#zest-unlock { max-width: 30rem; margin: 1.2rem auto 0; }
#zest-unlock h2 { font-size: 1.15rem; margin: 0 0 0.2rem; }
#zest-unlock code { font-size: 0.92em; overflow-wrap: anywhere; }
#zest-sure, .zest-sure { border: 1px solid #DDAA33; border-radius: var(--radius-lg); padding: 0.7rem 0.9rem; }
#zest-study-results .error, .zest-outcome .error { display: none; }  /* the alert has the sentence */
#zest-study-results { min-height: 5.5rem; }
.zest-small { margin: 0.2rem 0; font-size: 0.9rem; color: color-mix(in srgb, var(--body-text-color) 76%, transparent); }
.zest-outcome a { font-weight: 600; }
"""
