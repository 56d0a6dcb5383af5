"""The report of an evaluation: what it must show, from a run that was really made."""

from __future__ import annotations

import base64
import html.parser
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from evaluation.metrics.base import MetricInfo
from evaluation.metrics.subjects import CHARACTER_ERRORS, SPEAKER_SIMILARITY, VOICE, WORDS
from evaluation.natural_reference.computed import Centroids, JudgeReference, NaturalReference, VoiceReference
from evaluation.pair import Pair
from evaluation.report import published, worst, write_report
from evaluation.report.blocks import Beside, Block, Cell, Column, Document, Fold, PairCard, Row, Section, Table
from evaluation.report.catalogue import Catalogue, CatalogueEntry
from evaluation.report.rendering import to_html, to_markdown
from evaluation.report.results import Matrix
from evaluation.report.separation import BY_DEFINITION, REVERSED, SEPARATES, USELESS, verdict
from evaluation.report.statistics import Difference
from evaluation.report.tables import number
from evaluation.report.worst import worst_pairs
from evaluation.report.writing import document_of, is_report
from evaluation.run.folder import EvaluationRun, open_run
from pipelines.errors import OutputError, ZestError
from pipelines.features.audio import load
from tests.support.access import axe_faults
from tests.support.browser import PHONE, open_page
from tests.support.run_folder import ENTRIES, FAILING, make_run
from workbench.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
WORST = 2


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> EvaluationRun:
    return make_run(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def document(run) -> Document:
    return document_of(run, worst=WORST, draws=200, entries=ENTRIES)


@pytest.fixture(scope="module")
def page(document) -> str:
    return to_html(document)


def blocks(of: tuple[Block, ...]) -> Iterator[Block]:
    """Also those inside folds and beside each other."""
    for block in of:
        yield block
        if isinstance(block, Beside | Fold):
            yield from blocks(block.blocks)


def section(document: Document, anchor: str) -> list[Block]:
    return list(blocks(next(part for part in document.sections if part.anchor == anchor).blocks))


def tables(of: list[Block]) -> list[Table]:
    return [block for block in of if isinstance(block, Table)]


def said(document: Document, anchor: str) -> str:
    return " ".join(getattr(block, "text", "") for block in section(document, anchor))


def row(table: Table, head: str, part: str = "") -> dict[str, Cell]:
    found = next(each for each in table.rows if each.head == head and part in each.section)
    return dict(zip((column.text for column in table.columns), found.cells, strict=True))


def test_numbers_of_the_table_are_those_of_the_score_file(run, document):
    lines = [json.loads(line) for line in (run.folder / "scores.jsonl").read_text().splitlines()]
    copied = [line["values"]["cer"] for line in lines if line["system"] == "copy"]
    edits, letters = sum(value * weight for value, weight in copied), sum(weight for _, weight in copied)
    assert letters > 0 < edits
    assert row(tables(section(document, "glance"))[0], "copy")["cer"].text == f"{edits / letters:.1f}"


def test_a_failed_pair_stays_in_the_denominator_as_its_metric_says(document):
    loud = row(tables(section(document, "glance"))[0], "loud")
    assert (loud["emotion-level"].text, loud["emotion-level"].note) == (f"{100 * 23 / 24:.1f}", "24/24")  # a miss
    assert loud["voice-to-source"].note == "23/24"  # no worst: coverage tells
    failures = next(table for table in tables(section(document, "glance")) if table.caption.startswith("Failed"))
    assert f"{FAILING}.wav" in failures.rows[0].cells[1].text


def test_every_setting_and_all_together_have_every_system_and_the_natural_rows(document):
    table = tables(section(document, "settings"))[0]
    parts = list(dict.fromkeys(each.section.split(" ")[0] for each in table.rows))
    assert parts == ["all", "SSDT", "DSDT"]
    for part in parts:
        heads = [each.head for each in table.rows if each.section.startswith(part)]
        assert heads == ["source", "copy", "loud", "natural reference", "natural parallel"]


def test_natural_rows_are_what_the_judge_hears_in_natural_speech(document):
    glance = tables(section(document, "glance"))[0]
    assert row(glance, "source")["emotion-level"].text == "0.0"  # neutral: the floor
    assert row(glance, "natural parallel")["emotion-level"].text == "100.0"
    assert row(glance, "natural reference")["emotion-level"].text == "100.0"


def test_a_metric_that_tells_nothing_is_called_useless(document):
    table, = tables(section(document, "separation"))
    assert row(table, "guessed-mos")["verdict"].text == USELESS
    assert row(table, "emotion-level")["verdict"].text == row(table, "voice-to-source")["verdict"].text == SEPARATES
    assert row(table, "cer")["verdict"].text == BY_DEFINITION  # the source against its own transcript
    assert "Useless in this run of 24 pairs, whatever they say of systems: guessed-mos." in said(document, "separation")


@pytest.mark.parametrize("better, low, high, expected", [
    ("higher", 0.1, 0.3, SEPARATES), ("higher", -0.1, 0.3, USELESS), ("higher", -0.3, -0.1, REVERSED),
    ("lower", -0.3, -0.1, SEPARATES), ("lower", 0.1, 0.3, REVERSED), ("closer", -0.3, -0.1, SEPARATES)])
def test_a_verdict_minds_direction(better, low, high, expected):
    info = MetricInfo("m", "?", better, 0, 1, "", "", "")
    assert verdict(Difference((low + high) / 2, low, high, 0.01, 20), info) == expected


def test_a_metric_whose_model_is_missing_is_told_with_its_sentence(document):
    assert "mcd: not measured: The model is not installed; pip install it." in said(document, "settings")


def test_rows_that_every_table_needs_are_missed_aloud(tmp_path):
    one = make_run(tmp_path, systems=())
    document = document_of(one, worst=0, draws=100, entries=ENTRIES)
    text = said(document, "glance")
    assert "Not measured: natural source and source unchanged (the emotion floor)" in text
    assert "Not measured: copy-synthesis" in text
    assert said(document, "comparisons") == "Not measured: this run has one system."


def test_published_numbers_stand_under_their_heading_and_nowhere_else(document):
    assert published.HEADING == "published (other recogniser, ESD)"
    for part in document.sections:
        for table in tables(list(blocks(part.blocks))):
            theirs = {column.text for column in table.columns if column.group == published.HEADING}
            assert bool(theirs) == (part.anchor == "published")
    cer = tables(section(document, "published"))[0]
    place = [column.text for column in cer.columns].index("ZEST")
    assert cer.columns[place].group == published.HEADING
    assert [each.cells[place].text for each in cer.rows] == ["7.2", "5.6", "7.2", "5.4", "5.9", "14.8"]
    assert "Speaker accuracy: not measured in this run." in said(document, "published")


def test_predicted_mos_is_headed_as_predicted(document):
    columns = [column for part in document.sections for table in tables(list(blocks(part.blocks))) for column in table.columns]
    ours = [column for column in columns if column.text == "guessed-mos"]
    assert ours and all("predicted MOS" in column.detail for column in ours)
    assert "Listeners' MOS: not measured" in said(document, "settings")


def test_confusion_matrices_count_what_the_judge_heard(document):
    found = {table.caption: table for table in tables(section(document, "confusions"))}
    assert set(found) == {"source", "copy", "loud", "natural reference", "natural parallel"}
    assert row(found["loud"], "angry")["angry"].note == "12" and row(found["loud"], "sad")["sad"].note == "11"
    assert row(found["source"], "angry")["neutral"] == Cell("100 %", note="12", shade=1.0)


def test_differences_are_paired_and_signed(document):
    table = tables(section(document, "comparisons"))[0]
    assert [each.head for each in table.rows] == ["source \u2212 copy", "source \u2212 loud", "copy \u2212 loud"]
    cell = row(table, "source \u2212 loud")["emotion-level"]
    assert cell.text == "\u221295.8" and cell.mark == "clear"
    assert row(table, "source \u2212 copy")["emotion-level"].text == "0.0"


def test_the_natural_reference_stands_below_the_systems_and_over_the_bars(run, tmp_path):
    for name in ("run.json", "pairs.csv", "conversions.jsonl", "scores.jsonl"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    judged = JudgeReference(62.5, 16, {"angry": {"angry": 6, "sad": 2}, "sad": {"angry": 4, "sad": 4}})
    voice = VoiceReference(0.54, 16.9, 40, {"mean": 0.65, "p5": 0.5, "p95": 0.8, "pairs": 12}, Centroids({}, {}))
    keys = {"emotion@level": "level-judge-v1", "voice@spectrum": "spectrum-v1"}
    (tmp_path / "marks.json").write_text(json.dumps(NaturalReference({"level": judged}, {"spectrum": voice}, keys).document()))
    document = document_of(open_run(tmp_path), worst=0, draws=100, entries=ENTRIES)
    glance = tables(section(document, "glance"))[0]
    assert row(glance, "judge on natural speech")["emotion-level"] == Cell("62.5", note="16 clips")
    assert row(glance, "same speaker, another emotion")["voice-to-source"] == Cell("0.65", note="12 pairs")
    assert row(glance, "equal-error threshold")["voice-to-source"] == Cell("0.54", note="error 16.9 %")
    natural = next(table for table in tables(section(document, "confusions")) if table.caption.startswith("natural speech"))
    assert row(natural, "angry")["sad"].text == "25 %"


def two_axes(values: list[list[float]], weights: list[list[float]] | None = None) -> tuple[Matrix, Catalogue]:
    """Pairs of one system by CER and voice."""
    infos = [MetricInfo("cer", "", "lower", 0, 100, "%", "", ""),
             MetricInfo("voice-to-source", "", "higher", -1, 1, "cosine", "", "")]
    array = np.array(values, dtype=float)[None]
    pairs = tuple(Pair(f"p{k}", Path("s.wav"), Path("r.wav"), "sad") for k in range(array.shape[2]))
    made = np.ones((1, len(pairs)), dtype=bool)
    matrix = Matrix(pairs, ("mine",), ("cer", "voice-to-source"), array, np.ones_like(array) if weights is None else
                    np.array(weights, dtype=float)[None], ~made, made, (False, False))
    entries = {"cer": CatalogueEntry(infos[0], WORDS, role=CHARACTER_ERRORS),
               "voice-to-source": CatalogueEntry(infos[1], VOICE, role=SPEAKER_SIMILARITY)}
    return matrix, Catalogue(entries, ("cer", "voice-to-source"))


def test_the_worst_pair_is_bad_in_everything_and_not_only_extreme_in_one():
    """p2 has by far the worst CER and the best voice; p0 is second worst in words and worst in voice."""
    found = worst_pairs(*two_axes([[50, 1, 900, 2], [0.1, 0.8, 0.9, 0.7]]), "mine", count=2)
    assert [one.pair.id for one in found] == ["p0", "p2"]
    assert found[0].badness == pytest.approx((2 / 3 + 1) / 2)


def test_a_failed_conversion_is_no_worst_pair_because_it_cannot_be_heard(document):
    cards = [block for block in section(document, "worst") if isinstance(block, PairCard)]
    assert len(cards) == WORST and not any(FAILING in card.title for card in cards)
    matrix, catalogue = two_axes([[100, 1, 2], [0, 0.8, 0.7]])
    failing = replace(matrix, converted=np.array([[False, True, True]]))
    assert "p0" not in [one.pair.id for one in worst_pairs(failing, catalogue, "mine")]


def test_players_hold_the_recordings_unchanged(run, page):
    clips = re.findall(r'<audio[^>]*aria-label="converted: 1\. ([\w-]+)"[^>]*src="data:audio/flac;base64,([^"]+)"', page)
    (name, coded), = clips
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(coded)), dtype="float32")
    assert rate == 16_000
    np.testing.assert_array_equal(samples, load(run.wav("loud", name)).samples)


def test_players_shrink_and_then_give_way_where_a_report_would_become_too_large(run, monkeypatch):
    labelled = [("one", run.pairs[0].source), ("two", run.pairs[1].reference), ("none", None)]
    monkeypatch.setattr(worst, "FLAC_BUDGET", 10)
    assert [player.uri[:15] for player in worst.players(labelled)] == ["data:audio/ogg;", "data:audio/ogg;", ""]
    monkeypatch.setattr(worst, "BUDGET", 10)
    assert [(player.uri, player.missing) for player in worst.players(labelled)][1] == ("", worst.TOO_MUCH)


class Checker(html.parser.HTMLParser):
    """Collects what a page would fetch, and what a screen reader would miss."""

    def __init__(self):
        super().__init__()
        self.fetched: list[str] = []
        self.mute: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "id" in given and tag == "h2":
            self.ids.append(given["id"])
        for name in ("src", "href", "xlink:href"):
            value = given.get(name, "")
            self.links += [value] if tag == "a" else []
            self.fetched += [value] if value and not value.startswith(("data:", "#")) else []
        self.mute += [tag] if tag == "audio" and not given.get("aria-label") else []
        self.mute += [tag] if tag == "th" and not given.get("scope") else []
        self.mute += [tag] if given.get("role") in ("img", "region") and not given.get("aria-label") else []


def test_the_page_is_self_contained_and_can_be_read_aloud(page):
    checker = Checker()
    checker.feed(page)
    assert checker.fetched == [] and checker.mute == []
    plots = re.findall(r'<div class="scroll" tabindex="0" role="img" aria-label="([^"]*)"', page)
    assert len(plots) > 1 and all(re.match(r"F0\. |[\w@.-]+ \([^)]+\)( per target emotion)?\. ", said) for said in plots), plots
    assert not re.search(r"@import|url\((?!#)", page)
    assert page.count("<table") == page.count("<caption>") > 10
    assert len(checker.ids) == len(set(checker.ids)) and {f"#{name}" for name in checker.ids} <= set(checker.links)


def markdown_tables(text):
    """[caption, heads, rows] of every table of a Markdown page, cells as plain text."""
    found, lines = [], text.splitlines()
    for place, line in enumerate(lines):
        if not line.startswith("| "):
            continue
        cells = [" ".join(re.sub(r"\\(.)", r"\1", cell).split()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not lines[place - 1].startswith("| "):
            found.append((re.sub(r"\\(.)", r"\1", lines[place - 1 - (lines[place - 1] == "")]).strip("*"), cells, []))
        elif set("".join(cells)) - set("-:"):
            found[-1][2].append(cells)
    return found


def test_markdown_has_every_table_of_the_page(document):
    written = markdown_tables(to_markdown(document))
    expected = [table for part in document.sections for table in tables(list(blocks(part.blocks)))]
    assert len(written) == len(expected) > 10
    for table, (caption, heads, lines) in zip(expected, written, strict=True):
        assert caption == " ".join(table.caption.split()) and heads[0] == table.corner
        assert len(heads) == 1 + len(table.columns)
        assert all(each.text in head for each, head in zip(table.columns, heads[1:], strict=True))
        assert [name.strip("*") for name, *cells in lines if not any(cells) and name.startswith("**")] == [
            name for name, _ in groupby(each.section for each in table.rows) if name]
        rows = [cells for cells in lines if any(cells[1:]) or not cells[0].startswith("**")]
        for each, (head, *cells) in zip(table.rows, rows, strict=True):
            assert head.startswith(each.head) and each.detail in head
            assert len(cells) == len(each.cells)
            for cell, shown in zip(each.cells, cells, strict=True):
                assert " ".join(cell.text.split()) in shown and cell.detail in shown and cell.note in shown


def test_signs_of_html_and_markdown_in_names_stay_text():
    table = Table("caption", "corner", (Column("a|b"),), (Row("<script>alert(1)</script>", (Cell("*x*"),)),))
    document = Document("title", "", (Section("s", "S", (table,)),))
    assert "<script>" not in to_html(document) and "&lt;script&gt;" in to_html(document)
    assert r"a\|b" in to_markdown(document) and r"\<script\>" in to_markdown(document)


def test_provenance_says_how_to_repeat(run, document):
    text = " ".join(cell.text for table in tables(section(document, "provenance")) for each in table.rows for cell in each.cells)
    assert run.record.pairs_hash in text and "level-judge-v1" in text and "200 resamples, seed 0" in text
    assert "zest evaluate pairs.csv --system source --system copy -o RUN" in said(document, "provenance")


def test_the_page_fits_a_phone_makes_no_errors_and_passes_axe_in_both_themes(chromium, page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    shown, said = open_page(chromium, width=PHONE), []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto(path.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert said == []
    for theme in ("light", "dark"):
        shown.evaluate("(name) => { document.documentElement.dataset.theme = name; }", theme)
        assert axe_faults(shown) == [], theme
    look = "all => all.map((one) => [one.tabIndex === 0, one.scrollWidth > one.clientWidth])"
    wide = shown.locator(".scroll").evaluate_all(look)
    assert all(stop == scrolls for stop, scrolls in wide) and {stop for stop, _ in wide} == {True, False}


def test_a_report_is_two_files_the_same_every_time_and_silent_on_request(run, tmp_path):
    written = [write_report(run.folder, tmp_path / name, worst=1, audio=False, draws=100, entries=ENTRIES)
               for name in ("one.html", "two.html")]
    assert [file.markdown.name for file in written] == ["one.md", "two.md"] and is_report(written[0].markdown)
    assert written[0].html.read_bytes() == written[1].html.read_bytes()
    assert written[0].markdown.read_bytes() == written[1].markdown.read_bytes()
    page = written[0].html.read_text()
    assert "<audio" not in page and "left out on request" in page


def test_bad_requests_are_one_sentence_and_leave_nothing(run, tmp_path):
    with pytest.raises(ZestError, match="There is no folder"):
        write_report(tmp_path / "nowhere")
    with pytest.raises(ZestError, match="has no run.json"):
        write_report(tmp_path)
    with pytest.raises(ZestError, match="has no system 'x'; it has source, copy, loud"):
        write_report(run.folder, tmp_path / "a.html", worst_of="x", entries=ENTRIES)
    with pytest.raises(ZestError, match="would be both files"):
        write_report(run.folder, tmp_path / "a.md", entries=ENTRIES)
    with pytest.raises(OutputError, match="there is no folder"):
        write_report(run.folder, tmp_path / "missing" / "a.html", entries=ENTRIES)
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_scores_is_refused(run, tmp_path):
    for name in ("run.json", "pairs.csv"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    with pytest.raises(ZestError, match="has no scores yet"):
        write_report(tmp_path, entries=ENTRIES)


def test_an_unfinished_run_says_so_and_shows_coverage(run, tmp_path):
    for name in ("run.json", "pairs.csv", "conversions.jsonl"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    lines = (run.folder / "scores.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "scores.jsonl").write_text("".join(lines[:40]) + lines[40][:30])  # killed in the middle of a line
    document = document_of(open_run(tmp_path), worst=0, draws=100, entries=ENTRIES)
    assert "The run is not finished" in said(document, "glance")
    notes = {each.head: each.cells[0].note for each in tables(section(document, "glance"))[0].rows}
    assert (notes["source"], notes["copy"], notes["loud"]) == ("24/24", "16/24", "0/24")


@pytest.mark.parametrize("value, unit, signed, expected", [
    (12.345, "%", False, "12.3"), (0.678, "cosine", False, "0.68"), (-0.04, "%", False, "0.0"), (0.0, "%", True, "0.0"),
    (-0.04, "%", True, "\u22124e\u221202"),
    (-1.5, "semitones", True, "\u22121.500"), (3.0, "%", True, "+3.0")])
def test_numbers_are_written_with_the_decimals_of_their_unit(value, unit, signed, expected):
    assert number(value, unit, signed) == expected


def test_the_command_writes_a_report_of_a_run_whose_metrics_are_not_known(run, tmp_path):
    """Metrics of another version keep their numbers; what cannot be scored again is said."""
    result = CliRunner().invoke(app, ["report", str(run.folder), "-o", str(tmp_path / "r.html"), "--worst", "0", "--draws", "100",
                                      "--json"])
    assert result.exit_code == 0, result.output
    text = Path(json.loads(result.stdout)["markdown"]).read_text()
    assert re.search(r"^\| loud \|.* 95\.83 \[", text, re.M)
    assert "Natural rows not measured for cer, emotion-level" in text


def test_notes_of_ones_own_beside_a_page_are_not_taken_for_the_page_of_an_older_report(run, tmp_path):
    for name in ("mine.html", "mine.md"):
        (tmp_path / name).write_text("# Mine")
    result = CliRunner().invoke(app, ["report", str(run.folder), "-o", str(tmp_path / "mine.html")])
    assert isinstance(result.exception, OutputError) and "mine.md exists already" in str(result.exception)
    assert (tmp_path / "mine.html").read_text() == (tmp_path / "mine.md").read_text() == "# Mine"
    assert not is_report(tmp_path / "mine.md")


def test_the_command_refuses_a_folder_that_is_no_run(tmp_path):
    result = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert isinstance(result.exception, ZestError) and "has no run.json" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_every_option_of_the_command_is_documented():
    text = (ROOT / "docs" / "report.md").read_text()
    command = typer.main.get_command(app).commands["report"]
    options = {name for option in command.params for name in option.opts + option.secondary_opts if name.startswith("-")}
    assert {name for name in options if f"`{name}`" not in text} == set() and "--worst-of" in options
