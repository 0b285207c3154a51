// Files that are chosen or dropped are sent each on its own, two at a time; what the server found in one appears as a card.
// Without this the same form sends them all together.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("upload-form");
  if (!form) return;
  const PARALLEL = 2;
  const texts = form.dataset;
  const drop = form.querySelector(".drop");
  const chooser = drop.querySelector("input[type=file]");
  const list = document.getElementById("sending");
  const status = document.getElementById("upload-status");
  const row = document.getElementById("sending-row");
  const waiting = [];
  let running = 0;

  const say = (text) => { status.textContent = text; };

  // A card replaces the one with its id unless that is newer; what was typed into it and not yet saved stays.
  const place = (card) => {
    const old = document.getElementById(card.id);
    if (!old) return document.getElementById("cards").append(card);
    if (Number(old.dataset.at) > Number(card.dataset.at)) return;
    for (const field of old.querySelectorAll("input[type=text], textarea, select")) {
      const changed = field.options ? !field.selectedOptions[0]?.defaultSelected : field.value !== field.defaultValue;
      const other = document.getElementById(field.id);
      const fresh = other && card.querySelector(`#${CSS.escape(field.id)}`);
      if (changed && fresh) fresh.value = field.value;
    }
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const open = old.querySelector("details.upload-more")?.open;
    old.replaceWith(card);
    if (open) card.querySelector("details.upload-more")?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus();
  };

  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const card of [...page.querySelectorAll("[data-into=cards] > *")]) place(document.adoptNode(card));
    const loose = page.querySelector("[data-into=loose]");
    if (loose) document.getElementById("loose").replaceChildren(...[...loose.childNodes].map((node) => document.adoptNode(node)));
    form.dispatchEvent(new CustomEvent("draft:changed"));
  };
  form.showCards = show;

  const fail = (job, reason) => {
    job.row.classList.add("failed");
    job.state.textContent = reason;
    job.row.querySelector(".retry").hidden = job.row.querySelector(".dismiss").hidden = false;
    say(`${job.file.name}: ${reason}`);
  };

  const send = (job) => {
    running += 1;
    job.state.textContent = texts.sending;
    const request = new XMLHttpRequest();
    request.open("POST", texts.filesUrl);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) job.bar.value = (100 * event.loaded) / event.total;
    });
    request.upload.addEventListener("load", () => { job.state.textContent = texts.reading; });
    request.addEventListener("loadend", () => {
      running -= 1;
      // Signed out meanwhile: the answer is the page to sign in, where the draft waits behind.
      if (request.status === 200 && !request.responseURL.endsWith(texts.filesUrl)) return location.reload();
      if (request.status === 200) {
        job.row.remove();
        show(request.responseText);
        say(`${texts.looked} ${job.file.name}`);
      } else {
        const full = request.getResponseHeader("Draft-Full") && waiting.length;
        const reason = request.status === 422 ? request.responseText : texts.failed;
        // No room for one is no room for those after it: they are not sent only to be refused.
        for (const other of full ? waiting.splice(0) : []) other.row.remove();
        fail(job, full ? `${reason} ${texts.left}` : reason);
      }
      next();
    });
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    data.append("file", job.file);
    if (job.card) data.append("card", job.card);
    request.send(data);
  };

  const next = () => {
    while (running < PARALLEL && waiting.length) send(waiting.shift());
  };

  const queue = (job) => {
    job.row.classList.remove("failed");
    job.row.querySelector(".retry").hidden = job.row.querySelector(".dismiss").hidden = true;
    job.bar.value = 0;
    job.state.textContent = texts.waiting;
    waiting.push(job);
  };

  const take = (files, card = "") => {
    const most = Number(texts.maxFiles);
    if (files.length > most) say(texts.many);
    for (const file of [...files].slice(0, most)) {
      const element = row.content.firstElementChild.cloneNode(true);
      element.querySelector(".sending-name").textContent = file.name;
      element.querySelector("progress").setAttribute("aria-label", file.name);
      list.append(element);
      const job = { file, card, row: element, bar: element.querySelector("progress"), state: element.querySelector(".sending-state") };
      element.querySelector(".retry").addEventListener("click", () => { queue(job); next(); });
      element.querySelector(".dismiss").addEventListener("click", () => { element.remove(); chooser.focus(); });
      queue(job);
    }
    next();
  };

  form.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type !== "file" || !input.files.length) return;
    const files = [...input.files];
    input.value = "";  // else publishing would send them once more
    take(files, input.dataset.card);
  });
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files); });
  // A file dropped beside the zone would replace the page.
  for (const kind of ["dragover", "drop"]) {
    window.addEventListener(kind, (event) => { if (event.dataTransfer.types.includes("Files")) event.preventDefault(); });
  }
  window.addEventListener("beforeunload", (event) => { if (running || waiting.length) event.preventDefault(); });
  document.getElementById("wrong")?.scrollIntoView({ block: "nearest" });
});
