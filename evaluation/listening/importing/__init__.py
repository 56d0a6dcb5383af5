"""Results of other tools, webMUSHRA and the P.808 toolkit, brought into the analysis of this project's own studies."""

from evaluation.listening.importing.imported import ImportedStudy, ImportOptions, import_answers, imported_results
from evaluation.listening.importing.kept import import_folders, list_studies, open_import
from evaluation.listening.importing.writing import write_import

__all__ = ["ImportOptions", "ImportedStudy", "import_answers", "import_folders", "imported_results", "list_studies",
           "open_import", "write_import"]
