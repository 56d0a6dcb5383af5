"""`zest page`: the workbench in a browser, in any folder; `python app.py` in a checkout is the same."""

from __future__ import annotations

from typing import Annotated, Optional

import typer


def page(
    port: Annotated[Optional[str], typer.Option(metavar="NUMBER", help="Port; GRADIO_SERVER_PORT, or 7860 if left out.")] = None,
    host: Annotated[Optional[str], typer.Option(
        metavar="ADDRESS", help="0.0.0.0 for all; GRADIO_SERVER_NAME, or 127.0.0.1 if left out.")] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Serve the API to agents, too, by the Model Context Protocol.")] = False,
    files: Annotated[Optional[str], typer.Option(
        metavar="FOLDER", help="Folder whose files programs may name by their paths.")] = None,
) -> None:
    """Open the workbench as a page, with the studies of the folder ./studies, until Ctrl-C."""
    from workbench.gradio_stubs import without_stubs
    from workbench.launching import open_page, take_options

    values = {"--port": port, "--host": host, "--files": files}
    words = [word for name, value in values.items() if value is not None for word in (name, value)]
    take_options([*words, *(["--mcp"] if mcp else [])], "zest page")
    with without_stubs():
        from workbench.demo import build_demo  # imported after the options: Gradio reads them when it is imported

    open_page(build_demo())
