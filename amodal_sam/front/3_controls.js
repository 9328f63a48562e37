// What stands around the picture: tools, objects, layers, frames. Every control is a plain element with a name, reachable by Tab.

const FOCUSABLE = new Set(["button", "canvas", "input"]);
const ICONS = {
  box: '<path d="M3 3h10v10H3z" stroke-dasharray="2.6 1.6"/>',
  add: '<circle cx="8" cy="8" r="5.6"/><path d="M8 5.2v5.6M5.2 8h5.6"/>',
  remove: '<circle cx="8" cy="8" r="5.6"/><path d="M5.2 8h5.6"/>',
  pan: '<path d="M8 1.8v12.4M1.8 8h12.4M6 3.8l2-2 2 2M6 12.2l2 2 2-2M3.8 6l-2 2 2 2M12.2 6l2 2-2 2"/>',
  whole: '<path d="M13.5 2.5 7.8 8.2M9.4 9.4 6.6 6.6C4.6 6.6 4.6 9 3.8 10.2c-.5.8-1.3 1.2-1.8 1.3 1 1.3 2.6 2 4.2 2 2 0 3.6-1.4 3.2-4.1z"/>',
  visible: '<path d="M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8z"/><circle cx="8" cy="8" r="1.9"/>',
  erase: '<path d="m6 13.2-3.6-3.6 6.8-6.8 4.4 4.4-6 6zM5.4 6.6l4.4 4.4M6 13.2h7.5"/>',
  forward: '<path d="M8 13V3.5M4 7.2 8 3.2l4 4"/>',
  backward: '<path d="M8 3v9.5M4 8.8l4 4 4-4"/>',
  grip: '<path d="M6 4v.1M10 4v.1M6 8v.1M10 8v.1M6 12v.1M10 12v.1"/>',
  cut: '<path d="M3 2.5v11M13 8H6.5M9 5.2 6.2 8 9 10.8" />',
  arrange: '<path d="M2.5 2.5h7v7h-7zM6.5 9.5v4h7v-7h-4"/>',
  undo: '<path d="M5.5 3 2.5 6l3 3M2.8 6h6.4a3.9 3.9 0 0 1 0 7.8H6"/>',
  redo: '<path d="m10.5 3 3 3-3 3M13.2 6H6.8a3.9 3.9 0 0 0 0 7.8H10"/>',
  closer: '<circle cx="7" cy="7" r="4.6"/><path d="m10.5 10.5 3.5 3.5M7 5v4M5 7h4"/>',
  farther: '<circle cx="7" cy="7" r="4.6"/><path d="m10.5 10.5 3.5 3.5M5 7h4"/>',
  fit: '<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"/>',
  save: '<path d="M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11"/>',
  open: '<path d="M2 12.5V3.5h4l1.5 1.7H13v2M2 12.5l2-5.3h10.5l-2 5.3z"/>',
  help: '<circle cx="8" cy="8" r="6"/><path d="M6.2 6.3a1.9 1.9 0 1 1 2.7 1.8c-.6.3-.9.6-.9 1.2M8 11.5v.1"/>',
  trash: '<path d="M3 4.5h10M6.3 4.5V3h3.4v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5"/>',
  plus: '<path d="M8 3v10M3 8h10"/>',
  back: '<path d="m10 3-5 5 5 5"/>',
  next: '<path d="m6 3 5 5-5 5"/>',
  play: '<path d="M5 3.2v9.6l7.6-4.8z"/>',
  accept: '<path d="m3 8.5 3.5 3.5L13 4.5"/>',
  reject: '<path d="m4 4 8 8M12 4l-8 8"/>',
};
const STROKES = new Set(["whole", "visible", "erase"]);
const KEYS = [["B", "box"], ["P", "points on the object"], ["M", "points beside it"], ["W", "paint the whole object; Shift erases"], ["V", "paint its visible part"], ["E", "erase"], ["[ ]", "smaller, larger brush"], ["H", "move the picture"], ["N", "new object"], ["Delete", "remove the object"], ["Page up, down", "object forward, backward; or drag its dots"], ["O", "order by the masks"], ["C", "object is cut off by the frame"], ["Enter", "a box in the middle"],
  ["Arrows", "move the box; Shift by 10; Alt to resize"], ["Ctrl Z", "undo"], ["Ctrl Y", "redo"], ["1 2 3 4", "layers"], ["+ - 0", "zoom, fit"], [", .", "frames"], ["A R U", "accept, reject, undecided"], ["Esc", "leave off"]];

// JupyterLab looks at the focused element for this mark before it takes a key for itself; an ancestor's mark would not do.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  if (FOCUSABLE.has(tag)) element.dataset.lmSuppressShortcuts = "true";
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

function button(icon, label, act, { text = "", key = "", ...rest } = {}) {
  const made = make("button", { type: "button", ariaLabel: label, title: key ? `${label} (${key})` : label, onclick: act, ...rest });
  if (icon) made.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true">${ICONS[icon]}</svg>`;
  if (text) made.append(make("span", { textContent: text }));
  return made;
}

const group = (label, ...children) => make("div", { className: "group", role: "group", ariaLabel: label }, ...children);

// Rows that stay the same elements while their content changes, so that typing and focus survive an update.
function rows(parent, keys, create) {
  const focused = parent.getRootNode().activeElement;
  const kept = new Map([...parent.children].map(child => [child.dataset.key, child]));
  const wanted = keys.map(key => kept.get(key) ?? create(key));
  wanted.forEach((row, i) => {
    row.dataset.key = keys[i];
    if (parent.children[i] !== row) parent.insertBefore(row, parent.children[i] ?? null);
  });
  while (parent.children.length > keys.length) parent.lastChild.remove();
  if (parent.contains(focused) && focused !== parent.getRootNode().activeElement) focused.focus({ preventScroll: true }); // a row that changes place loses it
  return wanted;
}

// Rows dragged by mouse, pen or finger. The list keeps hold of the pointer: a row would lose it where it changes place.
function draggable(list, act) {
  let row = null, hold = 0; // how far below its row's middle it was taken
  const middle = one => { const { top, height } = one.getBoundingClientRect(); return top + height / 2; };
  const drop = keep => {
    if (!row) return;
    row.classList.remove("carried");
    row = null;
    act.letGo(keep);
  };
  list.addEventListener("pointerdown", event => {
    const grip = event.target.closest(".grip");
    if (!grip || row || event.button) return;
    event.preventDefault();
    grip.focus({ preventScroll: true });
    row = grip.closest(".thing");
    row.classList.add("carried");
    hold = event.clientY - middle(row);
    list.setPointerCapture(event.pointerId);
  });
  list.addEventListener("pointermove", event => {
    if (!row) return;
    act.carry(row.dataset.key, [...list.children].filter(one => one !== row && middle(one) < event.clientY - hold).length);
    row.scrollIntoView({ block: "nearest" });
  });
  list.addEventListener("pointerup", () => drop(true));
  list.addEventListener("pointercancel", () => drop(false));
  list.addEventListener("keydown", event => { if (event.key === "Escape") drop(false); });
}

function toolbar(act, { editable, live, folder }) {
  const tools = editable ? [["box", "Box", "B"], ["add", "Points on the object", "P"], ["remove", "Points beside it", "M"],
    ["whole", "Paint the whole object", "W"], ["visible", "Paint the visible part", "V"], ["erase", "Erase", "E"], ["pan", "Move the picture", "H"]] : [];
  const bar = { tools: Object.fromEntries(tools.map(([name, label, key]) => [name, button(name, label, () => act.tool(name), { key, text: { box: "Box", add: "Points", whole: "Paint" }[name] })])) };
  bar.radius = make("input", { type: "range", min: 0, max: NOTCHES, step: 1, ariaLabel: "Brush size", oninput: () => act.brush(+bar.radius.value) });
  bar.width = make("output", { className: "count", ariaLabel: "Brush size in pixels" });
  bar.brush = make("div", { className: "brush" }, make("h4", { textContent: "Brush" }), group("Brush", bar.radius, bar.width));
  bar.undo = button("undo", "Undo", act.undo, { key: "Ctrl Z" });
  bar.redo = button("redo", "Redo", act.redo, { key: "Ctrl Y" });
  bar.level = make("output", { className: "level", ariaLabel: "Zoom" });
  const zoom = group("Zoom", button("farther", "Zoom out", () => act.zoom(1 / 1.5), { key: "-" }), bar.level, button("closer", "Zoom in", () => act.zoom(1.5), { key: "+" }), button("fit", "Fit", act.fit, { key: "0" }));
  const save = live ? group("Save", make("span", { className: "icon", innerHTML: `<svg viewBox="0 0 16 16" aria-hidden="true">${ICONS.save}</svg>` }),
    ...[["png", "PNG"], ["coco", "COCO"], ...(folder ? [] : [["cocoa", "COCOA"]])].map(([kind, text]) => button("", `Save as ${text}`, () => act.save(kind), { text }))) : null;
  const file = make("input", { type: "file", accept: ".json,application/json", hidden: true, onchange: () => { if (file.files.length) act.open(file.files[0]); file.value = ""; } });
  const open = editable && live && !folder ? group("Open", file, button("open", "Open annotations, COCO or COCOA", () => file.click())) : null;
  bar.help = button("help", "Keys", () => act.help(), { ariaExpanded: "false" });
  bar.element = make("div", { className: "bar", role: "toolbar", ariaLabel: "Tools" },
    editable ? group("Tool", ...Object.values(bar.tools)) : null, editable ? group("History", bar.undo, bar.redo) : null, zoom, save, open, make("span", { className: "spring" }), bar.help);
  return bar;
}

// Notches of the brush's size: each is a tenth larger than the one before.
const NOTCHES = 60;
const radiusOf = notch => Math.round(10 * 10 ** (notch / 24)) / 10;
const notchOf = radius => clamp(Math.round(24 * Math.log10(radius)), 0, NOTCHES);

function thingRow(id, act, editable) {
  const row = make("div", { className: "thing" });
  row.pick = make("button", { type: "button", className: "swatch", onclick: () => act.choose(id) });
  row.colour = make("input", { type: "color", onchange: () => act.change(id, { colour: row.colour.value }) });
  row.name = make("input", { type: "text", maxLength: 60, spellcheck: false, readOnly: !editable, onfocus: () => act.choose(id), onchange: () => act.change(id, { name: row.name.value.trim() || `object ${id}` }) });
  row.facts = make("span", { className: "facts" });
  row.bin = button("trash", "Remove", () => act.drop(id), { className: "quiet" });
  row.cut = button("cut", "Cut off by the frame", () => act.cut(id), { className: "quiet" });
  row.forward = button("forward", "Forward", () => act.shift(id, -1), { className: "quiet" });
  row.backward = button("backward", "Backward", () => act.shift(id, 1), { className: "quiet" });
  row.grip = button("grip", "Order", null, { className: "quiet grip", onkeydown: event => { const by = { ArrowUp: -1, ArrowDown: 1 }[event.key]; if (by) { event.preventDefault(); act.shift(id, by); } } });
  row.append(row.pick, row.name, ...(editable ? [row.colour, row.bin, row.grip] : []), make("div", { className: "below" }, row.facts, ...(editable ? [row.cut, row.forward, row.backward] : [])));
  row.onclick = event => { if (event.target === row || event.target === row.facts) act.choose(id); };
  return row;
}

function fillThing(row, thing, { chosen, answer, question, place, count }) {
  row.classList.toggle("chosen", thing.id === chosen);
  row.pick.style.setProperty("--colour", thing.colour);
  row.pick.ariaPressed = String(thing.id === chosen);
  row.pick.ariaLabel = `Choose ${thing.name}`;
  row.colour.ariaLabel = `Colour of ${thing.name}`;
  row.colour.value = thing.colour;
  row.name.ariaLabel = `Name of ${thing.name}`;
  if (row.name !== row.name.getRootNode().activeElement) row.name.value = thing.name;
  row.bin.ariaLabel = row.bin.title = `Remove ${thing.name}`;
  row.cut.ariaLabel = row.cut.title = `${thing.name} is cut off by the frame`;
  row.cut.ariaPressed = String(Boolean(thing.truncated));
  row.forward.ariaLabel = row.forward.title = `Move ${thing.name} forward`;
  row.backward.ariaLabel = row.backward.title = `Move ${thing.name} backward`;
  row.grip.ariaLabel = row.grip.title = `Drag ${thing.name} to its place, or move it by the arrow keys`;
  row.grip.hidden = row.forward.hidden = row.backward.hidden = count < 2;
  row.forward.disabled = place === 0;
  row.backward.disabled = place === count - 1;
  row.facts.textContent = answer ? `${answer.hidden} % hidden${answer.score === null ? "" : `, ${answer.score.toFixed(2)}`}${thing.truncated ? ", cut off" : ""}` : question ? "" : "not asked yet";
  row.facts.title = answer && answer.score !== null ? "share of the object that is hidden, and how sure the model is" : "";
}

function layerRow([name, text], act, palette, number) {
  const row = make("div", { className: "layer" });
  row.on = make("input", { type: "checkbox", ariaLabel: `Show ${text}`, onchange: () => act.layer(name, { on: row.on.checked }) });
  row.weight = make("input", { type: "range", min: 0, max: 1, step: 0.05, ariaLabel: `Strength of ${text}`, oninput: () => act.layer(name, { weight: +row.weight.value }) });
  const sample = make("span", { className: `sample ${name}` });
  if (palette[name] && (name === "visible" || name === "occluded")) sample.style.setProperty("--colour", palette[name]);
  row.append(make("label", { title: `${text} (${number})` }, row.on, sample, text), row.weight);
  return row;
}

function frameBar(act, { abilities }) {
  const bar = { busy: false };
  bar.slider = make("input", { type: "range", min: 0, value: 0, step: 1, oninput: () => act.frame(+bar.slider.value) });
  bar.ticks = make("div", { className: "ticks", ariaHidden: "true" });
  bar.count = make("output", { className: "count" });
  bar.caption = make("output", { className: "caption", ariaLabel: "Picture" });
  bar.play = button("play", "Play", act.play);
  const steps = [button("back", "Previous", () => act.step(-1), { key: "," }), button("next", "Next", () => act.step(1), { key: "." })];
  bar.propagate = button("", "Propagate through the clip", act.propagate, { text: "Propagate", className: "strong" });
  bar.cancel = button("", "Cancel", act.cancel, { text: "Cancel" });
  bar.progress = make("progress", { max: 1, value: 0, ariaLabel: "Propagation" });
  const review = abilities.includes("review") ? group("Decision", button("accept", "Accept", () => act.decide("accept"), { key: "A", text: "Accept", className: "accept" }),
    button("reject", "Reject", () => act.decide("reject"), { key: "R", text: "Reject", className: "reject" }), button("", "Undecided", () => act.decide("undecided"), { key: "U", text: "Undecided" })) : null;
  bar.review = review;
  bar.element = make("div", { className: "bar frames" }, group("Frames", steps[0], bar.play, steps[1]), make("div", { className: "track" }, bar.slider, bar.ticks), bar.count, bar.caption,
    review, abilities.includes("propagate") ? group("Propagation", bar.propagate, bar.progress, bar.cancel) : null);
  return bar;
}
