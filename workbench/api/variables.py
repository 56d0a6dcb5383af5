"""Variables of the environment that the API reads; light, since options are read before anything is imported that takes long."""

from __future__ import annotations

FILES_VARIABLE = "WORKBENCH_FILES"  # a folder whose files calls may name by their paths
MCP_VARIABLE = "GRADIO_MCP_SERVER"  # Gradio's own: "true" serves MCP
