// Sections become tabs: the parts of [data-tabs] that are named by data-tab. Without this all of them are shown, one below the other.
// Keys are those of the ARIA pattern: arrows, Home and End. The tool that was chosen last is shown first on the next page.
const REMEMBERED = "starword-tab";

const recall = () => {
  try { return localStorage.getItem(REMEMBERED); } catch { return null; }
};

const remember = (id) => {
  try { localStorage.setItem(REMEMBERED, id); } catch { /* a browser that keeps nothing */ }
};

const makeTab = (section, select) => {
  const tab = document.createElement("button");
  tab.type = "button";
  tab.id = `${section.id}-tab`;
  tab.textContent = section.dataset.tab;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", section.id);
  tab.addEventListener("click", () => { select(section); remember(section.id); });
  section.setAttribute("role", "tabpanel");
  section.setAttribute("aria-labelledby", tab.id);
  section.tabIndex = 0;
  section.querySelector("h3").hidden = true;
  return tab;
};

const makeTabs = (box) => {
  const sections = [...box.querySelectorAll(":scope > [data-tab]")];
  const list = document.createElement("div");
  list.className = "tabs";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", box.dataset.tabs);
  const select = (chosen) => {
    for (const section of sections) {
      const tab = list.children[sections.indexOf(section)];
      section.hidden = section !== chosen;
      tab.setAttribute("aria-selected", String(section === chosen));
      tab.tabIndex = section === chosen ? 0 : -1;
    }
  };
  list.append(...sections.map((section) => makeTab(section, select)));
  list.addEventListener("keydown", (event) => {
    const place = [...list.children].indexOf(document.activeElement);
    const last = sections.length - 1;
    const next = { ArrowRight: place === last ? 0 : place + 1, ArrowLeft: place ? place - 1 : last, Home: 0, End: last }[event.key];
    if (place < 0 || next === undefined) return;
    event.preventDefault();
    list.children[next].focus();
    list.children[next].click();
  });
  box.prepend(list);
  const wanted = [location.hash.slice(1), recall()];
  select(wanted.map((id) => sections.find((section) => section.id === id)).find(Boolean) ?? sections[0]);
};

document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("[data-tabs]")) makeTabs(box);
});
