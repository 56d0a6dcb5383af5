"""The Convert tab: a recording and an emotion in, the converted recording, its contours and numbers out.

On a desktop the result stands beside the inputs, on a phone above them (theme.py); both scroll it into view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from pipelines.errors import ZestError
from workbench.conversion import MODEL_QUEUE
from workbench.conversion_request import ConversionRequest
from workbench.listening.admin import AdminAccess
from workbench.listening.gather_tab import gather_panel
from workbench.sentences import attempt
from workbench.studio.comparison import Comparison
from workbench.studio.components import contour_view, player
from workbench.studio.jobs import CANCELLED, job_board
from workbench.studio.takes_view import takes_list
from workbench.tabs import tables, text
from workbench.tabs.convert_doctor import connect_doctor
from workbench.tabs.convert_inputs import (
    RECORDING,
    SETTING_SLOTS,
    Inputs,
    example_values,
    inputs_column,
    problem_updates,
    recognised_html,
    request_of,
    unfolded,
)
from workbench.tabs.convert_long import connect_lane
from workbench.tabs.convert_mix import connect_mixer
from workbench.tabs.convert_run import (
    Outputs,
    Shown,
    begins,
    every_preset,
    in_view,
    more_to_hear,
    progress_html,
    siblings,
    take_scored,
    target_of,
    task_of,
    updates,
    words_said,
)
from workbench.tabs.convert_takes import SETTING_NAMES, keep, keep_words, kept_take, linked, query_of, used
from workbench.tabs.invitation import invitation
from workbench.tabs.problems import QUIET, check_recording, problem, problem_slot, show_problem, slot_updates
from workbench.tabs.score import score_result

PLAY = "() => document.querySelector('#zest-player [data-studio]')?.zestStudio?.playChosen()"  # studio/page/player.js
IN_VIEW = f"() => {{ window.zest.takesChanged(); ({show_problem('zest-result-head', 'start')})(); }}"
WITH_TOKEN = "(...values) => { window.zest.takesBegin(); return [window.zest.visitor(), ...values.slice(1)]; }"
VISITOR = "(...values) => [window.zest.visitor(), ...values.slice(1)]"
COPY_LINK = """async (query) => { const address = window.zest.link(query); await window.zest.copy(address);
    return { __type__: 'update', value: address, visible: true }; }"""
INPUT_COUNT = 11  # of `Inputs.all`
Requests = Callable[..., list[ConversionRequest]]  # of the values of the inputs
SIBLINGS = """element.addEventListener('click', (event) => {
    const button = event.target.closest('[data-index]');
    if (button) trigger('click', { index: Number(button.dataset.index) }); });"""


@dataclass(frozen=True)
class Buttons:
    """Convert, All emotions, and Cancel, which shows while something runs."""

    convert: gr.Button
    everything: gr.Button
    cancel: gr.Button

    def all(self) -> list[gr.Button]:
        return [self.convert, self.everything, self.cancel]


def busy() -> list[Any]:
    return [gr.update(value=text.CONVERTING, interactive=False), gr.update(visible=False), gr.update(visible=True)]


def at_rest() -> list[Any]:
    return [gr.update(value=text.CONVERT, interactive=True), gr.update(visible=True), gr.update(visible=False)]


def look(requests: Requests, page: str, *values: Any) -> list[Any]:
    """Before anything is converted: what the inputs lack, or else busy buttons, and that the work is about to begin.

    Args:
        page: the session of the page, which may cancel from now on. values: of the inputs, as `request_of` takes them.
    """
    asked = requests(*values)
    found = _problems(asked)
    if not found:
        job_board().expect(page)
    return [*problem_updates(found), *((gr.skip(),) * 4 if found else [*busy(), begins(target_of(asked[0]), len(asked))])]


def convert(requests: Requests, page: str, token: str, kept: list[Comparison], *values: Any) -> Iterator[list[Any]]:
    """Updates for `Outputs`, as the work goes on.

    Args:
        page: the session of the page, which may cancel. token: of the visitor's takes, '' for none.
        kept: what the player offers already.
        values: of the inputs, as `request_of` takes them.
    """
    asked = requests(*values)
    if _problems(asked):
        yield updates(progress=gr.update(value=""))
        return
    try:
        turn = asked[0].turn()  # all are of one source
        job = job_board().start(token, page, target_of(asked[0]), [task_of(one, partial(keep, token), turn) for one in asked])
    except ZestError as error:
        yield updates(progress=gr.update(value=""), failed=problem(str(error)))
        return
    for state in job.follow():  # the last update says everything again: the browser drops what is followed at once by a skip
        progress = gr.update(value="") if state.ended else progress_html(state, len(asked))
        sentence = text.CANCELLED if state.state == CANCELLED else state.sentence
        new: dict[str, Any] = {"progress": progress, "failed": problem(sentence)}
        shown = list(job.results)
        if shown and (state.made or state.ended):
            new |= in_view(shown, 0, kept) if len(shown) == 1 else {"siblings": siblings(shown, 0), "shown": shown} | (
                more_to_hear(shown, kept))
        yield updates(**new)


def pick(shown: list[Shown], kept: list[Comparison], event: gr.EventData) -> list[Any]:
    """Another one of several results comes into view, and sounds."""
    index = event.index if isinstance(event.index, int) else 0
    return updates(**in_view(shown, index, kept)) if shown and 0 <= index < len(shown) else updates()


def show_take(kept: list[Comparison], event: gr.EventData) -> list[Any]:
    """A take comes into view."""
    shown, sentence = attempt(lambda: kept_take(*_take_of(event)))
    return updates(failed=problem(sentence)) if shown is None else updates(failed=problem(""), **in_view([shown], 0, kept))


def use_take(presets: Sequence[str], source: str | None, event: gr.EventData) -> list[Any]:
    """The settings of a take go into the inputs, and its source where there is none. The last update is a slot's."""
    values, sentence = attempt(lambda: used(*_take_of(event), source, presets))
    return [*(values or (gr.skip(),) * INPUT_COUNT), problem(sentence)]


def _take_of(event: gr.EventData) -> tuple[str, str]:
    """Token and id that the list of takes sent."""
    return str(event.key), str(event.take)


def cancel(request: gr.Request) -> None:
    """Whatever this page has asked for ends at its next stage."""
    job_board().cancel_page(request.session_hash or "")


def changed(shown: ConversionRequest | None, *values: Any) -> dict[str, Any]:
    """Says that what is shown was converted from other inputs, where it was."""
    stale = shown is not None and shown.essence() != request_of(*values).essence()
    return gr.update(value=f'<p class="zest-note" role="status">{text.CHANGED}</p>' if stale else "", visible=stale)


def check_choices(*values: Any) -> list[Any]:
    """Reference, its slot and those of the settings, and the fold of the rare ones, when a choice has changed."""
    request = request_of(*values)
    found = request.setting_problems()
    emotion, needed, given = values[1], values[1] == RECORDING, values[2]
    said = problem("") if not needed else check_recording(given) if given else gr.skip()  # that it is missing may stand there
    return [gr.update(visible=needed), recognised_html(emotion), said, *slot_updates(SETTING_SLOTS, found), unfolded(found)]


def convert_tab(demo: gr.Blocks, presets: Sequence[str], decoders: Sequence[str], trouble: str | None,
                access: AdminAccess) -> None:
    """Build the tab inside the current Blocks, demo.

    Args:
        presets: the checkpoint's stored emotions. decoders: those it has the weights for.
        trouble: a sentence to show at once, where the checkpoint cannot be loaded. access: of administrators, who can send
            a conversion to a listening test.
    """
    with gr.Row(equal_height=False, elem_id="zest-studio"):
        with gr.Column(scale=5, min_width=320, elem_id="zest-left"):
            with gr.Column(elem_id="zest-inputs"):
                inputs = inputs_column(presets, decoders)
                autoplay = gr.Checkbox(True, label=text.AUTOPLAY, container=False, elem_id="zest-autoplay")
                with gr.Row(elem_id="zest-go"):
                    buttons = Buttons(gr.Button(text.CONVERT, variant="primary", elem_id="zest-convert", scale=3, min_width=100),
                                      gr.Button(text.EVERYTHING, elem_id="zest-everything", scale=2, min_width=110),
                                      gr.Button(text.CANCEL, variant="stop", visible=False, elem_id="zest-cancel", scale=2,
                                                min_width=110))
            with gr.Column(elem_id="zest-takes-column"):
                takes = takes_list()
        with gr.Column(scale=7, min_width=320, elem_id="zest-right"):
            outputs = _outputs(trouble, presets, access)
    slots = [inputs.slots[name] for name in ("reference", *SETTING_SLOTS)]
    connect_mixer(inputs, presets)
    connect_doctor(inputs)
    gr.on([one.change for one in (*inputs.choices(), inputs.mixer)], check_choices, inputs.all(),
          [inputs.reference.audio, inputs.recognised, *slots, inputs.advanced], trigger_mode="always_last", **QUIET)
    gr.on([one.change for one in inputs.all()], changed, [outputs.request, *inputs.all()], outputs.changed,
          trigger_mode="always_last", **QUIET)

    def one(*values: Any) -> list[ConversionRequest]:
        return [request_of(*values)]

    def everything(*values: Any) -> list[ConversionRequest]:
        return every_preset(request_of(*values), presets)

    _run(buttons.convert.click, one, inputs, outputs, buttons)
    _run(buttons.everything.click, everything, inputs, outputs, buttons)
    for row, button in enumerate(inputs.examples):
        filled = button.click(partial(example_values, row), None, [inputs.source.audio, inputs.emotion, inputs.reference.audio],
                              **QUIET)
        _run(filled.success, one, inputs, outputs, buttons)
    buttons.cancel.click(cancel, None, None, **QUIET)
    shown = takes.select(show_take, outputs.compared, outputs.all(), **QUIET)
    shown.then(None, None, None, js=IN_VIEW, api_visibility="private")

    def use(source: str | None, event: gr.EventData) -> list[Any]:
        return use_take(presets, source, event)

    takes.submit(use, inputs.source.audio, [*inputs.all(), outputs.failed], **QUIET)
    connect_lane(inputs)
    _remember(demo, inputs, outputs, autoplay)
    picked = outputs.siblings.click(pick, [outputs.shown, outputs.compared], outputs.all(), **QUIET)
    picked.then(None, None, None, js=PLAY, api_visibility="private")


def _remember(demo: gr.Blocks, inputs: Inputs, outputs: Outputs, autoplay: gr.Checkbox) -> None:
    """What the address and the browser remember: settings in a link, and whether results sound at once."""
    emotions, decoders = ([str(value) for _, value in one.choices] for one in (inputs.emotion, inputs.decoder))

    def from_link(request: gr.Request) -> list[Any]:
        values, sentence = linked(dict(request.query_params), emotions, decoders)
        rare = gr.update(open=True) if values.keys() - {"emotion", "mix", "strength"} else gr.skip()
        return [*(values.get(name, gr.skip()) for name in ("emotion", *SETTING_NAMES, "mix")), rare,
                problem(sentence) if sentence else gr.skip()]

    demo.load(from_link, None, [*inputs.choices(), inputs.mixer, inputs.advanced, outputs.failed], **QUIET)
    demo.load(None, None, autoplay, js="() => window.zest.remembered('autoplay', true)", api_visibility="private")
    autoplay.input(None, autoplay, None, js="(on) => window.zest.remember('autoplay', on)", api_visibility="private")
    query = gr.Textbox(visible=False)
    inputs.link.click(query_of, [inputs.emotion, inputs.mixer, *inputs.choices()[1:]], query, **QUIET).then(
        None, query, inputs.address, js=COPY_LINK, api_visibility="private")


def _outputs(trouble: str | None, presets: Sequence[str], access: AdminAccess) -> Outputs:
    with gr.Column(elem_id="zest-result-head"):
        progress = gr.HTML(padding=False, elem_id="zest-progress")
        failed = problem_slot("zest-failed")
        status = gr.HTML(tables.empty(trouble) if trouble else invitation(), elem_id="zest-status", padding=False)
        result = gr.State()
        with gr.Column(elem_id="zest-results"):  # hidden by CSS until there is a result: a column shown later may miss updates
            change = gr.HTML(visible=False, padding=False, elem_id="zest-changed")
            siblings = gr.HTML(visible=False, padding=False, elem_id="zest-siblings", js_on_load=SIBLINGS)
            listen = player("zest-player")
            card, scored = score_result(result)
    with gr.Column(elem_id="zest-result-more"):
        contours = contour_view("zest-contours")
        table = gr.HTML(elem_id="zest-table", padding=False)
        with gr.Accordion(text.DETAILS_LABEL, open=False):
            details = gr.JSON(show_label=False, elem_id="zest-details")
        if access.administration.configured:
            gather_panel(access, result, ["", *presets])
    outputs = Outputs(progress, failed, status, change, siblings, listen, contours, table, details,
                      result, gr.State(), gr.State([]), gr.State([]))
    token = gr.Textbox(visible=False)
    scored.then(show_words, [token, outputs.shown, outputs.compared, card.scored, card.details], contours, js=VISITOR,
                api_visibility="private", concurrency_id=MODEL_QUEUE, show_progress="hidden")
    return outputs


def show_words(token: str, shown: list[Shown], kept: list[Comparison], scored: Any, card: Any) -> Any:
    """The contours of what was just scored, with its words, which stay with its take."""
    contours = words_said(kept, scored, card)
    take = take_scored(shown, scored)
    if take and isinstance(contours, dict) and "series" in contours:
        keep_words(token or "", take, contours, card.get("transcripts") or {})
    return contours


def _problems(requests: Sequence[ConversionRequest]) -> dict[str, str]:
    return next((found for one in requests if (found := one.problems())), {})


def _run(trigger: Callable, requests: Requests, inputs: Inputs, outputs: Outputs, buttons: Buttons) -> None:
    """Look at the inputs; buttons busy, convert, buttons at rest again whatever happened."""

    def look_first(request: gr.Request, *values: Any) -> list[Any]:
        return look(requests, request.session_hash or "", *values)

    def run_them(request: gr.Request, token: str, kept: list[Comparison], *values: Any) -> Iterator[list[Any]]:
        yield from convert(requests, request.session_hash or "", token or "", kept, *values)

    values = inputs.all()
    token = gr.Textbox(visible=False)
    looked = trigger(look_first, values, [*inputs.problems(), *buttons.all(), outputs.progress], **QUIET)
    looked.then(None, None, None, js=show_problem("zest-result-head", "start"), api_visibility="private")
    run = looked.then(run_them, [token, outputs.compared, *values], outputs.all(), js=WITH_TOKEN, api_visibility="private",
                      concurrency_limit=None, show_progress="hidden")
    run.then(at_rest, None, buttons.all(), **QUIET)
    run.then(None, None, None, js=IN_VIEW, api_visibility="private")
