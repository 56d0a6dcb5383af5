"""What the workbench says, in one place."""

from __future__ import annotations

from pipelines.audio import LIMITS

TITLE = "ZEST workbench"
TAGLINE = "Move the emotion of one recording onto another. The words and the voice stay."

SOURCE_LABEL = "Source: whose words and voice"
EMOTION_LABEL = "Emotion"
EMOTION_INFO = "A stored emotion, or the one of a second recording."
FROM_RECORDING = "From a recording"
REFERENCE_LABEL = "Reference: whose emotion"
LIMITS_NOTE = f"{LIMITS}. Speech of one person works best."
STRENGTH_LABEL = "Strength"
STRENGTH_INFO = "0 keeps the source, 1 is natural, 1.5 is the most."
TEMPO_LABEL = "Transfer the tempo too"
TEMPO_INFO = "Much of an emotion is in its timing; the length changes."
DECODER_LABEL = "Decoder"
DECODER_INFO = "Transfer adds the emotion's difference to the source's own sound."
DECODER_NAMES = {"transfer": "Transfer (WORLD)"}
SEED_LABEL = "Seed"
SEED_INFO = "0 is the average reading, others vary it."
CONVERT, CONVERTING = "Convert", "Converting…"
EXAMPLES_LABEL = "Or try an example (synthetic voices)"

EMPTY = "The converted recording, its F0 contours and the timings will appear here."
RESULT_LABEL = "Converted"
PLOT_LABEL = "F0 contours"
DETAILS_LABEL = "All numbers as JSON"

NO_SOURCE = "Add a source first: upload a recording or use the microphone."
NO_REFERENCE = "Add a reference recording whose emotion to take, or choose one of the stored emotions."
BUG = "Something went wrong inside the workbench; the server's log has the details."

FOOTER = ("Weights for research, CC BY-NC-SA 4.0. Convert only voices of people who agreed to it, "
          "and say that the result is synthetic.")
