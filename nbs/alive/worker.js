// Runs the model away from the page's thread.
// In: {load: {model, vendor}} or {id, crop, box}. Out: {progress}, {ready}, {id, whole, visible, score, ms} or {error, missing}.
let session, ort;

class Missing extends Error {}

async function bytes(url, tell) {
  const reply = await fetch(url);
  if (!reply.ok) throw new Missing(url);
  const parts = [], reader = reply.body.getReader();
  let count = 0;
  for (let step; !(step = await reader.read()).done;) {
    parts.push(step.value);
    tell(count += step.value.length);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function load({model, vendor}) {
  const counts = {};
  const tell = name => count => {
    counts[name] = count;
    postMessage({progress: Object.values(counts).reduce((a, b) => a + b)});
  };
  const [wasm, weights] = await Promise.all([bytes(vendor + "ort-wasm-simd-threaded.wasm", tell("wasm")), bytes(model, tell("model"))]);
  ort = await import(vendor + "ort.wasm.bundle.min.mjs");
  ort.env.wasm.numThreads = 1;            // no cross-origin isolation is needed
  ort.env.wasm.wasmBinary = wasm.buffer;  // else the bundle asks for a third file
  postMessage({starting: true});
  session = await ort.InferenceSession.create(weights, {executionProviders: ["wasm"]});
  await answer({crop: new Uint8Array(192 * 192 * 3), box: Float32Array.of(40, 40, 150, 150)});  // the first answer is the slowest
  postMessage({ready: true});
}

async function answer({id, crop, box}) {
  const start = performance.now(), side = Math.sqrt(crop.length / 3);
  const {whole, visible, score} = await session.run({crops: new ort.Tensor("uint8", crop, [1, side, side, 3]), boxes: new ort.Tensor("float32", box, [1, 4])});
  if (id) postMessage({id, whole: whole.data, visible: visible.data, score: score.data[0], ms: performance.now() - start});
}

let queue = Promise.resolve();  // one thing after the other
onmessage = ({data}) => {
  const done = queue.then(() => data.load ? load(data.load) : answer(data));
  queue = done.catch(error => postMessage({id: data.id, error: String(error?.message || error), missing: error instanceof Missing}));
};
