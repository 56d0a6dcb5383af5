"""The texts of the workbench's page."""

from __future__ import annotations

from pipelines.features.audio import LIMITS, MAX_SECONDS, MIN_SECONDS

TITLE = "ZEST workbench"
TAGLINE = "Move the emotion of one recording onto another. The words and the voice stay."

SOURCE_LABEL = "Source: whose words and voice"
EMOTION_LABEL = "Emotion"
FROM_RECORDING = "From a recording"
A_MIX = "Mix"
ADD_RECORDINGS = "Add recordings to the mix"
TOO_MANY_RECORDINGS = "A mix takes at most {} recordings; take one out first."
DENOISE = "Denoise the source"
CHECKING = "Checking the source…"
REFERENCE_LABEL = "Reference: whose emotion"
LIMITS_NOTE = f"{MIN_SECONDS:g} to {MAX_SECONDS:g} seconds in any common format; up to 60 minutes, phrase by phrase."
ALL_LIMITS = f"Recordings: {LIMITS}."
DIRECT = "Direct the source phrase by phrase"
BASELINE = "Baseline: {}"
CHANGED = "The inputs have changed since. What is shown here was converted before; Convert makes it anew."
CARD_CHANGED = "The inputs have changed since. This card is of what it names; score again for another."
CONVERT, CONVERTING = "Convert", "Converting…"
EVERYTHING, SIBLINGS = "All emotions", "All emotions side by side"
CONVERTING_WHAT, PROGRESS = "Converting {}", "How far the conversion is"
BEGINS, LOADING = "Beginning", "Loading the models"
CANCELLED = "Cancelled. What was done before is kept."
AUTOPLAY = "Play the result as soon as it is ready"
LINK, LINK_LABEL = "Copy a link to these settings", "Link to these settings, without recordings"
LINK_UNKNOWN = "This link names what is not known here: {}. The other settings are taken over."
ADVANCED = "Advanced: decoder, tempo, F0, seed"
EXAMPLES_LABEL = "Try"

INVITATION = "The same voice, another emotion"
INVITATION_NOTE = "F0 of one sentence, as a synthetic voice spoke it (grey) and converted to angry (blue)."
HEAR = "Hear it"
THEN = (("Compare", "source and results at the same place, at equal loudness."),
        ("Score", "emotion, voice and words, in one sentence."),
        ("Keep", "every result as a take, with its settings."))
PLOT_LABEL = "F0 contours"
DETAILS_LABEL = "All numbers as JSON"
NUMBERS_LABEL = "Numbers and timings"

SCORE, SCORING = "Score this conversion", "Scoring…"
SCORE_NUMBERS = "All numbers of the score"
SCORE_FOLD = "What the score needs to know (optional)"
SCORE_NOTE = ("Whisper, three emotion judges, a speaker embedding and a MOS predictor. Only Whisper's lower blocks take part in "
              "the conversion, too: SACE reads them. It takes seconds, the first time longer.")
TEXT_LABEL = "What is said (optional)"
TEXT_INFO = "Without it, the transcript of the source stands in."
LANGUAGE_LABEL, LANGUAGE_INFO = "Language", "Others can be typed."
CARD_EMPTY = "The score card will appear here."
NOT_CONVERTED = "Convert a recording first; then its result can be scored."

ONE_TAB, SET_TAB = "One conversion", "A whole set"
SCORED_SOURCE, SCORED_REFERENCE, SCORED_RESULT = "Source", "Reference (optional)", "Converted"
TARGET_LABEL, TARGET_INFO = "Emotion", "The target."
UNSAID = "Not said"
FILES_LABEL = "Zip, or CSV and zip"
FILES_NOTE = ("A zip of recordings with a CSV inside, or the CSV beside it. The CSV has the columns `source`, `reference`, "
              "`converted` (paths in the zip); optional are `text`, `language`, `emotion` (of the reference), `system`, `id`, "
              "`setting`, `source_speaker`. " + LIMITS + ".")
NO_METRIC = "Choose at least one metric."
METRICS_LABEL = "Metrics"
BASELINES_LABEL = "Also score the natural source and its copy-synthesis"
BASELINES_INFO = "The rows that every number is held against."
START, STARTING = "Evaluate", "Checking the upload…"
CANCEL, GO_ON = "Cancel", "Go on"
DOWNLOADS_LABEL = "Report, tables, scores, and the whole run"
GONE = "There is no such evaluation here any more; jobs are deleted {hours:.0f} hours after their end."

FRONTIER_TAB = "Frontier"
FRONTIER_NOTE = ("A zip of recordings with a CSV inside, or the CSV beside it. The CSV lists pairs (`source`, `reference`, "
                 "`emotion`), or is a manifest, of which pairs are drawn (`path`, `speaker`, `emotion`, `text_id` and so on).")
NO_FRONTIER_FILES = "Add recordings first: a zip with a CSV inside, or the CSV and the zip."
SYSTEMS_LABEL, NO_SYSTEM = "Systems", "Choose at least one system."
STRENGTHS_LABEL = "Strengths"
STRENGTHS_INFO = "First, last and step, or numbers with commas. A system without strength is a point."
PRESETS_LABEL, PRESETS_INFO = "Presets, too", "Each converter also takes the stored emotion in place of the reference."
COUNT_LABEL, COUNT_INFO = "Pairs", "That are drawn of a manifest; a list of pairs is taken whole."
FRONTIER_START = "Measure the frontier"

INSTRUMENTS_LABEL = "Judges, and converters by others"
AUDIT_HEAD, RIVALS_HEAD = "What the judges and distances are worth", "Converters by others"
AUDIT_NOTE = ("A metric that fails its audit is still measured, and a line beside its tables says so. `zest judge audit` makes "
              "the audit on your own speech.")
NO_AUDIT = "There is no audit of the judges here; 'zest judge audit --manifest manifest.csv -o AUDIT --keep' makes one."
RIVALS_NOTE = ("Each is a system of `zest evaluate` and `zest frontier` where it is installed. None comes with the workbench; "
               "docs/rivals.md shows how one is installed and named.")
INSTALLED, NOT_INSTALLED = "Installed, version {version}", "Not installed"

LISTEN_TAB = "Listen"
LISTEN_HOW = ("## Take part in a listening test\nYou hear short recordings of speech and say what you think of them. Each test "
              "has a link of its own, which you got from whoever runs it. Headphones and a quiet room help; no account is "
              "needed unless the test says so.")
LISTEN_LINK_LABEL, LISTEN_LINK_INFO = "Link of the test", "Paste the whole link, or only its last part."
LISTEN_OPEN = "Open"
LISTEN_NO_ID = ("There is no such listening test, because this is no link of a listening test. Copy the whole link that you were "
                "given, or ask whoever sent it for a new one.")
LISTEN_NOTHING = "The link of the listening test is missing; paste the whole link that you were given."
LISTEN_BROKEN = "This listening test cannot be opened at the moment; please tell whoever sent you the link."

FOOTER = ("Weights for research, CC BY-NC-SA 4.0. Convert only voices of people who agreed to it, "
          "and say that the result is synthetic.")
