// Masks as paths: a path stays sharp at any zoom and on any screen, and can be filled, hatched and outlined.

const asBytes = value => value instanceof DataView ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value.buffer ?? value);

const decoded = (value, type) => createImageBitmap(new Blob([asBytes(value)], { type }));

// Where a mask begins and ends, read row by row, as one byte a pixel, 0 or 1.
function pixelsOf(value, { width, height }) {
  const edges = new Uint32Array(asBytes(value).slice().buffer), inside = new Uint8Array(width * height);
  for (let i = 0; i < edges.length; i += 2) inside.fill(1, edges[i], edges[i + 1]);
  return { width, height, inside };
}

// At a corner of four pixels, by which of them are inside (1, 2, 4, 8: left and right above, left and right below):
// one bit for each direction in which the border leaves it, with the inside on the right hand.
const EAST = 0, SOUTH = 1, WEST = 2, NORTH = 3;
const LEAVING = Uint8Array.from({ length: 16 }, (_, around) => {
  const [above, beyond, below, ahead] = [1, 2, 4, 8].map(pixel => Boolean(around & pixel));
  return (ahead && !beyond) << EAST | (below && !ahead) << SOUTH | (above && !below) << WEST | (beyond && !above) << NORTH;
});
// Where to go on from there: to the right if that is possible, else straight, to the left, back.
const onward = (way, ways) => [1, 0, 3, 2].map(turn => (way + turn) % 4).find(turned => ways >> turned & 1);
const ONWARD = Uint8Array.from({ length: 64 }, (_, i) => onward(i >> 4, i & 15) ?? 0);

// Per corner, the directions in which the border leaves it.
function cornersOf({ width, height, inside }) {
  const stride = width + 1, leaving = new Uint8Array(stride * (height + 1)), begins = [];
  for (let y = 0; y <= height; y++) {
    let above = 0, below = 0; // the pixels to the left of the corner
    for (let x = 0; x <= width; x++) {
      const beyond = x < width && y ? inside[(y - 1) * width + x] : 0, ahead = x < width && y < height ? inside[y * width + x] : 0;
      const around = above | beyond << 1 | below << 2 | ahead << 3;
      if (LEAVING[around]) {
        leaving[y * stride + x] = LEAVING[around];
        begins.push(y * stride + x);
      }
      above = beyond;
      below = ahead;
    }
  }
  return { stride, leaving, begins };
}

// The border between inside and outside, from the middle of one pixel's side to the middle of the next:
// every pixel's centre is on the side of the line where it belongs.
function outline(mask, left = 0, top = 0) {
  const { stride, leaving, begins } = cornersOf(mask);
  const path = new Path2D(), step = [1, stride, -1, -stride], across = [0.5, 0, -0.5, 0], down = [0, 0.5, 0, -0.5];
  for (const start of begins) while (leaving[start]) {
    const corners = [], turns = [];
    for (let corner = start, way = NORTH; leaving[corner]; corner += step[way]) {
      way = ONWARD[way << 4 | leaving[corner]];
      leaving[corner] &= ~(1 << way);
      corners.push(corner);
      turns.push(way);
    }
    const count = turns.length;
    let begun = false;
    for (let i = 0; i < count; i++) {
      const way = turns[i];
      if (way === turns[i ? i - 1 : count - 1] && way === turns[i + 1 < count ? i + 1 : 0]) continue; // in the middle of a straight line
      const x = left + corners[i] % stride + across[way], y = top + Math.floor(corners[i] / stride) + down[way];
      begun ? path.lineTo(x, y) : path.moveTo(x, y);
      begun = true;
    }
    path.closePath();
  }
  return path;
}

// What Python answers about an object, as the paths of its layers; both masks are cut to the same window.
function layersOf(answer) {
  const visible = pixelsOf(answer.visible, answer), occluded = pixelsOf(answer.occluded, answer), amodal = { ...visible, inside: visible.inside.slice() };
  for (let i = 0; i < amodal.inside.length; i++) amodal.inside[i] |= occluded.inside[i];
  const path = mask => outline(mask, answer.left, answer.top);
  return { visible: path(visible), occluded: path(occluded), amodal: path(amodal), mask: amodal, left: answer.left, top: answer.top };
}

// An answer comes anew with each message; one that says the same has its paths already.
function sameMasks(answer, other) {
  const alike = name => { const [one, two] = [asBytes(answer[name]), asBytes(other[name])]; return one.length === two.length && one.every((byte, i) => byte === two[i]); };
  return ["left", "top", "width", "height"].every(name => answer[name] === other[name]) && alike("visible") && alike("occluded");
}
