"use strict";

const LARGEST_FILE = 256 * 1024 * 1024;
const TOP = 5;
const $ = (id) => document.getElementById(id);

// A worker as a function that is awaited: `await ask("classify", {...})`. One that crashes rejects all that wait for it.
function asker() {
  const waiting = new Map();
  let count = 0;
  let broken = null;
  const fail = (message) => {
    broken = new Error(message);
    for (const { reject } of waiting.values()) reject(broken);
    waiting.clear();
  };
  let worker;
  try {
    worker = new Worker("worker.js");
  } catch {
    broken = new Error("This page needs a server: run `python3 -m http.server` in its folder and open what it names");
    return { ask: () => Promise.reject(broken), end() {} };
  }
  worker.onmessage = ({ data }) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) one?.resolve(data.answer);
    else one?.reject(new Error(data.error));
  };
  worker.onerror = (event) => fail(event.message || "The program of the model did not start in this browser");
  return {
    ask: (call, rest = {}, transfer = []) =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken);
        waiting.set(++count, { resolve, reject });
        worker.postMessage({ id: count, call, ...rest }, transfer);
      }),
    end: () => worker.terminate(),
  };
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function say(sentence, isError = false) {
  const place = $("message");
  place.textContent = sentence && (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`);
  place.classList.toggle("error", isError);
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const title = (one) => one.name || `class ${one.index}`;

function showClasses(answer) {
  $("label").textContent = answer.top.length ? title(answer.top[0]) : "no classes: this model gives features";
  const rows = answer.top.map((one) => {
    const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("span"));
    bar.firstChild.style.setProperty("inline-size", percent(one.probability).replace(" ", ""));
    return element(
      "li",
      {},
      element("span", { class: "name" }, title(one)),
      element("span", { class: "share" }, percent(one.probability)),
      bar,
    );
  });
  $("classes").replaceChildren(...rows);
  const times = [answer.decodeMs, answer.prepareMs, answer.runMs].map((ms) => ms.toFixed(0));
  $("times").textContent = `Decoded in ${times[0]} ms, prepared in ${times[1]} ms, computed in ${times[2]} ms.`;
  $("result").hidden = false;
}

const figure = (number) => (number === 0 ? "0" : Math.abs(number) < 1e-3 ? number.toExponential(1) : number.toPrecision(3));

function showSelfTest(found) {
  const rows = found.stages.map((stage) => {
    const compared = stage.status !== "not compared";
    const mark = { passed: "✓ ", failed: "✗ " }[stage.status] ?? "";
    return element(
      "tr",
      { class: stage.status.replace(" ", "-") },
      element("th", { scope: "row" }, stage.name),
      element("td", { class: "status" }, mark + stage.status),
      element("td", {}, compared ? `${figure(stage.figure)} (at most ${figure(stage.limit)})` : "–"),
      element("td", { class: "detail" }, stage.detail),
    );
  });
  $("stages").replaceChildren(...rows);
  $("stages-table").hidden = false;
}

function badge(status, words) {
  $("badge").className = status;
  $("badge").textContent = words;
}

// In a worker of its own: one that crashes is a red badge, and photos can still be tried.
async function selfTest() {
  badge("running", "Self-test: running …");
  $("again").disabled = true;
  $("verdict").textContent = "It is running …";
  const { ask, end } = asker();
  try {
    const found = await ask("selfTest");
    if (found.error) throw new Error(found.error);
    showSelfTest(found);
    badge(found.passed ? "passed" : "failed", found.passed ? "✓ Self-test passed" : "✗ Self-test failed");
    $("verdict").textContent = found.passed
      ? "This browser computes what the model computed when it was verified."
      : "This browser does not compute what the model computed when it was verified: do not trust its answers.";
  } catch (error) {
    badge("failed", "✗ Self-test failed");
    $("verdict").textContent = `It could not be made: ${error.message}.`;
  } finally {
    end();
    $("again").disabled = false;
  }
}

const model = asker();
let latest = 0;
let picture = "";

async function classify(file) {
  const number = ++latest;
  $("result").hidden = true;
  $("drop").classList.remove("filled");
  if (file.size > LARGEST_FILE) return say(`${file.name} is larger than ${LARGEST_FILE >> 20} MB`, true);
  say(`Looking at ${file.name} …`);
  try {
    const bytes = await file.arrayBuffer();
    const answer = await model.ask("classify", { bytes, top: TOP }, [bytes]);
    if (number !== latest) return; // another photo came meanwhile
    if (answer.error) return say(`${file.name}: ${answer.error}`, true);
    URL.revokeObjectURL(picture);
    picture = URL.createObjectURL(file);
    $("photo").src = picture;
    $("photo").alt = `Your photo ${file.name}`;
    $("drop").classList.add("filled");
    showClasses(answer);
    say("");
  } catch (error) {
    if (number === latest) say(error.message, true);
  }
}

function listen() {
  const drop = $("drop");
  $("file").addEventListener("change", (event) => {
    if (event.target.files[0]) classify(event.target.files[0]);
    event.target.value = ""; // the same file may be chosen again
  });
  // A photo that misses the frame must not take the place of the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  addEventListener("dragover", () => drop.classList.add("over"));
  for (const name of ["dragleave", "drop"]) addEventListener(name, () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    if ($("file").disabled) return;
    const file = event.dataTransfer.files[0];
    if (file) classify(file);
    else say("What was dropped is no file: drag a JPEG or PNG file here", true);
  });
  $("example").addEventListener("click", async () => {
    try {
      const answer = await fetch("example.png");
      if (!answer.ok) throw new Error(`The example could not be fetched: the server says ${answer.status}`);
      await classify(new File([await answer.blob()], "example.png"));
    } catch (error) {
      say(error.message, true);
    }
  });
  $("again").addEventListener("click", selfTest);
}

async function begin() {
  listen();
  say("Loading the model …");
  try {
    const loaded = await model.ask("load");
    $("model").textContent = `${loaded.model}, ${loaded.precision.toUpperCase()}, by ${loaded.version}`;
    document.title = `${loaded.model} in this browser`;
    $("file").disabled = $("example").disabled = false;
    say("");
  } catch (error) {
    $("model").textContent = "No model is loaded.";
    say(error.message, true);
  }
  await selfTest();
}

begin();
