// Masks as paths: a path stays sharp at any zoom and on any screen, and can be filled, hatched and outlined.

const asBytes = value => value instanceof DataView ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value.buffer ?? value);

const decoded = (value, type) => createImageBitmap(new Blob([asBytes(value)], { type }));

// A 1-bit PNG as one byte a pixel, 0 or 1.
async function pixelsOf(png) {
  const bitmap = await decoded(png, "image/png");
  const { width, height } = bitmap;
  const brush = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  brush.drawImage(bitmap, 0, 0);
  const colours = brush.getImageData(0, 0, width, height).data, inside = new Uint8Array(width * height);
  for (let i = 0; i < inside.length; i++) inside[i] = colours[4 * i] > 127 ? 1 : 0;
  return { width, height, inside };
}

// The border between inside and outside, walked with the inside on the right hand, from the middle of one pixel's side to the middle of the next:
// every pixel's centre is on the side of the line where it belongs.
function outline({ width, height, inside }, left = 0, top = 0) {
  const EAST = 0, SOUTH = 1, WEST = 2, NORTH = 3, stride = width + 1;
  const leaving = new Uint8Array(stride * (height + 1)); // per corner of a pixel, one bit for each direction in which a side leaves it
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const i = y * width + x, corner = y * stride + x;
    if (!inside[i]) continue;
    if (!y || !inside[i - width]) leaving[corner] |= 1 << EAST;
    if (x === width - 1 || !inside[i + 1]) leaving[corner + 1] |= 1 << SOUTH;
    if (y === height - 1 || !inside[i + width]) leaving[corner + stride + 1] |= 1 << WEST;
    if (!x || !inside[i - 1]) leaving[corner + stride] |= 1 << NORTH;
  }
  const path = new Path2D(), step = [1, stride, -1, -stride], middle = [[0.5, 0], [0, 0.5], [-0.5, 0], [0, -0.5]];
  for (let start = 0; start < leaving.length; start++) while (leaving[start]) {
    const corners = [], turns = [];
    for (let corner = start, way = NORTH; leaving[corner]; corner += step[way]) {
      way = [1, 0, 3, 2].map(turn => (way + turn) % 4).find(turned => leaving[corner] >> turned & 1);
      leaving[corner] &= ~(1 << way);
      corners.push(corner);
      turns.push(way);
    }
    const count = turns.length;
    let begun = false;
    for (let i = 0; i < count; i++) {
      if (turns[i] === turns[(i + count - 1) % count] && turns[i] === turns[(i + 1) % count]) continue; // in the middle of a straight line
      const x = left + corners[i] % stride + middle[turns[i]][0], y = top + Math.floor(corners[i] / stride) + middle[turns[i]][1];
      begun ? path.lineTo(x, y) : path.moveTo(x, y);
      begun = true;
    }
    path.closePath();
  }
  return path;
}

// What Python answers about an object, as the paths of its layers; both masks are cut to the same window.
async function layersOf(answer) {
  const [visible, occluded] = await Promise.all([pixelsOf(answer.visible), pixelsOf(answer.occluded)]);
  const amodal = { ...visible, inside: visible.inside.map((bit, i) => bit | occluded.inside[i]) };
  const path = mask => outline(mask, answer.left, answer.top);
  return { visible: path(visible), occluded: path(occluded), amodal: path(amodal), mask: amodal, left: answer.left, top: answer.top };
}
