// Copy buttons: shown only where scripts run, they copy the text of the element they name and say so in their own words.
const copyText = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // On plain HTTP, as in a home network, browsers give no clipboard; a selection can still be copied.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
};

const showCopyButtons = (root) => {
  for (const button of root.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
};

document.addEventListener("DOMContentLoaded", () => {
  showCopyButtons(document);
  document.body.addEventListener("htmx:load", (event) => showCopyButtons(event.target));
  document.body.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button || button.dataset.label) return;
    await copyText(document.getElementById(button.dataset.copy).textContent);
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.copied || document.body.dataset.copied;
    button.focus();
    setTimeout(() => { button.textContent = button.dataset.label; delete button.dataset.label; }, 1500);
  });
});
