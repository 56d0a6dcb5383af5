"""MCP over the real protocol: an agent that reads no manual converts and scores; OpenAPI; what the pages show of both."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest
from openapi_spec_validator import validate

from benchmarks.mcp_session import main, session
from pipelines.settings import about
from tests.support.waiting import SECONDS
from workbench.api.agents import INSTRUCTIONS, plain, progress_message, refusal
from workbench.api.all import ENDPOINTS
from workbench.api.errors import CODES, MEANINGS
from workbench.api.openapi import openapi
from workbench.cli import exit_codes

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()
NAMES = [one.name for one in ENDPOINTS]


def test_an_agent_without_a_workbench_or_a_recording_gets_one_sentence(source_path, tmp_path):
    with pytest.raises(SystemExit, match="No workbench answers on http://127.0.0.1:1;"):
        main(source_path, address="http://127.0.0.1:1")
    with pytest.raises(SystemExit, match="There is no recording"):
        main(tmp_path / "none.wav")


@pytest.mark.server
def test_an_agent_that_knows_what_the_server_says_converts_and_scores(workbench, source_path):
    said = asyncio.run(asyncio.wait_for(session(workbench, source_path, "angry"), SECONDS))
    assert said.numbers["check"]["usable"] is True and said.numbers["convert"]["target"] == "angry"
    assert said.numbers["score"]["emotions"][0]["wanted"] == "angry" and said.numbers["score"]["verdict"]
    assert "< (image/png)" in said.lines, "the contours come as a picture"


@pytest.mark.server
def test_tools_say_what_is_wrong_with_a_code_how_far_they_are_and_answer_json(workbench, source_path):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    shares = []

    async def progress(done, total, message):
        shares.append(message)

    async def talk():
        async with (streamable_http_client(f"{workbench}gradio_api/mcp/") as (read, write, _),
                    ClientSession(read, write) as client):
            await client.initialize()
            tools = (await client.list_tools()).tools
            upload = {"files": (source_path.name, source_path.read_bytes())}
            path = httpx.post(f"{workbench}gradio_api/upload", files=upload).json()[0]

            async def said(name, progress_callback=None, **given):
                answer = await client.call_tool(name, given, progress_callback=progress_callback)
                return answer.isError, [one.text for one in answer.content if one.type == "text"]

            wrong = [await said(*call[:1], **call[1]) for call in (
                ("convert", {"source": path, "emotion": "sadd"}), ("convert", {"source": "/etc/passwd", "emotion": "sad"}),
                ("convert", {"source": path, "strength": 3}), ("convert", {"emotion": "sad"}), ("check", {"sorce": path}),
                ("nothing", {}), ("batch_status", {"batch": "x"}))]
            good = await said("convert", progress, source=path, decoder="residual_world", emotion="sad")
            begun = json.loads((await said("batch", pairs=[{"source": path, "reference": path}], decoder="f0-swap"))[1][0])
            while (state := json.loads((await said("batch_status", batch=begun["batch"]))[1][0]))["state"] != "done":
                assert state["state"] in ("waiting", "working")
                await asyncio.sleep(0.1)
            return tools, wrong, good, await said("batch_result", batch=begun["batch"])

    tools, wrong, good, batch = asyncio.run(asyncio.wait_for(talk(), SECONDS))
    assert [tool.name for tool in tools] == NAMES and all(" Returns: " in tool.description for tool in tools)
    assert all(schema["description"] for tool in tools for schema in tool.inputSchema["properties"].values())
    assert [(failed, said[0].partition(":")[0]) for failed, said in wrong] == [
        (True, code) for code in ("bad_value", "not_found", "bad_value", "bad_call", "bad_call", "not_found", "not_found")]
    assert "strength: 3 is greater than the maximum of 1.5" in wrong[2][1][0] and "needs the parameter source" in wrong[3][1][0]
    failed, (url, _, numbers) = good
    assert not failed and url.startswith(workbench) and json.loads(numbers)["system"] == "residual_world@1"
    assert httpx.get(url).content[:4] == b"RIFF" and any(re.match(r"\d+ %: ", one or "") for one in shares)
    (file,), result = map(json.loads, batch[1])
    assert file["url"].startswith(workbench) and result["pairs"][0]["output"] == file["name"] and result["converted"] == 1


@pytest.mark.server
def test_a_workbench_serves_a_valid_openapi_document_of_every_endpoint(workbench):
    document = httpx.get(f"{workbench}gradio_api/openapi.json").json()
    assert document == json.loads(json.dumps(openapi(ENDPOINTS)))
    validate(document)
    paths = document["paths"]
    assert {path.removeprefix("/gradio_api/call/v2/") for path in paths if path.count("/") == 4} == set(NAMES)
    convert = paths["/gradio_api/call/v2/convert"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert convert["required"] == ["source"] and convert["properties"]["strength"]["maximum"] == about("strength").high


def test_the_page_shows_every_code_and_a_dialogue_with_the_instructions_of_now():
    shown = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.partition("| code | meaning |")[2], re.M))
    assert shown == MEANINGS and {*CODES.values()} <= MEANINGS.keys()
    assert CODES.keys() >= exit_codes.MEANINGS.keys() - {exit_codes.OK, exit_codes.SOME_FAILED}
    dialogue = PAGE.partition("> initialize\n")[2]
    told = INSTRUCTIONS.format(address="http://127.0.0.1:7860", upload="/gradio_api/upload", local="")
    assert "\n".join(f"< {line}" for line in told.splitlines()) in dialogue
    assert f"> tools/list\n< {', '.join(NAMES)}" in dialogue and "> tools/call score" in dialogue


def test_calls_that_do_not_fit_their_tool_are_refused_by_the_name_of_what_is_wrong():
    schema = {"type": "object", "properties": {"pairs": {"type": "array", "items": {"type": "object"}}}, "required": ["pairs"]}
    assert refusal(schema, "batch", {"pairs": [{}]}) == ""
    assert refusal(schema, "batch", {"pairs": [{}, 1]}) == "bad_value: pairs.1: 1 is not of type 'object'."
    assert refusal(schema, "batch", {}) == "bad_call: batch needs the parameter pairs."
    assert refusal(schema, "batch", {"pears": 1}) == "bad_call: batch has no parameter 'pears'; it has pairs."
    file = {"path": "/a/b.wav", "url": "http://x/b.wav", "orig_name": "b.wav", "meta": {"_type": "gradio.FileData"}}
    assert plain({"a": [file, 1]}) == {"a": [{"name": "b.wav", "url": "http://x/b.wav"}, 1]}
    update = type("Update", (), {"progress_data": [], "rank": 2})()
    assert progress_message(update) == "waiting, 2 before this call"
