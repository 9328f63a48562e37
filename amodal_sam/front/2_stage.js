// The picture area: what is drawn, and where a place on the screen lies in the picture.

const RIM = "rgba(0, 0, 0, 0.65)", HANDLE = 4.5, DOT = 7; // pixels of the screen
const LAYERS = [["amodal", "whole"], ["visible", "visible"], ["occluded", "hidden"], ["box", "box"]];
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

class Stage {
  constructor(canvas, palette) {
    Object.assign(this, { canvas, palette, image: null, size: [1, 1], found: {}, zoom: 1, x: 0, y: 0, tiles: new Map() });
    this.brush = canvas.getContext("2d");
  }

  // Canvas pixels are screen pixels; the picture fits when zoom is 1. In a page of its own it takes the room that there is.
  resize(room, all, tallest) {
    const [width, height] = this.size, widest = all ? room : Math.max(width, 560);
    const shown = Math.max(120, Math.min(room, tallest * width / height, widest));
    this.ratio = globalThis.devicePixelRatio || 1;
    this.wide = shown;
    this.high = shown * height / width;
    Object.assign(this.canvas.style, { width: `${this.wide}px`, height: `${this.high}px` });
    const [across, down] = [this.wide, this.high].map(side => Math.round(side * this.ratio));
    if (this.canvas.width !== across || this.canvas.height !== down) Object.assign(this.canvas, { width: across, height: down });
  }

  get scale() { return this.zoom * this.wide / this.size[0]; } // pixels of the screen for one of the picture

  place(event) {
    const frame = this.canvas.getBoundingClientRect();
    return this.inPicture(event.clientX - frame.left, event.clientY - frame.top);
  }

  inPicture(x, y) { return [(x - this.x) / this.scale, (y - this.y) / this.scale]; }

  keepInside() {
    this.x = clamp(this.x, this.wide * (1 - this.zoom), 0);
    this.y = clamp(this.y, this.high * (1 - this.zoom), 0);
  }

  zoomTo(zoom, x = this.wide / 2, y = this.high / 2) {
    const [left, top] = this.inPicture(x, y);
    this.zoom = clamp(zoom, 1, 32);
    this.x = x - left * this.scale;
    this.y = y - top * this.scale;
    this.keepInside();
  }

  pan(x, y) {
    this.x += x;
    this.y += y;
    this.keepInside();
  }

  hatch(colour, alpha) {
    const key = `${colour}${alpha}${this.ratio}`;
    if (!this.tiles.has(key)) {
      const side = Math.round(8 * this.ratio), tile = new OffscreenCanvas(side, side), brush = tile.getContext("2d");
      Object.assign(brush, { strokeStyle: colour, globalAlpha: alpha, lineWidth: 0.3 * side, lineCap: "square" });
      brush.beginPath();
      for (const shift of [-side, 0, side]) { brush.moveTo(shift, side); brush.lineTo(shift + side, 0); }
      brush.stroke();
      this.tiles.set(key, tile);
    }
    const pattern = this.brush.createPattern(this.tiles.get(key), "repeat"), unit = 1 / (this.scale * this.ratio);
    pattern.setTransform(new DOMMatrix([unit, 0, 0, unit, 0, 0]));
    return pattern;
  }

  fill(path, style, alpha) {
    this.brush.globalAlpha = alpha;
    this.brush.fillStyle = style;
    this.brush.fill(path, "evenodd");
  }

  stroke(path, colour, width, alpha = 1) {
    Object.assign(this.brush, { globalAlpha: alpha, strokeStyle: colour, lineWidth: width / this.scale, lineJoin: "round" });
    this.brush.stroke(path);
  }

  masks(thing, layers) {
    const paths = this.found[thing.id];
    if (!paths) return;
    for (const name of ["visible", "occluded"]) {
      const { on, weight } = layers[name], colour = this.palette[name];
      if (!on) continue;
      this.fill(paths[name], colour, (name === "visible" ? 0.5 : 0.25) * weight);
      if (name === "occluded") this.fill(paths[name], this.hatch(colour, 0.95), weight);
      this.stroke(paths[name], colour, 1.5, weight);
    }
    if (!layers.amodal.on) return;
    this.stroke(paths.amodal, RIM, 4, 0.6 * layers.amodal.weight);
    this.stroke(paths.amodal, thing.colour, 2, layers.amodal.weight);
  }

  box(box, colour, chosen, weight) {
    const path = new Path2D(), [left, top, right, bottom] = box;
    path.rect(left, top, right - left, bottom - top);
    this.stroke(path, RIM, chosen ? 4.5 : 3.5, 0.7 * weight);
    this.stroke(path, colour, chosen ? 2 : 1.5, weight);
  }

  handles(box, colour) {
    for (const [x, y] of handlesOf(box)) {
      const path = new Path2D(), side = HANDLE / this.scale;
      path.rect(x - side, y - side, 2 * side, 2 * side);
      this.fill(path, "white", 1);
      this.stroke(path, RIM, 3);
      this.stroke(path, colour, 1.5);
    }
  }

  point([x, y, label]) {
    const disc = new Path2D(), sign = new Path2D(), unit = 1 / this.scale, arm = 3.5 * unit, colour = this.palette[label ? "truth" : "occluded"];
    disc.arc(x, y, DOT * unit, 0, 2 * Math.PI);
    sign.moveTo(x - arm, y);
    sign.lineTo(x + arm, y);
    if (label) { sign.moveTo(x, y - arm); sign.lineTo(x, y + arm); }
    this.fill(disc, "white", 1);
    this.stroke(disc, RIM, 4, 0.5);
    this.stroke(disc, colour, 2.5);
    this.stroke(sign, colour, 2);
  }

  // The way of the brush, as wide as it is; what it will make of the masks is Python's to say.
  painted({ kind, radius, line }) {
    const colour = { whole: this.palette.occluded, visible: this.palette.visible, erase: "#ffffff" }[kind];
    const path = new Path2D();
    path.moveTo(...line[0]);
    for (const place of line) path.lineTo(...place);
    Object.assign(this.brush, { globalAlpha: 0.55, strokeStyle: colour, lineWidth: 2 * radius, lineCap: "round", lineJoin: "round" });
    this.brush.stroke(path);
  }

  ring([x, y], radius) {
    const path = new Path2D();
    path.arc(x, y, radius, 0, 2 * Math.PI);
    this.stroke(path, RIM, 3);
    this.stroke(path, "white", 1.25);
  }

  tag(text, [left, top], colour) {
    const { brush, ratio } = this, x = this.x + left * this.scale, y = this.y + top * this.scale;
    brush.save();
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    Object.assign(brush, { globalAlpha: 1, font: "600 11px system-ui, sans-serif", textBaseline: "middle" });
    const wide = brush.measureText(text).width + 10, corner = [clamp(x, 2, this.wide - wide - 2), clamp(y - 22, 2, this.high - 18)];
    brush.fillStyle = colour;
    brush.beginPath();
    brush.roundRect(...corner, wide, 16, 4);
    brush.fill();
    brush.fillStyle = "#111";
    brush.fillText(text, corner[0] + 5, corner[1] + 8.5);
    brush.restore();
  }

  draw({ things, questions, chosen, layers, drag, editable, strokes, ring }) {
    const { brush, ratio, scale } = this;
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.clearRect(0, 0, this.canvas.width, this.canvas.height);
    brush.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * this.x, ratio * this.y);
    brush.globalAlpha = 1;
    brush.imageSmoothingEnabled = ratio * scale < 4;
    brush.imageSmoothingQuality = "high";
    if (this.image) brush.drawImage(this.image, 0, 0, ...this.size);
    const backToFront = [...things].reverse();
    for (const thing of backToFront) this.masks(thing, layers);
    for (const stroke of strokes) this.painted(stroke);
    for (const thing of backToFront) {
      const { box, points = [] } = questions[thing.id] ?? {}, isChosen = thing.id === chosen && editable;
      if (!layers.box.on) continue;
      if (box) {
        this.box(box, thing.colour, isChosen, layers.box.weight);
        if (isChosen) this.handles(box, thing.colour);
        if (things.length > 1) this.tag(thing.name, box, thing.colour);
      }
      for (const point of points) this.point(point);
    }
    if (drag?.band) this.box(ordered(drag.band), "white", true, 1);
    if (ring) this.ring(ring.at, ring.radius);
  }
}

const ordered = ([x0, y0, x1, y1]) => [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];

// Clockwise from the upper left corner; the places of `moved` tell which sides a handle moves.
const handlesOf = ([left, top, right, bottom]) => {
  const x = (left + right) / 2, y = (top + bottom) / 2;
  return [[left, top], [x, top], [right, top], [right, y], [right, bottom], [x, bottom], [left, bottom], [left, y]];
};
const MOVED = [[0, 1], [1], [2, 1], [2], [2, 3], [3], [0, 3], [0]];
const CURSORS = ["nwse-resize", "ns-resize", "nesw-resize", "ew-resize"];
