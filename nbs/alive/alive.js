// The part of the page that moves: photograph, box, masks. One element of the class `alive` on the page.
import {cropAround, inside, takeCrop, putBack} from "./amodal.js";

const root = document.querySelector(".alive"), $ = query => root.querySelector(query), main = $(".photo");
const pen = main.getContext("2d", {willReadFrequently: true}), small = [...root.querySelectorAll(".three canvas")];
const here = path => new URL(path, import.meta.url).href;  // beside this file, wherever the page is
const COLOURS = {seen: [0, 114, 178], hidden: [213, 94, 0], whole: [230, 159, 0]}, LONGEST = 1280, LEAST = 8;
const state = {photo: null, box: null, question: 0, log: []};
const says = text => { $(".says").textContent = text; };
const failed = error => says(error.missing ? root.dataset.missing : `It did not work: ${error.message}`);

// --- the model: it is fetched with the first photograph, so that who only reads loads none of it

let worker, ready;
const waiting = new Map();

function heard({data}, good, bad) {
  if (data.progress) says(`Loading the model: ${(data.progress / 1e6).toFixed(1)} of ${root.dataset.megabytes} MB`);
  if (data.starting) says("Starting the model");
  if (data.ready) good();
  if (data.error) bad(Object.assign(new Error(data.error), {missing: data.missing}));
  if (!data.id) return;
  const [answered, refused] = waiting.get(data.id);
  waiting.delete(data.id);
  data.error ? refused(new Error(data.error)) : answered(data);
}

function start() {
  ready ??= new Promise((good, bad) => {
    worker = new Worker(here("worker.js"), {type: "module"});
    worker.onerror = event => bad(new Error(event.message || "the worker did not start"));
    worker.onmessage = event => heard(event, good, bad);
    worker.postMessage({load: {model: here("vendor/tiny.onnx"), vendor: here("vendor/")}});
  });
  return ready;
}

const ask = (crop, box) => new Promise((good, bad) => {
  waiting.set(++state.question, [good, bad]);
  worker.postMessage({id: state.question, crop, box}, [crop.buffer]);
});

/** Whole, visible and hidden mask for a box of the photograph, and the score. */
async function complete(box) {
  const crop = cropAround(box), {width, height} = state.photo, begun = performance.now();
  const seen = takeCrop(state.photo, crop), cropped = performance.now();
  const reply = await ask(seen, inside(crop, box)), back = performance.now();
  const whole = putBack(reply.whole, crop, width, height), own = putBack(reply.visible, crop, width, height);
  const visible = own.map((value, n) => value & whole[n]), hidden = whole.map((value, n) => value & ~visible[n]);
  return {whole, visible, hidden, score: reply.score, crop, ms: {crop: cropped - begun, model: reply.ms, paste: performance.now() - back}};
}

// --- pictures

function painted(layers) {
  const {width, height} = state.photo, copy = new ImageData(new Uint8ClampedArray(state.photo.data), width, height);
  const period = Math.max(8, 8 * Math.round(width / 500));
  for (const [mask, colour, hatched] of layers) for (let y = 0, n = 0; y < height; y++) for (let x = 0; x < width; x++, n++) {
    if (!mask[n]) continue;
    const edge = x && y && x < width - 1 && y < height - 1 && !(mask[n - 1] && mask[n + 1] && mask[n - width] && mask[n + width]);
    const inner = hatched ? ((x + y) % period < 0.4 * period ? 0.95 : 0.25) : 0.5, share = edge ? 1 : inner;
    for (let c = 0; c < 3; c++) copy.data[4 * n + c] = (1 - share) * copy.data[4 * n + c] + share * colour[c];
  }
  return copy;
}

function redraw(box, picture = state.photo) {
  pen.putImageData(picture, 0, 0);
  if (!box) return;
  const line = Math.max(2, Math.round(main.width / 300));
  for (const [colour, width] of [["#000", line + 2], ["rgb(240 228 66)", line]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.strokeRect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
  }
}

function showThree(found) {
  const {left, top, side} = found.crop, {width, height} = state.photo, x = Math.max(0, left), y = Math.max(0, top);
  const size = [Math.min(width, left + side) - x, Math.min(height, top + side) - y];
  const layers = [[found.visible, COLOURS.seen], [found.hidden, COLOURS.hidden, true], [found.whole, COLOURS.whole]];
  for (const [k, layer] of layers.entries()) {
    [small[k].width, small[k].height] = size;
    small[k].getContext("2d").putImageData(painted([layer]), -x, -y);
  }
  $(".three").hidden = false;
}

// --- a photograph, then boxes

const HOW = "Drag a box around an object, its hidden part included; or move it with the arrow keys.";

async function show(blob) {
  let bitmap;
  try { bitmap = await createImageBitmap(blob); } catch { return says("This file is no photograph that the browser can read."); }
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  [main.width, main.height] = [Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale))];
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, main.width, main.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, main.width, main.height);
  state.photo = pen.getImageData(0, 0, main.width, main.height);
  state.box = null;
  [main.hidden, $(".hint").hidden, $(".three").hidden] = [false, true, true];
  says("Loading the model");
  await start();
  if (!state.box) says(HOW);
}

async function go(box) {
  const {width, height} = state.photo, begun = performance.now(), photo = state.photo;
  box = [Math.max(0, box[0]), Math.max(0, box[1]), Math.min(width, box[2]), Math.min(height, box[3])];
  if (Math.min(box[2] - box[0], box[3] - box[1]) < LEAST) {
    redraw(state.box);
    return says("That box is too small: drag from one corner of the object to the other.");
  }
  state.box = box;
  redraw(box);
  await start();
  const found = await complete(box);
  if (photo !== state.photo || state.box !== box) return;  // something newer was asked for
  redraw(box, painted([[found.visible, COLOURS.seen], [found.hidden, COLOURS.hidden, true]]));
  showThree(found);
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));  // painted
  const count = mask => mask.reduce((a, b) => a + b, 0), share = 100 * count(found.hidden) / Math.max(1, count(found.whole));
  const total = performance.now() - begun;
  state.log.push({total, ...found.ms, share, score: found.score});
  says(`${share.toFixed(0)} % of the object is hidden; the model expects an IoU of ${found.score.toFixed(2)}. It took ${total.toFixed(0)} ms, of which the model ${found.ms.model.toFixed(0)}.`);
}

// --- mouse, finger, keys

let corner = null;
const place = event => {
  const area = main.getBoundingClientRect();
  return [(event.clientX - area.left) * main.width / area.width, (event.clientY - area.top) * main.height / area.height];
};
const ordered = ([a, b], [c, d]) => [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];

main.addEventListener("pointerdown", event => {
  corner = place(event);
  main.setPointerCapture(event.pointerId);
});
main.addEventListener("pointermove", event => { if (corner) redraw(ordered(corner, place(event))); });
main.addEventListener("pointerup", event => {
  if (!corner) return;
  const box = ordered(corner, place(event));
  corner = null;
  go(box).catch(failed);
});
main.addEventListener("pointercancel", () => {
  corner = null;
  redraw(state.box);
});

const STEPS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
let asked;  // the box is asked about when the keys rest

/** Arrows move the box, with Shift its lower right corner; the first one puts a box into the middle. */
main.addEventListener("keydown", event => {
  const step = STEPS[event.key];
  if (!step || !state.photo) return;
  event.preventDefault();
  const {width, height} = state.photo, by = Math.max(width, height) / 50, [dx, dy] = [step[0] * by, step[1] * by];
  const before = state.box ?? [width / 4, height / 4, 3 * width / 4, 3 * height / 4], moved = event.shiftKey ? 0 : 1;
  const box = [before[0] + dx * moved, before[1] + dy * moved, before[2] + dx, before[3] + dy];
  if (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height || box[2] - box[0] < LEAST || box[3] - box[1] < LEAST) return;
  state.box = box;
  redraw(box);
  clearTimeout(asked);
  asked = setTimeout(() => go(box).catch(failed), 250);
});

for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) $(".stage").addEventListener(kind, event => {
  event.preventDefault();
  $(".stage").classList.toggle("over", over);
});
const open = file => { if (file) show(file).catch(failed); };
$(".stage").addEventListener("drop", event => open(event.dataTransfer.files[0]));
$("input").addEventListener("change", event => {
  open(event.target.files[0]);
  event.target.value = "";  // the same file may be chosen again
});

async function example(button) {
  const reply = await fetch(here(`vendor/${button.dataset.file}`));
  if (!reply.ok) throw Object.assign(new Error(reply.status), {missing: true});
  await show(await reply.blob());
  await go(button.dataset.box.split(",").map(Number));
}
for (const button of root.querySelectorAll("button[data-file]")) button.addEventListener("click", () => example(button).catch(failed));
root.alive = {state, complete};  // for tools/check_alive.py
