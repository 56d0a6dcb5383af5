"""An agent without a model: it knows nothing of the workbench but what the MCP server says, and converts and scores a recording.

    python app.py --mcp
    python -m benchmarks.mcp_session me.wav --emotion angry

prints what both sides said, as docs/api.md shows it. The agent finds the address of uploads in the server's instructions, and
fills a parameter by its schema: files where the description tells how files are given, the emotion where one is described.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer

if TYPE_CHECKING:
    from mcp import ClientSession
    from mcp.types import Tool

ADDRESS = "http://127.0.0.1:7860/"
SHOWN = 240  # letters of an answer
FOLDER = re.compile(r'(?<=["=])/[^\s"]*/[0-9a-f]{32,}/')


@dataclass
class Dialogue:
    """What was said. lines: '>' the agent, '<' the server, with /.../ for folders of uploads and results.

    numbers: the document that each tool answered, by its name.
    """

    lines: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)

    def asks(self, words: str) -> None:
        self.lines.append(f"> {FOLDER.sub('/.../', words)}")

    def answers(self, words: str) -> None:
        shown = FOLDER.sub("/.../", words)
        self.lines.append(f"< {shown if len(shown) <= SHOWN else shown[:SHOWN] + ' ...'}")


async def session(address: str, recording: Path, emotion: str) -> Dialogue:
    """Upload, check, convert, score. address: of the workbench. Raises RuntimeError: a tool fails."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    said = Dialogue()
    server = f"{address.rstrip('/')}/gradio_api/mcp/"
    async with streamable_http_client(server) as (read, write, _), ClientSession(read, write) as client:
        said.asks("initialize")
        instructions = (await client.initialize()).instructions or ""
        said.lines += [f"< {line}" for line in instructions.splitlines()]
        said.asks("tools/list")
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        said.answers(", ".join(tools))
        place = await _upload(said, instructions, recording)
        known = {"emotion": emotion, "source": place}
        await _call(said, client, tools["check"], known)
        content = await _call(said, client, tools["convert"], known)
        known["converted"] = next(one.text for one in content if one.type == "text")
        await _call(said, client, tools["score"], known)
    return said


async def _upload(said: Dialogue, instructions: str, recording: Path) -> str:
    """As the instructions say it. Returns the path that tools take."""
    found = re.search(r"curl -F (\w+)=@\S+ ([^\s`]+)", instructions)
    if found is None:
        raise RuntimeError("The instructions do not say how files are uploaded.")
    said.asks(f"curl -F {found[1]}=@{recording.name} {found[2]}")
    async with httpx.AsyncClient(timeout=60) as web:
        answer = await web.post(found[2], files={found[1]: (recording.name, recording.read_bytes())})
    said.answers(answer.text)
    return answer.raise_for_status().json()[0]


async def _call(said: Dialogue, client: ClientSession, tool: Tool, known: dict[str, str]) -> Sequence[Any]:
    """With those parameters of the tool that are known, which have to be all that it needs."""
    names = tool.inputSchema["properties"]
    lacking = [name for name in tool.inputSchema.get("required", ()) if name not in known]
    if lacking:
        raise RuntimeError(f"{tool.name} needs {lacking[0]}, which nothing told.")
    arguments = {name: known[name] for name in names if name in known}
    said.asks(f"tools/call {tool.name} {json.dumps(arguments)}")
    answer = await client.call_tool(tool.name, arguments)
    for one in answer.content:
        said.answers(one.text if one.type == "text" else f"({one.mimeType})")
    if answer.isError:
        raise RuntimeError(answer.content[0].text)
    said.numbers[tool.name] = json.loads(answer.content[-1].text)
    return answer.content


def main(recording: Annotated[Path, typer.Argument(help="The recording.")],
         emotion: Annotated[str, typer.Option(help="The target.")] = "angry",
         address: Annotated[str, typer.Option(help="Of the workbench.")] = ADDRESS) -> None:
    """Print the dialogue of an agent with a workbench."""
    if not recording.is_file():
        raise SystemExit(f"There is no recording {recording}.")
    try:
        httpx.get(address, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL):
        raise SystemExit(f"No workbench answers on {address}; start one with 'python app.py --mcp', or name another with "
                         "--address.") from None
    print("\n".join(asyncio.run(session(address, recording, emotion)).lines))


if __name__ == "__main__":
    typer.run(main)
