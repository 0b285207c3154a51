// Pictures for a draft: chosen or dropped files are sent one by one, in their order, each with a small picture and its progress.
// Without this the form sends them all together. Texts come from the form's data attributes.
document.addEventListener("DOMContentLoaded", () => {
  const PREVIEW = 96; // pixels of a preview's side
  const KEPT = "train-refused"; // what the page that begins a draft leaves for the draft's own to tell

  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector("[data-list]");
  const said = document.getElementById("said");
  const drop = form.querySelector(".drop");
  const texts = form.dataset;
  let address = form.getAttribute("action"); // of the page that begins drafts until the first picture has begun one
  const begins = !document.getElementById("set");
  form.querySelector("[data-send]").hidden = true;

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  const row = (file) => {
    const item = document.createElement("li");
    item.innerHTML = "<canvas></canvas><span></span><progress max=1 value=0></progress><b></b>";
    const [canvas, name, progress, state] = item.children;
    name.textContent = file.name;
    progress.setAttribute("aria-label", file.name);
    state.textContent = texts.waiting;
    list.append(item);
    return { file, item, canvas, progress, state };
  };

  const refuse = ({ item, progress, state }, text) => {
    item.classList.add("refused");
    progress.hidden = true;
    state.textContent = text;
  };

  const preview = async ({ file, canvas }) => {
    canvas.width = canvas.height = PREVIEW;
    try {
      const bitmap = await createImageBitmap(file);
      const side = Math.min(bitmap.width, bitmap.height);
      const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
      canvas.getContext("2d").drawImage(bitmap, x, y, side, side, 0, 0, PREVIEW, PREVIEW);
      bitmap.close();
    } catch { /* no picture that this browser knows: the server says what is wrong */ }
  };

  // Resolves to the server's answer, whatever it is; a request that fails is a refusal too.
  const send = (entry) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    body.append("images", entry.file);
    request.open("POST", address);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      entry.progress.value = event.loaded / event.total;
      entry.state.textContent = event.loaded < event.total ? `${Math.round(100 * event.loaded / event.total)} %` : texts.sent;
    });
    request.addEventListener("loadend", () => resolve(request.response ?? { refused: [texts.failed] }));
    request.send(body);
  });

  const sendOne = async (entry) => {
    const answer = await send(entry);
    const refused = answer.refused ?? [texts.failed];
    if (answer.address) address = answer.address;
    entry.progress.hidden = true;
    entry.state.textContent = texts.taken;
    if (refused.length) refuse(entry, `${texts.refused}: ${refused.join(" ")}`);
    return refused.length === 0;
  };

  const begin = (entries) => {
    const refused = entries.filter(({ item }) => item.classList.contains("refused"));
    const told = refused.map(({ file, state }) => ({ name: file.name, reason: state.textContent }));
    sessionStorage.setItem(KEPT, JSON.stringify({ said: said.textContent, refused: told }));
    window.location.assign(address);
  };

  const tellKept = () => {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    sessionStorage.removeItem(KEPT);
    if (!kept) return;
    said.textContent = kept.said;
    for (const { name, reason } of kept.refused) refuse(row({ name }), reason);
    list.hidden = kept.refused.length === 0;
  };
  if (!begins) tellKept();

  const show = async (entries) => {
    if (begins) { begin(entries); return; }
    await htmx.ajax("GET", address, { target: "#set", select: "#set", swap: "outerHTML" });
    for (const { item } of entries) if (!item.classList.contains("refused")) item.remove();
    list.hidden = list.children.length === 0;
  };

  const sendAll = async (files) => {
    const entries = [...files].map(row);
    if (!entries.length) return;
    list.hidden = false;
    said.textContent = fill(texts.busy, { count: entries.length });
    form.setAttribute("aria-busy", "true");
    let taken = 0;
    for (const entry of entries) {
      await preview(entry);
      if (await sendOne(entry)) taken += 1;
    }
    form.removeAttribute("aria-busy");
    said.textContent = fill(texts.done, { taken, count: entries.length });
    if (taken) await show(entries);
  };

  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    sendAll(files);
  });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); sendAll(event.dataTransfer.files); });
});
