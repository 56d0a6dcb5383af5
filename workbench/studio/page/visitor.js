// Who this browser is to the server: a random key to its takes, kept here and nowhere else. And small things that are remembered.
window.zest = (() => {
  const KEY = "zest-takes", KEY_LOOKS = /^[\w-]{43}$/;
  const memory = new Map(); // where the browser keeps nothing
  let keeps = true;

  function read(name) {
    try { return localStorage.getItem(name) ?? memory.get(name) ?? null; } catch { keeps = false; return memory.get(name) ?? null; }
  }

  function write(name, value) {
    memory.set(name, value);
    try { localStorage.setItem(name, value); keeps = localStorage.getItem(name) === value; } catch { keeps = false; }
  }

  function freshKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  /** The key; made at the first call. */
  function visitor() {
    const known = read(KEY);
    if (KEY_LOOKS.test(known ?? "")) return known;
    write(KEY, freshKey());
    return memory.get(KEY);
  }

  const base = () => window.location.pathname.replace(/\/?$/, "/");

  /** A request about this visitor's takes. Throws an Error with a sentence for readers. */
  const ask = (path, method = "GET", body = null) => request(`takes/${path}`, method, body === null ? {} : { body: JSON.stringify(body) });

  /** A request about this visitor's long recording; a body is sent as it is. */
  const askLong = (path, method = "GET", body = null) => request(`long/${path}`, method, body === null ? {} : { body });

  async function request(path, method, sent) {
    let reply;
    try {
      reply = await fetch(base() + path, { method, headers: { "X-Zest-Takes": visitor() }, ...sent });
    } catch { throw new Error("The workbench cannot be reached; nothing has changed."); }
    if (!reply.ok) throw new Error((await reply.json().catch(() => ({}))).sentence ?? "The workbench gave no answer that can be read.");
    return reply;
  }

  return {
    visitor, ask, askLong, base,
    /** Whether this browser keeps what it is given. */
    keeps: () => { visitor(); return keeps; },
    forgetVisitor: () => { write(KEY, freshKey()); window.dispatchEvent(new Event("zest-forgotten")); },
    remember: (name, value) => write(`zest-${name}`, JSON.stringify(value)),
    remembered: (name, otherwise) => { try { return JSON.parse(read(`zest-${name}`)) ?? otherwise; } catch { return otherwise; } },
    takesChanged: () => window.dispatchEvent(new CustomEvent("zest-takes")),
    /** A conversion is asked for, of which the server may not know yet. */
    takesBegin: () => window.dispatchEvent(new CustomEvent("zest-takes", { detail: "begin" })),
    /** The address of this page with these settings. */
    link: (query) => `${window.location.origin}${window.location.pathname}?${query}`,
    async copy(words) {
      try { await navigator.clipboard.writeText(words); return true; } catch { return false; }
    },
  };
})();
