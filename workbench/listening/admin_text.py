"""What the administrator of listening tests reads, in one place."""

from __future__ import annotations

TAB = "Results"
NOT_SET_UP = ("Results on this page need an administrator: set `WORKBENCH_ADMIN_PASSWORD` (at least 10 letters), or on Spaces "
              "`WORKBENCH_ADMINS` to Hugging Face user names, and start again. `zest study` on the command line needs neither.")
TOO_SHORT = ("`WORKBENCH_ADMIN_PASSWORD` has fewer than 10 letters and is not used, so it opens no results; set a longer one and "
             "start again.")
NO_NAMES = "`WORKBENCH_ADMINS` is not used, because only a Space with `hf_oauth: true` has a sign-in that can be believed."
LOCKED = "Only an administrator may do that; unlock the tab Results first."
NO_PASSWORD = "Enter the administrator's password first."
WRONG = "That is not the password."
TOO_MANY = "Too many wrong passwords; wait ten minutes and try again."

LOCKED_TITLE = "Results of listening tests"
LOCKED_NOTE = "Scores, answers and the making of studies are for administrators."
PASSWORD_LABEL = "Administrator's password"
UNLOCK, LOCK = "Unlock", "Lock"
UNLOCKED_NOTE = "Unlocked in this browser for {hours:g} hours, or until you lock it."
ENDED = ("This page is locked again: by Lock in another tab, by a new start of the workbench, or after {hours:g} hours; enter "
         "the password.")
UNREACHABLE = "The server cannot be reached; check the connection and try again."
NO_COOKIE = "The password is right, but this browser keeps no cookie of this page; allow cookies for it and try again."
MALFORMED = "Send the password as a JSON object, such as {\"password\": \"...\"}."
SIGN_IN = "Sign in with Hugging Face"

STUDIES_LABEL = "Listening tests"
NO_STUDIES = ("No listening test yet. Create one beside a finished evaluation (tab Evaluate, A whole set), from gathered "
              "conversions below, or with `zest study create`.")
CHOOSE = "Choose a listening test to see what its listeners said."
REFRESH, CLOSE, EXPORT = "Refresh", "Close the study", "Export"
CLOSE_SURE = "No more answers will be taken, and a closed study cannot be opened again."
CLOSE_YES, CLOSE_NO = "Close it", "Keep it open"
CLOSED_NOW = "The study is closed; no more answers are taken."
CLOSED_ALREADY = "The study was closed already."
ANALYSING, EXPORTING = "Analysing…", "Writing…"
LINK_LABEL = "Link for listeners"
LINK_LOCAL = "Only this machine reaches that address; set WORKBENCH_ADDRESS to the public one, and links have it."
DOWNLOAD_LABEL = "Raw answers, results, pictures and paragraph"
PARAGRAPH_LABEL = "Paragraph for a paper"
PARAGRAPH_INFO = "Method and outcome with everything a reviewer asks; shorten it."
NO_SUCH_STUDY = "That study is not in the folder of studies any more; refresh the page."

NO_ANSWERS = "No answers yet. Send the link to listeners; what they say appears here."
NOBODY_COUNTS = ("No listener counts yet: nobody has finished a whole set and passed the screening, so there are no scores after "
                 "screening to show.")
PRELIMINARY_NOTE = "Preliminary: fewer than {least} ratings, drawn as broken lines."
ANCHORS_NOTE = "Names in brackets are hidden anchors, not systems."
DIFFERENCES_NOTE = "First minus second; p by Wilcoxon's signed-rank test over listeners, adjusted after Benjamini and Hochberg."
AGREEMENT_NOTE = "1 is agreement, 0 is chance; no number where no two listeners have answered the same trial."
PREFERENCE_NOTE = "Bradley-Terry scores in log odds; 0 is the mean of all that were compared."
EMOTIONS_NOTE = "Of the floor, the unconverted source, the target is the source's own emotion."

MAKE_TITLE = "Make a listening test"
MAKE_NOTE = ("For administrators. Listeners judge these conversions blind, among hidden anchors; a study never changes once "
             "it is created.")
SYSTEMS_LABEL, SYSTEMS_INFO = "Systems", "Pairs that one of them failed on are left out."
QUESTIONS_LABEL, QUESTIONS_INFO = "Questions", "Fewer questions give more ratings of each."
LISTENERS_LABEL, LISTENERS_INFO = "Listeners", "Who shall finish."
CAP_LABEL, CAP_INFO = "Trials", "A listener's most."
SEED_LABEL, SEED_INFO = "Seed", "Of the drawing."
SIGN_IN_LABEL, SIGN_IN_INFO = "Listeners sign in with Hugging Face", "One set from each account, on any device."
CHECKS_LABEL = "Listening checks"
CHECKS_INFO = "After ITU-T P.808, before the practice, four tasks each. Who fails one is told so, and is not counted."
CHECK_NAMES = {"environment": "Noise of the room", "bandwidth": "Sound of the device", "hearing": "Tones in noise"}
RECRUIT_TITLE = "Listeners from Prolific, Mechanical Turk or SONA; quotas"
RECRUIT_LABEL = "Recruitment file"
RECRUIT_INFO = "TOML with platform, completion codes and quotas (docs/listening.md). Left empty: a plain link."
LANGUAGES_TITLE = "Languages and texts of the listeners' page"
LANGUAGES_LABEL = "Languages"
LANGUAGES_INFO = "The page follows the browser, and listeners can choose. The first is for browsers that prefer none of them."
TEXTS_LABEL = "Texts of your own"
TEXTS_INFO = ("JSON of one language, with only what differs, or a whole further language, as zest study texts writes it "
              "(docs/listening.md). Left empty: the usual texts.")
BUDGET_TITLE = "Budget and power, before it is made"
BUDGET_NOTE = "What the listeners above will cost, and which difference between two systems they will find."
RATE_LABEL, RATE_INFO = "Pay for an hour", "Empty: no cost."
CURRENCY_LABEL, CURRENCY_INFO = "Currency", "Of the pay."
FEE_LABEL, FEE_INFO = "Fee, %", "The platform's, on top."
EXCLUDED_LABEL, EXCLUDED_INFO = "Excluded, %", "Finish, but fail the screening."
LEAVE_LABEL, LEAVE_INFO = "Drop out, %", "Begin, but do not finish."
DIFFERENCE_LABEL = "A difference"
DIFFERENCE_INFO = "How probably is it found? As 0.3 or naturalness=0.3; of preference in % above 50."
EARLIER_LABEL = "Variances"
EARLIER_INFO = "From a study of this workbench that has answers, or the usual ones."
EARLIER_NONE = "Usual variances (simulated listeners)"
ESTIMATE, ESTIMATING = "Estimate", "Simulating…"
MAKE, MAKING = "Make the listening test", "Making…"
NO_SYSTEMS = "Choose at least one system that listeners shall judge."
NO_QUESTIONS = "Choose at least one question."
NO_NUMBER = "Give whole numbers: at least 1 listener, at least 1 trial, and a seed of 0 or more."
QUESTION_NAMES = {"naturalness": "Naturalness", "quality": "Speech quality (ITU-T P.808)",
                  "emotion-similarity": "Emotion, against the reference",
                  "speaker-similarity": "Speaker, against the source", "emotion-choice": "Which emotion",
                  "preference": "Preference, A or B",
                  "emotion-preference": "Emotion, A or B, with the reference",
                  "abx": "ABX, is there a difference",
                  "comparison": "Comparison (CMOS), B against A",
                  "emotion-comparison": "Emotion, B against A (CMOS), with the reference",
                  "mushra": "MUSHRA, with the reference",
                  "mushra-no-reference": "MUSHRA, without a visible reference",
                  "emotion-strength": "Strength of the emotion, best and worst",
                  "degradation": "Degradation (DMOS), against the source",
                  "signal": "Speech signal (ITU-T P.835)", "background": "Background noise (ITU-T P.835)",
                  "overall": "Overall quality (ITU-T P.835)",
                  "impairment": "Impairment, against the hidden reference (ITU-R BS.1116)"}

IMPORT_TITLE = "Results of another tool"
IMPORT_NOTE = ("Answers that webMUSHRA (mushra.csv, bs1116.csv, paired_comparison.csv, lss.csv, lms.csv) or the P.808 "
               "toolkit (votes_per_worker_.csv; of P.835 all_votes_per_clip.csv) collected, in the same analysis. They are never "
               "mixed with answers of this workbench. Listeners get numbers, and the file is deleted here once it is analysed.")
IMPORT_FILE = "File of results"
IMPORT_QUESTION, IMPORT_QUESTION_INFO, IMPORT_ANY = "Question", "What was asked.", "As the file says"
IMPORT_ANCHOR, IMPORT_ANCHOR_INFO = "Anchor of the post-screening", "Of MUSHRA; ITU-R BS.1534 names that of 7 kHz."
IMPORT_ANCHORS = {"As in ITU-R BS.1534": "", "7 kHz": "7", "3.5 kHz": "3.5"}
IMPORT_PATTERN = "Pattern for names of clips"
IMPORT_PATTERN_INFO = "Of P.808, such as (?P<item>.*)_(?P<system>[^_]*)[.]wav. Left empty: the columns of the file."
IMPORT_RENAME, IMPORT_RENAME_INFO = "Other names for systems", "Such as C1=ours, hidden=reference."
IMPORT_LEAVE_OUT, IMPORT_LEAVE_OUT_INFO = "Trials that do not count", "Such as those for training, with commas."
IMPORT, IMPORTING, IMPORT_MORE = "Analyse the file", "Analysing…", "Names and trials"
IMPORT_NONE = "Choose a file of results first."
IMPORT_FILES = "Answers by number, results, pictures and paragraph"

GATHER_TITLE = "Send to listening test"
GATHER_NOTE = ("For administrators. Keeps this conversion with its source and reference, until a listening test is created from "
               "what was gathered (tab Results).")
GATHER_SYSTEM_LABEL = "System"
GATHER_SYSTEM_INFO = "Named after the settings of this conversion; pairs by two systems can be compared."
GATHER_EMOTION_LABEL, GATHER_EMOTION_INFO = "Emotion", "Of the reference, if it has a name."
GATHER = "Send to listening test"
GATHER_REPLACE = "Replace the one that is gathered"
GATHERED_TITLE = "Gathered conversions"
NOTHING_GATHERED = "Nothing gathered yet: on the tab Convert, send conversions to a listening test."
FORGET = "Empty the collection"
FORGET_SURE = "All gathered conversions are deleted; studies created from them keep their own copies."
FORGET_YES, FORGET_NO = "Delete them", "Keep them"
CREATED = "The listening test is created. Its link:"
NO_JOB = "This evaluation is not here any more, or is not finished; evaluate the set again."
NOT_CONVERTED = "Convert a recording first; then it can be sent to a listening test."
LIST_LINE = "{systems}\n{state}: {completed} of {planned} finished, {begun} began. {questions}. Made {created}, id {id}…"
IMPORT_LINE = "{systems}\nImported from {tool}: {listeners}. {questions}. Id {id}…"
BROKEN_LINE = "{id}\nBroken: {sentence}"
OPEN, CLOSED = "Open", "Closed"
PAIRS = "{pairs}, converted by {systems}."
SENT = {"added": "Sent as a conversion by {system}.",
        "same": "This conversion by {system} was sent before; nothing changed.",
        "replaced": "Sent. It replaces the older conversion of this pair by {system}."}
SENT_NEXT = "Administrators make a listening test of what was gathered on the tab Results."
