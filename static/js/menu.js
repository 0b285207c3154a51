// Menus are <details>, so they work without this; with it a click elsewhere, Escape or leaving with Tab closes them.
document.addEventListener("DOMContentLoaded", () => {
  const open = () => document.querySelectorAll("details.menu[open]");
  const close = (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  };
  document.addEventListener("click", close);
  document.addEventListener("focusin", close);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      const within = menu.contains(document.activeElement);
      menu.open = false;
      if (within) menu.querySelector("summary").focus();
    }
  });
});
