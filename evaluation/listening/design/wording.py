"""Every text that a listener sees, in English: the one file to translate. Each study keeps the copy it was created with.

A translation is another dictionary with the same keys. Text in braces is filled in and must stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NO_SUCH_STUDY = ("There is no such listening test; check the link. Copy the whole of it, or ask whoever sent it to you for a new "
                 "one.")
YOUNGER = ("page", "refusals", "recruitment")  # groups of texts that grow with the page
ENGLISH: dict[str, Any] = {
    "language": "en",
    "title": "Listening test",
    "consent": {
        "text": "You will hear short recordings of speech and answer a question about each. It takes about {minutes} minutes. "
                "Your answers are stored under a random number, without your name or address, and may be published as research "
                "data. You may stop at any time, and you may withdraw, after which your answers are not counted.",
        "agree": "I am at least 18 years old and agree to take part.",
        "start": "Start",
    },
    "setup": {
        "device": {"label": "What are you listening with?",
                   "options": {"headphones": "Headphones", "earphones": "Earphones", "loudspeakers": "Loudspeakers"}},
        "place": {"label": "How quiet is it around you?",
                  "options": {"quiet": "Quiet", "some-noise": "Some noise", "noisy": "Noisy"}},
        "hearing": {"label": "Do you know of a hearing loss?",
                    "options": {"none": "No", "some": "Yes", "not-said": "I would rather not say"}},
        "volume": "Play this recording and set the volume so that the voice is clear and comfortable. Leave it there afterwards.",
    },
    "training": "First {count} recordings for practice, to get to know the range. These answers are not counted.",
    "progress": "{done} of {all}",
    "play_first": "Play every recording to its end; then you can answer.",
    "next": "Next",
    "comment": "Anything odd about this recording? (optional)",
    "withdraw": "Withdraw my answers",
    "withdrawn": "You have withdrawn. Your answers are marked and will not be counted.",
    "thanks": "Thank you, that was the last recording. Your completion code: {code}",
    "trap": "This one is a check that somebody is listening. Whatever you hear, choose: {answer}",
    "roles": {"source": "Speaker", "reference": "Emotion", "converted": "Recording", "a": "A", "b": "B"},
    "questions": {
        "naturalness": {
            "prompt": "How natural does this voice sound?",
            "hint": "Judge the sound of the voice only, not what is said.",
            "options": {"5": "Excellent", "4": "Good", "3": "Fair", "2": "Poor", "1": "Bad"}},
        "emotion-similarity": {
            "prompt": "How similar is the emotion in the two recordings?",
            "hint": "Ignore the words and the voice: they may differ.",
            "options": {"5": "The same emotion", "4": "Mostly the same", "3": "Somewhat alike", "2": "Mostly different",
                        "1": "Quite different"}},
        "speaker-similarity": {
            "prompt": "Could the two recordings be of the same person?",
            "hint": "Ignore the emotion, the words and the sound quality.",
            "options": {"5": "Certainly the same", "4": "Probably the same", "3": "Not sure", "2": "Probably different",
                        "1": "Certainly different"}},
        "emotion-choice": {
            "prompt": "Which emotion do you hear?",
            "hint": "Go by how it is said, not by the words.",
            "options": {"neutral": "Neutral", "angry": "Angry", "happy": "Happy", "sad": "Sad", "surprised": "Surprised",
                        "other": "Another one"}},
        "preference": {
            "prompt": "Which of the two sounds better?",
            "hint": "If you hear no difference, choose by your first impression.",
            "options": {"a": "A", "b": "B"}},
        "emotion-preference": {
            "prompt": "Which of the two is closer to the emotion of the first recording?",
            "hint": "Ignore the words and the voice: they may differ.",
            "options": {"a": "A", "b": "B"}},
        "abx": {
            "prompt": "X is the same recording as A or as B. Which?",
            "hint": "If you hear no difference, guess.",
            "roles": {"x": "X"},
            "options": {"a": "A", "b": "B"}},
        "comparison": {
            "prompt": "How natural does B sound, compared with A?",
            "hint": "Listen to A first. Judge the sound of the voice only, not what is said.",
            "options": {"3": "Much better", "2": "Better", "1": "Slightly better", "0": "About the same",
                        "-1": "Slightly worse", "-2": "Worse", "-3": "Much worse"}},
        "emotion-comparison": {
            "prompt": "How close is B to the emotion of the first recording, compared with A?",
            "hint": "Ignore the words and the voice: they may differ.",
            "options": {"3": "Much closer", "2": "Closer", "1": "Slightly closer", "0": "About the same",
                        "-1": "Slightly farther", "-2": "Farther", "-3": "Much farther"}},
        "mushra": {
            "prompt": "How good does each recording sound, compared with the reference?",
            "hint": "The reference is hidden among the recordings, too: give it 100. Judge the sound of the voice, not its "
                    "emotion.",
            "roles": {"source": "Reference"},
            "options": {"5": "Excellent", "4": "Good", "3": "Fair", "2": "Poor", "1": "Bad"}},
        "mushra-no-reference": {
            "prompt": "How good does each recording sound?",
            "hint": "Compare them as often as you like. Judge the sound of the voice, not its emotion.",
            "options": {"5": "Excellent", "4": "Good", "3": "Fair", "2": "Poor", "1": "Bad"}},
        "emotion-strength": {
            "prompt": "In which recording is the emotion strongest, and in which weakest: {emotion}?",
            "hint": "Go by how it is said, not by the words or the sound quality.",
            "options": {"best": "Strongest", "worst": "Weakest"}},
        "degradation": {
            "prompt": "How audible is a degradation, compared with the original?",
            "hint": "Listen to the original first. Judge the sound of the voice, not its emotion.",
            "roles": {"source": "Original"},
            "options": {"5": "Inaudible", "4": "Audible, but not annoying", "3": "Slightly annoying", "2": "Annoying",
                        "1": "Very annoying"}},
    },
    "page": {
        "setup_heading": "How you listen",
        "volume_heading": "Volume",
        "volume_clip": "Test recording",
        "practice_heading": "Practice first",
        "practice": "Practice",
        "practice_over_heading": "Practice is over",
        "practice_over": "From now on your answers count. There are {count} recordings or pairs of recordings to judge.",
        "begin": "Begin",
        "go_on": "Go on",
        "back_heading": "Welcome back",
        "back": "You go on where you stopped. Your answers so far are stored.",
        "pause": "You can stop at any time: open the link again on this device, and you go on where you were.",
        "no_memory": "This browser keeps nothing when the page is closed, so please answer everything in one go.",
        "no_audio": "This browser cannot play the recordings of this listening test. Open the link in a current Firefox, Chrome, "
                    "Edge or Safari.",
        "taking_part": "Have you begun already? Sign in, and you go on where you were.",
        "new_question": "New question",
        "sign_in_heading": "Sign in first",
        "sign_in": "This listening test takes one set of answers from each person, so you sign in with Hugging Face. Your user "
                   "name is not stored, only a code by which you are known again in this test.",
        "sign_in_go": "Sign in with Hugging Face",
        "sign_in_window": "The sign-in opens in a new window, and you go on there.",
        "loading": "Loading…",
        "saving": "Saving…",
        "play": "Play: {name}",
        "stop": "Pause: {name}",
        "again": "Play again: {name}",
        "unplayed": "not played yet",
        "played": "played",
        "choose": "Choose an answer.",
        "keys": "Keyboard: space plays, {answers} answer, Enter is Next.",
        "keys_two": "Keyboard: space plays, Q or W plays one again, {answers} answer, Enter is Next.",
        "keys_three": "Keyboard: space plays, Q, W or E plays one again, {answers} answer, Enter is Next.",
        "keys_sliders": "Keyboard: space plays the next one, 1 to {count} play a recording, Tab goes to the sliders, arrows move "
                        "them, Enter is Next.",
        "keys_best_worst": "Keyboard: space plays, 1 to {count} choose the strongest, then the weakest, Enter is Next.",
        "grade_each": "Move every slider.",
        "no_grade": "no grade yet",
        "close": "Close",
        "workbench": "To the workbench",
        "keys_answers": "{first} to {last}",
        "keys_either": "{first} or {last}",
        "try_again": "Try again",
        "start_over": "Start again",
        "unreachable": "The server cannot be reached. What you chose is still here; check your connection and try again.",
        "no_sound": "The recording could not be played; check your connection and your sound, then try again.",
        "withdraw_question": "Withdraw all of your answers? They stay marked and are not counted, and you cannot go on.",
        "withdraw_yes": "Withdraw",
        "withdraw_no": "Keep my answers",
        "withdrawn_heading": "Withdrawn",
        "done_heading": "All done",
        "copy": "Copy the code",
        "copied": "Copied",
    },
    "recruitment": {
        "native": {"label": "Is the language of the recordings your native language?",
                   "options": {"native": "Yes", "other": "No"}},
        "place": "A place is kept for you while you answer. After {minutes} minutes without an answer it may go to somebody "
                 "else.",
        "identity": "Your id on {platform} is kept apart from your answers, for the payment only.",
        "checks": "Some questions are checks that ask for one answer on the screen. {failures} failed ones end the payment.",
        "checks_one": "Some questions are checks that ask for one answer on the screen. One failed check ends the payment.",
        "preview": "This is a preview. Accept the task first; then you can begin.",
        "done": "Thank you, that was the last recording. Your answers are stored.",
        "failed": "Thank you, that was the last recording. You answered {count} of the instruction checks otherwise than "
                  "asked, so your answers are not counted. This is what was checked:",
        "check": "Asked on the screen: choose {asked}. Chosen: {given}.",
        "screened": "This listening test looks for other listeners, so you cannot take part.",
        "full": "This listening test has no place left.",
        "withdrawn": "You have withdrawn. Your answers are marked and will not be counted.",
        "code": "Your code for {platform}:",
        "go": "Back to {platform}",
        "soon": "You are taken back to {platform} in {seconds} seconds.",
        "stay": "Stay on this page",
        "by_hand": "Copy the code, and enter it on {platform}.",
    },
    "refusals": {
        "arrival": "This listening test takes listeners from a platform only; open it by the link there.",
        "parameter": "This link lacks {name}, or holds no id there; open the listening test from {platform} again.",
        "taken": "All places of this listening test are taken just now; thank you for your interest.",
        "group": "This listening test has enough listeners like you; thank you for your interest.",
        "screened": "This listening test looks for listeners who listen or speak otherwise; thank you for your interest.",
        "elsewhere": "You have taken part in a listening test of the same group, so you cannot take this one.",
        "place": "Your place was given to another listener, because there was no answer for long; your answers so far are "
                 "stored.",
        "session": "This page does not know you; open the link of the listening test again.",
        "sign_in": "Please sign in with Hugging Face first; then you can begin.",
        "no_sign_in": "This listening test asks listeners to sign in with Hugging Face, which this server does not offer; please "
                      "tell whoever sent you the link.",
        "consent": "The test starts once you agree to take part.",
        "setup": "Please answer every question about how you listen.",
        "closed": "This listening test is closed; thank you for your interest.",
        "enough": "This listening test has all the listeners it needs; thank you for your interest.",
        "withdrawn": "You have withdrawn from this listening test.",
        "trial": "This is not the recording you were asked about; reload the page to go on.",
        "clip": "This is not a recording of this question; reload the page to go on.",
        "value": "This is not one of the answers; choose one of those shown.",
        "unplayed": "Please play every recording to its end, then answer.",
        "answered": "You have answered this already; your first answer stands.",
        "comment": "The remark is too long or has characters that cannot be stored; use at most {most} letters.",
        "full": "Your answer was not stored, because the disk is full; please try again later.",
        "busy": "Your answer was not stored, because many are answering at once; please try again.",
        "lost": "Your answer was not stored, because the connection to the database was lost; please try again.",
        "nowhere": NO_SUCH_STUDY,
        "malformed": "The server did not understand this page; reload it and try again.",
        "method": "The server did not understand this page; reload it and try again.",
        "large": "This is more than the server takes; shorten the remark and try again.",
        "often": "Too many requests came at once; wait a moment, then try again.",
        "broken": "Something went wrong on the server, and nothing was stored; please try again later.",
    },
}


def sentence(wording: Mapping[str, Any], reason: str, **values: object) -> str:
    """What a listener is told when something is refused; `reason` is a key of "refusals"."""
    return wording["refusals"][reason].format(**values)


def with_todays_texts(wording: Mapping[str, Any]) -> dict[str, Any]:
    """The wording of a frozen study, and today's English for texts of the page that are younger than the study.

    What is asked, and what can be answered, is never filled in: that is what listeners judged by.
    """
    complete = dict(wording)
    for part in YOUNGER:
        if isinstance(complete.get(part, {}), Mapping):
            complete[part] = {**ENGLISH[part], **complete.get(part, {})}
    return complete


def texts_of(questions: Iterable[str]) -> dict[str, Any]:
    """The English texts that a study of these questions needs: a wording may lack those of others."""
    asked = set(questions)
    return {**ENGLISH, "questions": {name: texts for name, texts in ENGLISH["questions"].items() if name in asked}}


def missing_texts(wording: Mapping[str, Any], pattern: Mapping[str, Any] = ENGLISH, path: str = "") -> list[str]:
    """Texts that a translation lacks, as 'questions/naturalness/prompt'. Options of an answer may be more, never fewer."""
    found: list[str] = []
    for key, value in pattern.items():
        here = f"{path}/{key}" if path else key
        given = wording.get(key)
        if isinstance(value, Mapping):
            found += missing_texts(given, value, here) if isinstance(given, Mapping) else [here]
        elif not isinstance(given, str) or not given:
            found.append(here)
    return found
