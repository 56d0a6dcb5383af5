"""`zest page`: the workbench in a browser, where zest was installed from a wheel; `python app.py` in a checkout is the same."""

from __future__ import annotations

from typing import Annotated, Optional

import typer


def page(
    port: Annotated[Optional[str], typer.Option(metavar="NUMBER", help="Port; GRADIO_SERVER_PORT, or 7860 if left out.")] = None,
    host: Annotated[Optional[str], typer.Option(
        metavar="ADDRESS", help="0.0.0.0 for all; GRADIO_SERVER_NAME, or 127.0.0.1 if left out.")] = None,
) -> None:
    """Open the workbench as a page, until Ctrl-C.

    It serves the studies of the folder ./studies.
    """
    from workbench.launching import open_page, take_options

    take_options([word for name, value in (("--port", port), ("--host", host)) if value is not None for word in (name, value)],
                 "zest page")
    from workbench.demo import build_demo  # imported after the options: Gradio reads them when it is imported

    open_page(build_demo())
