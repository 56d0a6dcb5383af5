"""Calls of the API without a server: values as JSON has them, files by their paths."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.api.endpoint import Endpoint


@pytest.fixture
def own_files(tmp_path, monkeypatch):
    """Calls may name any file of this machine, and results go to the test's folder."""
    monkeypatch.setenv("WORKBENCH_FILES", "/")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))


def call(endpoint: Endpoint, **given: Any) -> Any:
    """What an endpoint answers. Raises gr.Error."""
    unknown = given.keys() - endpoint.parameters.keys()
    assert not unknown, unknown
    values = {name: schema.get("default") for name, schema in endpoint.parameters.items()} | given
    return endpoint.served()(*values.values())
