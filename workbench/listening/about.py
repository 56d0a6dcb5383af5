"""What anyone with the link may know of a study: its texts, how long it takes, and nothing of what is judged."""

from __future__ import annotations

import math
from typing import Any

from evaluation.listening.design.study import Study
from evaluation.listening.store import AnswerStore
from evaluation.listening.store.validation import MOST_LETTERS
from workbench.listening.signed_in import signs_in

ANSWERING = 4.0  # seconds to think and click, beside playing every clip once
SETTING_UP = 60.0  # seconds for consent, questions about listening and the volume
NOT_TOLD = ("refusals", "questions", "trap", "roles")  # come with a trial or a refusal, where they are wanted


def about(store: AnswerStore, user: str = "") -> dict[str, Any]:
    """JSON-able. user: whom the sign-in names. Raises StoreError."""
    study = store.study
    texts = {name: text for name, text in study.wording.items() if name not in NOT_TOLD}
    count = len(study.design.training)
    return {"study": study.id, "closed": store.is_closed(), "minutes": minutes(study),
            "practice": count, "volume_clip": study.design.training[0].clips[0][1], "remark_letters": MOST_LETTERS,
            "texts": texts, "closed_text": study.wording["refusals"]["closed"], "sign_in": study.sign_in,
            "sign_in_offered": signs_in(), "no_sign_in_text": study.wording["refusals"]["no_sign_in"], "signed_in": bool(user),
            "known": bool(study.sign_in and user) and store.knows(user)}


def minutes(study: Study) -> int:
    """How long the longest set takes, practice and setting up included."""
    def seconds(trials) -> float:
        return sum(ANSWERING + sum(study.seconds(clip) for _, clip in trial.clips) for trial in trials)

    return math.ceil((SETTING_UP + seconds(study.design.training) + max(map(seconds, study.design.cells))) / 60)
