// What the page asks of the server, and the one thing it remembers: the session's token.

const study = location.pathname.split("/").filter(Boolean).pop();
const key = `zest-listen:${study}`;
const LANGUAGE = "zest-listen-language"; // one choice for all studies
let kept = null; // where the browser gives no storage, the session lasts as long as the page

/** Something the server refused, or could not be asked. sentence: what to tell; "" if the page has to find words. */
export class Problem extends Error {
  constructor(status, reason, sentence) {
    super(reason);
    Object.assign(this, { status, reason, sentence });
  }
}

/** What stands behind '#': a worker who came from a platform, or the platform's preview. It survives a reload. */
export const arrival = new URLSearchParams(location.hash.slice(1)).get("arrival") ?? "";
export const isPreview = location.hash === "#preview";

export function token() {
  try { return localStorage.getItem(key) ?? kept; } catch { return kept; }
}

export function keepToken(value) {
  kept = value;
  try { value ? localStorage.setItem(key, value) : localStorage.removeItem(key); } catch { /* kept is enough */ }
}

/** The language that was chosen on this page, "" where the browser's own counts. */
let chosen = "";
try { chosen = localStorage.getItem(LANGUAGE) ?? ""; } catch { /* the browser's own counts */ }

export function chooseLanguage(code) {
  chosen = code;
  try { localStorage.setItem(LANGUAGE, code); } catch { /* it lasts as long as the page */ }
}

/** Whether this browser remembers a session when the page is closed. */
export function remembers() {
  try {
    localStorage.setItem(`${key}:probe`, "1");
    localStorage.removeItem(`${key}:probe`);
    return true;
  } catch { return false; }
}

/** JSON of about (GET), or of what is posted in the session. */
export async function ask(name, body) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (chosen) headers["Accept-Language"] = chosen;
  if (token()) headers.Authorization = `Bearer ${token()}`;
  const reply = await reach(name, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  const found = await reply.json().catch(() => null);
  if (!found) throw new Problem(reply.status, "unreachable", "");
  if (!reply.ok) throw new Problem(reply.status, found.reason, found.sentence);
  return found;
}

/** The address of a clip in this browser's memory: it is loaded as a whole before it can be played. */
export async function loadClip(name) {
  const reply = await reach(`clip/${name}.wav`, {});
  if (!reply.ok) throw new Problem(reply.status, "no_sound", "");
  return URL.createObjectURL(await reply.blob().catch(() => { throw new Problem(0, "unreachable", ""); }));
}

async function reach(name, options) {
  try {
    return await fetch(new URL(`${study}/${name}`, location.href), options);
  } catch {
    throw new Problem(0, "unreachable", "");
  }
}
