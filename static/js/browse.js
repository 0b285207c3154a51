// The filters are a <details>, folded on a phone. On a wide screen they are open, whatever the browser makes of the styles.
document.addEventListener("DOMContentLoaded", () => {
  const panel = document.getElementById("facet-panel");
  const wide = matchMedia("(min-width: 60rem)");
  const unfold = () => { panel.open = wide.matches; };
  unfold();
  wide.addEventListener("change", unfold);

  // Results that are being replaced say so.
  const busy = (state) => () => document.getElementById("results").setAttribute("aria-busy", state);
  document.body.addEventListener("htmx:beforeRequest", busy("true"));
  document.body.addEventListener("htmx:afterRequest", busy("false"));
});
