// The first page: its filters unfold where there is room, and an answer that came too late does not undo what was chosen since.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("filters");

  // The filters are a <details>, folded on a phone. On a wide screen they are open, whatever the browser makes of the styles.
  const wide = matchMedia("(min-width: 60rem)");
  const unfold = () => { document.getElementById("facet-panel").open = wide.matches; };
  unfold();
  wide.addEventListener("change", unfold);

  const chosen = () => new URLSearchParams(new FormData(form)).toString();
  let asked = "";
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.target.id !== "results") return;
    asked = chosen();
    document.getElementById("results").setAttribute("aria-busy", "true");
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "results" || asked === chosen()) return;
    event.detail.shouldSwap = false;
    htmx.trigger(form, "again");
  });
  document.body.addEventListener("htmx:afterRequest", () => {
    document.getElementById("results").setAttribute("aria-busy", "false");
  });
});
