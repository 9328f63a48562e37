// The kernel's half of the canvas on a page without Python: it knows the state of every frame and answers nothing else.

const unpacked = value => typeof value === "object" && value !== null
  ? value.base64 !== undefined ? Uint8Array.from(atob(value.base64), letter => letter.charCodeAt(0))
  : Array.isArray(value) ? value.map(unpacked) : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpacked(item)]))
  : value;

function standIn(frames) {
  const state = unpacked(frames[0]), listeners = new Map();
  const change = facts => {
    Object.assign(state, facts);
    for (const name of Object.keys(facts)) for (const act of listeners.get(`change:${name}`) ?? []) act();
  };
  return {
    get: name => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => {},
    on: (name, act) => listeners.set(name, [...listeners.get(name) ?? [], act]),
    off: (name, act) => listeners.set(name, (listeners.get(name) ?? []).filter(one => one !== act)),
    send: message => {
      const answered = { answered: [message.view, message.number] };
      if (message.do !== "frame") return change(answered);
      const { layers, ...facts } = unpacked(frames[message.frame]);
      change({ ...facts, ...answered });
    },
  };
}
