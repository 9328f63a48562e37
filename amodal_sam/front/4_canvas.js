// The canvas: state, gestures, keys, and one request at a time to Python.

const MERGED = new Set(["ask", "frame"]); // of several that wait, only the newest is wanted
const PATIENCE = 4000; // milliseconds without an answer before the canvas says so

class Requests {
  constructor(model, changed) {
    Object.assign(this, { model, changed, waiting: [], current: null, number: 0, view: Math.random().toString(36).slice(2) });
  }

  send(message) {
    if (MERGED.has(message.do) && this.waiting.at(-1)?.do === message.do) this.waiting.pop();
    this.waiting.push(message);
    this.next();
  }

  next() {
    if (this.current || !this.waiting.length) return this.changed();
    this.current = this.waiting.shift();
    this.since = performance.now();
    this.number += 1;
    this.model.send({ ...this.current, number: this.number, view: this.view }, this.model.widget_manager?.callbacks?.());
    this.changed();
  }

  answered([view, number]) {
    if (view !== this.view || number !== this.number) return;
    this.current = null;
    this.next();
  }

  drop() {
    Object.assign(this, { waiting: [], current: null });
    this.changed();
  }

  has(...kinds) { return [this.current, ...this.waiting].some(message => message && kinds.includes(message.do)); }
}

class Canvas {
  constructor(model, host) {
    const get = name => model.get(name);
    Object.assign(this, { model, host, get, abilities: get("abilities"), palette: get("palette"), tool: "box", notch: null, hover: null, drag: null, pointers: new Map(), local: {}, space: false, playing: false, ticket: 0 });
    this.editable = this.abilities.includes("ask");
    this.live = this.abilities.includes("live");
    this.folder = this.abilities.includes("folder");
    this.requests = new Requests(model, () => this.showBusy());
    this.build();
    this.stage = new Stage(this.canvas, this.palette);
    this.stage.size = get("size");
    this.adopt();
    this.listen();
    this.load();
  }

  // --- elements

  build() {
    const act = this.actions();
    this.act = act;
    this.canvas = make("canvas", { tabIndex: 0, role: "application" });
    this.bar = toolbar(act, this);
    this.things = make("div", { className: "things" });
    draggable(this.things, act);
    this.layers = make("div", { className: "layers" });
    this.layerRows = LAYERS.filter(([name]) => name !== "box" || this.editable || this.hasBoxes()).map((layer, i) => layerRow(layer, act, this.palette, i + 1));
    this.layers.append(...this.layerRows);
    this.frames = frameBar(act, this);
    this.notice = make("div", { className: "notice", role: "alert", hidden: true });
    this.status = make("div", { className: "status", role: "status" });
    this.help = make("dl", { className: "help", hidden: true }, ...KEYS.map(([key, text]) => make("div", {}, make("dt", { textContent: key }), " ", make("dd", { textContent: text }))));
    this.arrange = button("arrange", "Order by the masks", act.arrange, { key: "O", text: "Order by masks", className: "more" });
    const more = this.editable ? make("div", { className: "row" }, button("plus", "New object", act.fresh, { key: "N", text: "New object", className: "more" }), this.arrange) : null;
    const side = make("div", { className: "side" }, make("h4", { textContent: this.editable ? "Objects, the front one first" : "Objects" }), this.things, more, make("h4", { textContent: "Layers" }), this.layers, this.editable ? this.bar.brush : null);
    this.root = make("div", { className: "amodal-canvas", role: "region", ariaLabel: "Amodal canvas" }, this.bar.element, this.help,
      make("div", { className: "middle" }, make("div", { className: "stage" }, this.canvas, this.notice), side), this.frames.element, this.status);
    this.host.append(this.root);
  }

  hasBoxes() { return Object.values(this.get("questions")).some(question => question.box || question.points?.length); }

  actions() {
    return {
      tool: name => { this.tool = name; this.show(); },
      brush: notch => { this.notch = clamp(notch, 0, NOTCHES); this.show(); },
      shift: (id, by) => this.shift(id, by),
      carry: (id, to) => this.carry(id, to),
      letGo: keep => this.letGo(keep),
      arrange: () => this.ask("arrange"),
      cut: id => this.act.change(id, { truncated: !this.local.things.find(thing => thing.id === id)?.truncated }),
      undo: () => this.ask("undo"),
      redo: () => this.ask("redo"),
      zoom: factor => { this.stage.zoomTo(this.stage.zoom * factor); this.show(); },
      fit: () => { this.stage.zoomTo(1); this.show(); },
      save: kind => this.ask("save", { kind }),
      open: async file => this.ask("load", { text: await file.text() }),
      help: () => { this.help.hidden = !this.help.hidden; this.bar.help.ariaExpanded = String(!this.help.hidden); },
      choose: id => { if (this.local.chosen !== id) this.commit({ chosen: id }); },
      change: (id, facts) => this.commit({ things: this.local.things.map(thing => thing.id === id ? { ...thing, ...facts } : thing) }),
      drop: id => this.drop(id),
      fresh: () => this.fresh(),
      layer: (name, facts) => {
        this.local.layers = { ...this.local.layers, [name]: { ...this.local.layers[name], ...facts } };
        this.model.set("layers", this.local.layers);
        this.model.save_changes();
        this.show();
      },
      frame: number => this.goTo(number),
      step: by => this.goTo(this.local.frame + by),
      play: () => { this.playing = !this.playing; this.play(); this.show(); },
      propagate: () => this.ask("propagate"),
      cancel: () => this.model.send({ do: "cancel", number: 0, view: this.requests.view }),
      decide: decision => this.ask("decide", { decision, frame: this.local.frame }),
    };
  }

  // --- state: Python's, and what the hand has already changed and Python has not yet confirmed

  ask(what, facts = {}) { if (!this.gone) this.requests.send({ do: what, ...facts }); }

  adopt() {
    const names = ["things", "questions", "chosen", "frame"];
    if (!this.requests.has("ask", "frame") && !this.drag?.changed && !this.carrying) for (const name of names) this.local[name] = structuredClone(this.get(name));
    this.local.layers = structuredClone(this.get("layers"));
    this.show();
  }

  // While another frame is under way, what is shown is not yet that frame's, so nothing is marked on it.
  commit(facts) {
    if (this.editable && this.requests.has("frame")) return this.show();
    Object.assign(this.local, facts);
    const { things, questions, chosen, frame } = this.local;
    this.show();
    if (this.editable) this.ask("ask", { things, questions, chosen, frame });
  }

  fresh() {
    const id = String(1 + Math.max(0, ...this.local.things.map(thing => +thing.id || 0))), colours = this.get("colours");
    const colour = colours.find(one => !this.local.things.some(thing => thing.colour === one)) ?? colours[id % colours.length];
    this.commit({ things: [...this.local.things, { id, name: `object ${id}`, colour }], chosen: id });
    if (this.tool === "pan") this.act.tool("box");
  }

  drop(id) {
    const things = this.local.things.filter(thing => thing.id !== id), questions = { ...this.local.questions };
    delete questions[id];
    this.commit({ things, questions, chosen: this.local.chosen === id ? things.at(-1)?.id ?? "" : this.local.chosen });
    if (!things.length) this.fresh();
  }

  placed(id, to) {
    const things = this.local.things.filter(thing => thing.id !== id), thing = this.local.things.find(thing => thing.id === id);
    return thing ? [...things.slice(0, to), thing, ...things.slice(to)] : things;
  }

  shift(id, by) {
    const { things } = this.local, place = things.findIndex(thing => thing.id === id), to = clamp(place + by, 0, things.length - 1);
    if (place >= 0 && to !== place) this.commit({ things: this.placed(id, to) });
  }

  // An object on its way through the list is drawn at each place it passes; where it is let go is asked once.
  carry(id, to) {
    this.carrying ??= this.local.things;
    this.local.things = this.placed(id, to);
    this.show();
  }

  letGo(keep) {
    const before = this.carrying, { things } = this.local;
    this.carrying = null;
    if (!before) return;
    if (keep) return this.commit({ things });
    this.local.things = before;
    this.adopt();
  }

  question(facts) {
    if (!this.local.things.some(thing => thing.id === this.local.chosen)) this.fresh();
    this.commit({ questions: { ...this.local.questions, [this.local.chosen]: { ...this.asked, ...facts } } });
  }

  get radius() { return radiusOf(this.notch); }

  get asked() { return this.local.questions[this.local.chosen] ?? { box: null, points: [], strokes: [] }; }

  // Strokes that the masks on the screen do not have yet.
  get pending() {
    const under = Object.entries(this.local.questions).flatMap(([id, { strokes = [] }]) => strokes.slice(this.settled?.[id]?.strokes?.length ?? 0));
    return this.drag?.stroke ? [...under, this.drag.stroke] : under;
  }

  goTo(number) {
    const frame = clamp(number, 0, this.get("frames") - 1);
    if (frame === this.local.frame || this.gone) return;
    this.local.frame = frame;
    this.show();
    this.ask("frame", { frame });
  }

  play() {
    if (!this.playing || this.requests.current) return;
    if (this.local.frame >= this.get("frames") - 1) { this.playing = false; return this.show(); }
    setTimeout(() => { if (this.playing && !this.requests.current) this.act.step(1); }, 60);
  }

  // --- pictures and masks arrive together, or not at all: of several loads the newest wins

  async load() {
    const ticket = ++this.ticket, picture = this.get("picture"), size = this.get("size"), answers = this.get("answers"), questions = this.get("questions"), number = this.get("answered")[1];
    const image = picture === this.picture ? this.stage.image : await decoded(picture, "image/jpeg");
    if (ticket !== this.ticket) return;
    const found = {};
    for (const [id, answer] of Object.entries(answers)) {
      const before = this.stage.found[id];
      found[id] = before && sameMasks(before.answer, answer) ? before : { ...layersOf(answer), answer };
    }
    this.picture = picture;
    this.settled = questions;
    Object.assign(this.stage, { image, found, size });
    this.show(() => { this.canvas.dataset.painted = number; });
    this.play();
  }

  // --- showing

  show(after) {
    (this.after ??= []).push(...(after ? [after] : []));
    this.due ??= requestAnimationFrame(() => {
      this.due = null;
      this.paint();
      for (const then of this.after.splice(0)) then();
    });
  }

  paint() {
    const { local, stage, bar, frames } = this, count = this.get("frames"), review = this.abilities.includes("review");
    stage.resize(this.canvas.parentElement.clientWidth, this.folder, 0.78 * Math.max(480, globalThis.innerHeight));
    stage.keepInside();
    this.notch ??= notchOf(Math.min(...this.get("size")) / 40);
    const painting = this.editable && STROKES.has(this.tool);
    stage.draw({ ...local, strokes: this.pending, ring: painting && this.hover ? { at: this.hover, radius: this.radius } : null, drag: this.drag, editable: this.editable && !painting && (this.tool === "box" || local.things.length > 1) });
    for (const [name, tool] of Object.entries(bar.tools)) tool.ariaPressed = String(name === this.tool);
    bar.brush.hidden = !painting;
    bar.radius.value = this.notch;
    bar.radius.ariaValueText = bar.width.textContent = `${Math.round(2 * this.radius)} px`;
    this.arrange.hidden = local.things.length < 2;
    bar.undo.disabled = !this.get("undoable");
    bar.redo.disabled = !this.get("redoable");
    bar.level.textContent = `${Math.round(100 * stage.zoom)} %`;
    const answers = this.get("answers");
    rows(this.things, local.things.map(thing => thing.id), id => thingRow(id, this.act, this.editable)).forEach((row, i) => {
      const thing = local.things[i];
      fillThing(row, thing, { chosen: this.editable ? local.chosen : "", answer: answers[thing.id], question: local.questions[thing.id], place: i, count: local.things.length });
    });
    this.root.style.setProperty("--chosen", (local.things.find(thing => thing.id === local.chosen) ?? local.things[0])?.colour ?? this.palette.box);
    this.layerRows.forEach((row, i) => {
      const layer = local.layers[LAYERS[i][0]];
      row.on.checked = layer.on;
      row.weight.value = layer.weight;
    });
    frames.element.hidden = count < 2 && !review;
    frames.slider.max = count - 1;
    frames.slider.value = local.frame;
    frames.slider.ariaLabel = review ? "Sample" : this.folder ? "Picture" : "Frame";
    frames.slider.ariaValueText = `${local.frame + 1} of ${count}`;
    frames.count.textContent = `${local.frame + 1} / ${count}`;
    frames.play.hidden = review || this.folder;
    frames.caption.textContent = frames.caption.title = this.get("caption");
    frames.caption.hidden = !this.get("caption");
    frames.play.ariaPressed = String(this.playing);
    this.paintTicks(count);
    const progress = this.get("progress");
    frames.propagate.hidden = progress.running;
    frames.cancel.hidden = frames.progress.hidden = !progress.running;
    frames.progress.value = progress.total ? progress.done / progress.total : 0;
    frames.progress.title = `${progress.done} of ${progress.total}`;
    this.say();
  }

  paintTicks(count) {
    const decisions = this.get("decisions"), marked = this.get("marked"), key = JSON.stringify([decisions, marked, count]);
    if (key === this.ticked) return;
    this.ticked = key;
    const tick = (frame, kind) => {
      const made = make("i", { className: kind });
      made.style.left = `${100 * frame / Math.max(1, count - 1)}%`;
      return made;
    };
    this.frames.ticks.replaceChildren(...marked.map(frame => tick(frame, "marked")), ...decisions.flatMap((decision, frame) => decision === "undecided" ? [] : [tick(frame, decision)]));
  }

  say() {
    const { local } = this, [width, height] = this.get("size"), progress = this.get("progress"), problem = this.get("problem"), decision = this.get("decisions")[local.frame];
    const asked = local.things.find(thing => thing.id === local.chosen)?.name ?? "an object";
    const hints = { box: `Drag a box around ${asked}; drag its edges to mend it.`, add: `Click on ${asked}; Shift-click beside it.`, remove: `Click beside ${asked}, where it is not.`, whole: `Paint what belongs to ${asked}, hidden or not; Shift erases.`, visible: `Paint what can be seen of ${asked}.`, erase: `Paint over what does not belong to ${asked}.`, pan: "Drag to move the picture." };
    const said = progress.running ? `Frame ${progress.done} of ${progress.total}` : this.slow ? "Python is busy: the answer will come when it is free." : this.get("status") || (decision ? `${local.frame + 1} of ${this.get("frames")}: ${decision}` : this.editable ? hints[this.tool] : "");
    if (this.status.textContent !== said) this.status.textContent = said;
    const notice = this.gone ? this.model.lost ?? "The kernel behind this canvas is gone. Run the cell again to go on; what is shown stays." : problem;
    this.notice.hidden = !notice;
    if (this.notice.textContent !== notice) this.notice.textContent = notice;
    this.root.toggleAttribute("data-gone", Boolean(this.gone));
    const names = local.things.map(thing => thing.name).join(", ");
    this.canvas.ariaLabel = `Picture, ${width} by ${height} pixels${names ? `, with ${names}` : ""}. ${this.editable ? hints[this.tool] : "Drag to move, plus and minus to zoom."}`;
    this.canvas.style.cursor = this.space || this.tool === "pan" || !this.editable ? "grab" : (STROKES.has(this.tool) ? "none" : null) ?? this.cursor ?? "crosshair";
    this.canvas.style.touchAction = this.editable || this.stage.zoom > 1 ? "none" : "pan-y";
  }

  showBusy() {
    clearTimeout(this.patience);
    const { current } = this.requests;
    this.slow = false;
    this.root?.toggleAttribute("data-busy", Boolean(current));
    if (current) this.patience = setTimeout(() => { this.slow = true; this.show(); }, PATIENCE);
    this.show();
  }

  // --- gestures

  grip([x, y]) {
    const box = this.local.questions[this.local.chosen]?.box, near = 9 / this.stage.scale;
    if (!box || this.tool !== "box") return null;
    const handle = handlesOf(box).findIndex(([left, top]) => Math.hypot(left - x, top - y) < near);
    if (handle >= 0) return { kind: "resize", moved: MOVED[handle], cursor: CURSORS[handle % 4], box };
    return box[0] < x && x < box[2] && box[1] < y && y < box[3] ? { kind: "move", cursor: "move", box } : null;
  }

  pointAt([x, y]) {
    const points = this.local.questions[this.local.chosen]?.points ?? [], near = (DOT + 3) / this.stage.scale;
    return points.findIndex(([left, top]) => Math.hypot(left - x, top - y) < near);
  }

  within([x, y]) {
    const [width, height] = this.get("size");
    return [clamp(x, 0, width), clamp(y, 0, height)].map(value => Math.round(10 * value) / 10);
  }

  press(event) {
    this.canvas.focus({ preventScroll: true });
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.pointers.size > 1) { this.drag = { kind: "pinch" }; return this.show(); }
    if (event.button > 1) return;
    try { this.canvas.setPointerCapture(event.pointerId); } catch { /* the finger is already up */ }
    event.preventDefault();
    const at = this.stage.place(event), from = this.within(at), start = { from, at, x: event.clientX, y: event.clientY, shift: event.shiftKey };
    if (!this.editable || this.tool === "pan" || this.space || event.button === 1) this.drag = { kind: "pan", ...start };
    else if (this.tool === "box") this.drag = { ...(event.shiftKey ? null : this.grip(at)) ?? { kind: "draw", band: [...from, ...from] }, ...start };
    else if (STROKES.has(this.tool)) this.drag = { kind: "paint", stroke: { kind: event.shiftKey ? "erase" : this.tool, radius: this.radius, line: [from] }, ...start };
    else this.drag = { kind: "point", index: this.pointAt(at), ...start };
  }

  move(event) {
    const { drag } = this;
    if (this.editable && STROKES.has(this.tool)) { this.hover = this.stage.place(event); this.show(); }
    if (!drag) {
      const cursor = this.editable ? this.grip(this.stage.place(event))?.cursor : null;
      if (cursor !== this.cursor) { this.cursor = cursor; this.show(); }
      return;
    }
    if (drag.kind === "pinch") return this.pinch(event);
    const [x, y] = this.within(this.stage.place(event)), by = [x - drag.from[0], y - drag.from[1]];
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > 3) drag.changed = true;
    if (drag.kind === "pan") {
      this.stage.pan(event.clientX - drag.x, event.clientY - drag.y);
      Object.assign(drag, { x: event.clientX, y: event.clientY, changed: true });
    } else if (drag.kind === "draw") drag.band = [...drag.from, x, y];
    else if (drag.kind === "paint") this.paintTo([x, y]);
    else if (drag.changed) this.reshape(drag, [x, y], by);
    this.show();
  }

  paintTo([x, y]) {
    const { line, radius } = this.drag.stroke, [left, top] = line.at(-1);
    if (Math.hypot(x - left, y - top) >= Math.max(0.5, radius / 6)) line.push([x, y]);
  }

  reshape(drag, place, [right, down]) {
    const { questions, chosen } = this.local, [width, height] = this.get("size"), question = { ...questions[chosen] };
    if (drag.kind === "point") {
      if (drag.index < 0) return;
      question.points = question.points.map((point, i) => i === drag.index ? [...place, point[2]] : point);
    } else if (drag.kind === "move") {
      const [x, y] = [clamp(right, -drag.box[0], width - drag.box[2]), clamp(down, -drag.box[1], height - drag.box[3])];
      question.box = drag.box.map((side, i) => Math.round(10 * (side + (i % 2 ? y : x))) / 10);
    } else {
      const box = ordered(drag.box.map((side, i) => drag.moved.includes(i) ? place[i % 2] : side));
      if (box[2] - box[0] < 2 || box[3] - box[1] < 2) return;
      question.box = box;
    }
    this.local.questions = { ...questions, [chosen]: question };
  }

  pinch(event) {
    const before = [...this.pointers.values()];
    if (!this.pointers.has(event.pointerId)) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const after = [...this.pointers.values()], frame = this.canvas.getBoundingClientRect();
    const span = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]), middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const [from, to] = [middle(before), middle(after)];
    this.stage.pan(to[0] - from[0], to[1] - from[1]);
    this.stage.zoomTo(this.stage.zoom * span(after) / Math.max(1, span(before)), to[0] - frame.left, to[1] - frame.top);
    this.show();
  }

  release(event) {
    const { drag } = this;
    this.pointers.delete(event.pointerId);
    if (drag?.kind === "pinch" && this.pointers.size) return;
    this.drag = null;
    if (!drag || drag.kind === "pan" || drag.kind === "pinch") return this.show();
    const place = this.within(this.stage.place(event));
    if (drag.kind === "draw") this.drawn(ordered([...drag.from, ...place]), drag.from);
    else if (drag.kind === "paint") this.question({ strokes: [...this.asked.strokes ?? [], { ...drag.stroke, line: [...drag.stroke.line, ...(drag.changed ? [place] : [])] }] });
    else if (drag.kind === "point") this.clicked(drag, place);
    else if (drag.changed) this.question(this.local.questions[this.local.chosen]);
    else this.pick(place);
  }

  abandon(event) {
    this.pointers.delete(event.pointerId);
    this.leave();
  }

  leave() {
    this.drag = null;
    this.adopt();
  }

  drawn(box, from) {
    const least = 5 / this.stage.scale;
    if (box[2] - box[0] < least || box[3] - box[1] < least) return this.pick(from);
    this.question({ box, points: [], strokes: [] }); // a new box begins anew
  }

  clicked(drag, place) {
    const { points } = this.asked;
    if (drag.index >= 0 && drag.changed) return this.question(this.local.questions[this.local.chosen]);
    if (drag.index >= 0) return this.question({ points: points.filter((_, i) => i !== drag.index) });
    this.question({ points: [...points, [...place, (this.tool === "add") !== drag.shift ? 1 : 0]] });
  }

  pick([x, y]) {
    const hit = this.local.things.find(({ id }) => {
      const found = this.stage.found[id], column = Math.floor(x) - found?.left, row = Math.floor(y) - found?.top;
      return found && column >= 0 && row >= 0 && column < found.mask.width && row < found.mask.height && found.mask.inside[row * found.mask.width + column];
    });
    if (hit) this.act.choose(hit.id);
    this.show();
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const frame = this.canvas.getBoundingClientRect();
    this.stage.zoomTo(this.stage.zoom * Math.exp(-0.0025 * clamp(event.deltaY, -240, 240)), event.clientX - frame.left, event.clientY - frame.top);
    this.show();
  }

  // --- keys

  nudge(key, { shiftKey, altKey }) {
    const by = shiftKey ? 10 : 1, [right, down] = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[key];
    const question = this.local.questions[this.local.chosen], [width, height] = this.get("size");
    if (!question?.box) return this.get("frames") > 1 && this.act.step(Math.sign(right + down));
    const [x0, y0, x1, y1] = question.box;
    if (altKey) return this.question({ box: [x0, y0, clamp(x1 + right, x0 + 2, width), clamp(y1 + down, y0 + 2, height)] });
    const [x, y] = [clamp(right, -x0, width - x1), clamp(down, -y0, height - y1)];
    this.question({ box: [x0 + x, y0 + y, x1 + x, y1 + y] });
  }

  middleBox() {
    const [width, height] = this.get("size");
    if (!this.local.questions[this.local.chosen]?.box) this.question({ box: [width / 4, height / 4, 3 * width / 4, 3 * height / 4] });
  }

  keyed(event) {
    const { act } = this, key = event.key.length === 1 ? event.key.toLowerCase() : event.key, command = event.ctrlKey || event.metaKey;
    const edits = { b: () => act.tool("box"), p: () => act.tool("add"), m: () => act.tool("remove"), h: () => act.tool("pan"), w: () => act.tool("whole"), v: () => act.tool("visible"), e: () => act.tool("erase"), o: act.arrange, c: () => act.cut(this.local.chosen), n: act.fresh,
      "[": () => act.brush(this.notch - 2), "]": () => act.brush(this.notch + 2), PageUp: () => act.shift(this.local.chosen, -1), PageDown: () => act.shift(this.local.chosen, 1),
      Enter: () => this.middleBox(), Delete: () => act.drop(this.local.chosen), Backspace: () => act.drop(this.local.chosen) };
    const views = { "+": () => act.zoom(1.5), "=": () => act.zoom(1.5), "-": () => act.zoom(1 / 1.5), 0: act.fit, ",": () => act.step(-1), ".": () => act.step(1), "?": act.help, Escape: () => this.leave(), " ": () => { this.space = true; this.show(); } };
    const decisions = { a: () => act.decide("accept"), r: () => act.decide("reject"), u: () => act.decide("undecided") };
    const level = LAYERS[+key - 1]?.[0];
    const found = command ? this.editable && { z: event.shiftKey ? act.redo : act.undo, y: act.redo }[key]
      : key.startsWith("Arrow") ? () => this.nudge(key, event) : event.altKey ? null
      : this.editable && edits[key] || this.abilities.includes("review") && decisions[key] || views[key] || level && (() => act.layer(level, { on: !this.local.layers[level].on }));
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    found();
  }

  // --- events

  listen() {
    const { canvas, root, model } = this, stop = new AbortController(), on = (target, name, act, options) => target.addEventListener(name, act.bind(this), { signal: stop.signal, ...options });
    on(canvas, "pointerdown", this.press);
    on(canvas, "pointermove", this.move);
    on(canvas, "pointerup", this.release);
    on(canvas, "pointercancel", this.abandon);
    on(canvas, "pointerleave", () => { this.hover = null; this.show(); });
    on(canvas, "wheel", this.wheel, { passive: false });
    on(canvas, "contextmenu", event => event.preventDefault());
    on(canvas, "keydown", this.keyed);
    on(canvas, "keyup", event => { if (event.key === " ") { this.space = false; this.show(); } });
    on(root, "keydown", this.keysOutside);
    for (const kind of ["keydown", "keyup", "keypress"]) on(root, kind, event => { if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); });
    const observer = new ResizeObserver(() => this.show());
    observer.observe(canvas.parentElement);
    const subscriptions = {
      "change:picture": () => this.load(), "change:answers": () => this.load(), "change:answered": () => this.hear(),
      "msg:custom": (content, buffers) => { if (content.file) this.download(content, buffers); }, "comm_live_update": () => this.lose(),
    };
    for (const name of ["things", "questions", "chosen", "frame", "layers", "undoable", "redoable", "problem", "status", "progress", "decisions", "marked", "caption"]) subscriptions[`change:${name}`] = () => this.adopt();
    for (const [name, act] of Object.entries(subscriptions)) model.on(name, act);
    this.close = () => {
      stop.abort();
      observer.disconnect();
      cancelAnimationFrame(this.due);
      clearTimeout(this.patience);
      clearTimeout(this.greeting);
      for (const [name, act] of Object.entries(subscriptions)) model.off(name, act);
    };
  }

  // Undo works wherever the focus is, except where text is typed.
  keysOutside(event) {
    if (event.target === this.canvas || event.target.type === "text" || !(event.ctrlKey || event.metaKey) || !this.editable) return;
    const act = { z: event.shiftKey ? this.act.redo : this.act.undo, y: this.act.redo }[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  hear() {
    this.gone = false;
    this.requests.answered(this.get("answered"));
    this.adopt();
    this.load();
  }

  // The line to Python has changed: who does not answer is gone.
  lose() {
    this.gone = true;
    this.requests.drop();
    this.greeting = setTimeout(() => {
      try { this.model.send({ do: "greet", number: ++this.requests.number, view: this.requests.view }); } catch { /* there is nobody to greet */ }
    }, 1500);
    this.show();
  }

  download({ file, type }, buffers) {
    const link = make("a", { href: URL.createObjectURL(new Blob([asBytes(buffers[0])], { type })), download: file });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}

function render({ model, el }) {
  const canvas = new Canvas(model, el);
  return () => canvas.close();
}
export default { render };
