// What is typed on the upload page is kept as a draft a moment later, and when the page is left. Without this "Save draft" does it.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("upload-form");
  if (!form) return;
  const PAUSE = 700; // milliseconds without a key
  const status = document.getElementById("upload-status");
  let timer = 0, dirty = false, leaving = false;

  // The fields without files: those are sent by upload.js.
  const fields = () => {
    const data = new FormData(form);
    for (const name of [...data.keys()]) if (data.get(name) instanceof File) data.delete(name);
    return data;
  };

  const save = async (options = {}) => {
    clearTimeout(timer);
    dirty = false;
    try {
      const answer = await fetch(form.dataset.fieldsUrl, { method: "POST", body: fields(), redirect: "error", ...options });
      if (!answer.ok) throw new Error(answer.status);
      if (answer.status === 200) form.showCards?.(await answer.text());
      status.textContent = form.dataset.saved;
    } catch {
      dirty = true;
      if (!leaving) status.textContent = form.dataset.unsaved;
    }
  };

  const later = (event) => {
    if (event.target.type === "file") return;
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", () => { leaving = true; dirty = false; clearTimeout(timer); });
  window.addEventListener("pageshow", () => { leaving = false; }); // also when Back brings it out of memory
  window.addEventListener("pagehide", () => {
    leaving = true;
    if (dirty) save({ keepalive: true });
  });
});
