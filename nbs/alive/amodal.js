// The crop and the way back, as the notebooks 07_crop and 15_predict have them. Pure functions; nothing here knows the page.
export const SIZE = 192, CONTEXT = 1.3, FILL = 127;  // as AmodalPredictor shows crops to the model `tiny`

const evenRound = x => { const r = Math.round(x); return Math.abs(x % 1) === 0.5 && r % 2 ? r - 1 : r; };  // Python's round

/** Crop around a box [x0, y0, x1, y1]: {left, top, side}. */
export function cropAround([x0, y0, x1, y1]) {
  const side = Math.max(1, evenRound(CONTEXT * Math.max(x1 - x0, y1 - y0)));
  return {left: evenRound((x0 + x1) / 2 - side / 2), top: evenRound((y0 + y1) / 2 - side / 2), side};
}

/** A box of the image in pixels of the crop. */
export const inside = (crop, box) => Float32Array.from(box, (v, k) => (v - (k % 2 ? crop.top : crop.left)) * SIZE / crop.side);

/** For each of SIZE samples the pixels of the side and their weights: areas where it shrinks (cv2.INTER_AREA), linear where it grows (cv2.INTER_LINEAR, whose weights are whole 2048ths). */
function taps(side) {
  const scale = side / SIZE;
  return Array.from({length: SIZE}, (_, i) => {
    if (side <= SIZE) {
      const place = Math.fround((i + 0.5) * scale - 0.5), low = Math.floor(place), share = Math.fround(place - low);
      return [[Math.max(low, 0), evenRound(2048 * Math.fround(1 - share))], [Math.min(low + 1, side - 1), evenRound(2048 * share)]];
    }
    const from = i * scale, to = from + scale, found = [];
    for (let k = Math.floor(from); k < Math.min(Math.ceil(to), side); k++) found.push([k, (Math.min(to, k + 1) - Math.max(from, k)) / scale]);
    return found;
  });
}

/** RGB of a square of the image as the model sees it, Uint8Array (SIZE, SIZE, 3); `image` is an ImageData. */
export function takeCrop(image, crop) {
  const {width, height, data} = image, weights = taps(crop.side), seen = new Uint8Array(SIZE * SIZE * 3);
  const within = (first, count) => weights.map(t => t.reduce((sum, [k, w]) => sum + (first + k >= 0 && first + k < count ? w : 0), 0));
  const insideX = within(crop.left, width), insideY = within(crop.top, height);
  const grows = crop.side <= SIZE;  // then cv2 counts in whole numbers and drops bits on the way
  const times = grows ? (weight, value) => (weight * (value >> 4)) >> 16 : (weight, value) => weight * value;
  const ended = grows ? value => (value + 2) >> 2 : evenRound;
  const stepwise = crop.side > SIZE && (crop.left < 0 || crop.top < 0 || crop.left + crop.side > width || crop.top + crop.side > height);  // take_crop then rounds in between
  const isInside = (i, j) => ended(weights[j].reduce((all, [k, w]) => all + (crop.top + k >= 0 && crop.top + k < height ? times(w, insideX[i]) : 0), 0)) > 0;
  const rows = new Map();  // of the image, already resized in x; a row is needed by two neighbours at most
  const row = y => {
    if (!rows.has(y)) {
      const line = new Float32Array(SIZE * 3);
      if (y < 0 || y >= height) line.fill(grows ? 2048 * FILL : FILL);
      else for (let i = 0; i < SIZE; i++) for (const [k, w] of weights[i]) {
        const x = crop.left + k, at = 4 * (y * width + x), out = x < 0 || x >= width;
        for (let c = 0; c < 3; c++) line[3 * i + c] += w * (out ? FILL : data[at + c]);
      }
      if (stepwise) for (let i = 0; i < line.length; i++) line[i] = evenRound(line[i]);
      rows.set(y, line);
      if (rows.size > 4096) rows.delete(rows.keys().next().value);
    }
    return rows.get(y);
  };
  const sum = new Float32Array(SIZE * 3);
  for (let j = 0; j < SIZE; j++) {
    sum.fill(0);
    for (const [k, w] of weights[j]) { const line = row(crop.top + k); for (let i = 0; i < sum.length; i++) sum[i] += times(w, line[i]); }
    for (let i = 0; i < SIZE; i++) {
      const known = stepwise ? insideX[i] > 0.5 && insideY[j] > 0.5 : grows ? isInside(i, j) : insideX[i] * insideY[j] > 0.5;
      for (let c = 0; c < 3; c++) seen[3 * (j * SIZE + i) + c] = known ? ended(sum[3 * i + c]) : FILL;
    }
  }
  return seen;
}

/** Where the crop's logits (s, s) are above zero, as a mask of the image, Uint8Array (height, width) of 0 and 1. */
export function putBack(logits, crop, width, height) {
  const count = Math.sqrt(logits.length), mask = new Uint8Array(width * height);
  const left = Math.max(crop.left, 0), top = Math.max(crop.top, 0), right = Math.min(crop.left + crop.side, width), bottom = Math.min(crop.top + crop.side, height);
  const place = (at, first) => { const p = Math.min(Math.max((at + 0.5 - first) * count / crop.side - 0.5, 0), count - 1), low = Math.min(Math.floor(p), count - 2); return [low, p - low]; };
  const line = new Float32Array(count);
  for (let y = top; y < bottom; y++) {
    const [j, v] = place(y, crop.top);
    for (let i = 0; i < count; i++) line[i] = (1 - v) * logits[j * count + i] + v * logits[(j + 1) * count + i];
    for (let x = left; x < right; x++) { const [i, u] = place(x, crop.left); if ((1 - u) * line[i] + u * line[i + 1] > 0) mask[y * width + x] = 1; }
  }
  return mask;
}
