// The kernel's half of the canvas on a page that a program on this machine serves: what is said goes there, what has changed comes back.

function overHttp(address, first) {
  const state = unpacked(first), listeners = new Map(), written = new Set();
  const fire = (name, ...facts) => { for (const act of listeners.get(name) ?? []) act(...facts); };
  const post = async message => {
    const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) };
    const said = await fetch(address, asked).then(answer => answer.ok ? answer.json() : null).catch(() => null);
    if (!said) return fire("comm_live_update");
    const { changed, files } = unpacked(said);
    Object.assign(state, changed);
    for (const name of Object.keys(changed)) fire(`change:${name}`);
    for (const { head, content } of files) fire("msg:custom", head, [content]);
  };
  return {
    lost: "The program behind this page has ended. Start amodal-sam annotate again to go on; what was painted is in its file.",
    get: name => state[name],
    set: (name, value) => { state[name] = value; written.add(name); },
    save_changes: () => {
      post({ do: "set", facts: Object.fromEntries([...written].map(name => [name, state[name]])) });
      written.clear();
    },
    on: (name, act) => listeners.set(name, [...listeners.get(name) ?? [], act]),
    off: (name, act) => listeners.set(name, (listeners.get(name) ?? []).filter(one => one !== act)),
    send: post,
  };
}
