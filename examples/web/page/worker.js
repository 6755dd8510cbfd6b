"use strict";
// Runs the model beside the page, which so stays awake. It answers {id, call, ...} with {id, answer} or {id, error}.

importScripts("edgekit.js");

const FOLDER = "/model";
let runtime = null;

async function fetched(name) {
  // A browser that keeps an old file beside new ones would show a damaged model.
  const answer = await fetch("model/" + encodeURIComponent(name), { cache: "no-cache" });
  if (!answer.ok) throw new Error(`model/${name} could not be fetched: the server says ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

// Put the artifact where the runtime reads it. What is wrong with a file the runtime says.
async function start() {
  runtime = await edgekit();
  runtime.FS.mkdir(FOLDER);
  const text = await fetched("manifest.json");
  runtime.FS.writeFile(`${FOLDER}/manifest.json`, text);
  let manifest;
  try {
    manifest = JSON.parse(new TextDecoder().decode(text));
  } catch {
    return {};
  }
  const names = Object.keys({ ...(manifest.files ?? {}), ...(manifest.golden ?? {}) });
  const contents = await Promise.all(names.map(fetched));
  names.forEach((name, i) => runtime.FS.writeFile(`${FOLDER}/${name}`, contents[i]));
  return manifest;
}

const calls = {
  async load() {
    const began = performance.now();
    const manifest = await start();
    const error = runtime.load(FOLDER);
    if (error) throw new Error(error);
    const { name } = manifest.model;
    return { model: name, precision: manifest.precision, version: runtime.version(), ms: performance.now() - began };
  },
  async selfTest() {
    await start();
    return runtime.selfTest(FOLDER);
  },
  async classify({ bytes, top }) {
    return runtime.classify(new Uint8Array(bytes), top);
  },
};

onmessage = async ({ data }) => {
  try {
    postMessage({ id: data.id, answer: await calls[data.call](data) });
  } catch (error) {
    postMessage({ id: data.id, error: String(error?.message ?? error) });
  }
};
