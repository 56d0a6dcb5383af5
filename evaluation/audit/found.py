"""What an audit found, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from evaluation.audit.measures import Calibration
from evaluation.report.statistics import Difference, Estimate

Estimates = Mapping[str, Estimate | None]


@dataclass(frozen=True)
class JudgeAudit:
    """A judge. Accuracies are means over emotions, %.

    Attributes:
        name, key, models: as in run.json. emotions: those that the judge knows and the clips have.
        accuracy: on natural speech; corpora, speakers, each: the same by corpus, by speaker, by emotion.
        conditions: after a change, by its name; changes: minus the same clips unchanged.
        calibration: None where nothing was judged. confusion: label to decision to clips.
        card: whether the repository says what the judge was trained on.
    """

    name: str
    key: str
    models: str
    emotions: tuple[str, ...]
    accuracy: Estimate | None
    corpora: Estimates
    speakers: Estimates
    each: Estimates
    conditions: Estimates
    changes: Mapping[str, Difference | None]
    calibration: Calibration | None
    confusion: Mapping[str, Mapping[str, int]]
    card: bool


@dataclass(frozen=True)
class DistanceAudit:
    """A metric that uses a distance: shares of triplets, %, in which the right recording is nearer; 50 is chance.

    Attributes:
        about: 'emotion' or 'voice'. words: what is compared.
        triplets: by distractor. corpora, speakers: by corpus or the anchor's speaker, then by distractor.
        conditions: with the anchor changed, by condition, then by distractor; changes: minus the same triplets unchanged, over
            all distractors.
    """

    name: str
    key: str
    about: str
    words: str
    triplets: Estimates
    corpora: Mapping[str, Estimates]
    speakers: Mapping[str, Estimates]
    conditions: Mapping[str, Estimates]
    changes: Mapping[str, Difference | None]


@dataclass(frozen=True)
class Verdict:
    """Whether a metric passed. name: of the metric; key: of its observer. reasons: where it failed, a few words each."""

    name: str
    key: str
    reasons: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.reasons


@dataclass(frozen=True)
class Audit:
    """Everything.

    Attributes:
        about: on which speech, one sentence. corpora, speakers: clips by name. draws, seed: of the bootstrap.
        agreement: Cohen's kappa of two judges, by 'one and other'; listeners: of a judge with the listeners' majority.
        conditions: words of each that was tried. not_measured: why something was not, by name.
        notes: plain sentences that a reader must know.
    """

    about: str
    corpora: Mapping[str, int]
    speakers: Mapping[str, int]
    draws: int
    seed: int
    command: str
    judges: tuple[JudgeAudit, ...]
    distances: tuple[DistanceAudit, ...]
    agreement: Estimates
    listeners: Estimates
    conditions: Mapping[str, str]
    verdicts: tuple[Verdict, ...] = ()
    not_measured: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON; each verdict says whether it is passed."""
        return asdict(self) | {"verdicts": [asdict(one) | {"passed": one.passed} for one in self.verdicts]}
