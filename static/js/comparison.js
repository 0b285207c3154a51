// The comparison of an embedding's page: the slider moves the cut between two pictures, "Enlarge" opens them in a dialog.
// Listeners are on the document, for htmx swaps the comparison when another pair is chosen; the cut stays where it was.
let cut = 50;

const showCut = (range) => {
  range.value = cut;
  range.setAttribute("aria-valuetext", range.dataset.text.replace("{percent}", cut));
  range.closest(".compare").style.setProperty("--cut", `${cut}%`);
};

document.addEventListener("input", (event) => {
  if (!event.target.matches(".compare-range")) return;
  cut = event.target.valueAsNumber;
  showCut(event.target);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-enlarge]");
  const dialog = link && document.getElementById(link.dataset.enlarge);
  if (link && dialog && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    dialog.showModal();
  } else if (event.target.matches("dialog.enlarged")) {
    event.target.close(); // a click beside the sheet, on its backdrop
  }
});

document.addEventListener("htmx:load", (event) => {
  for (const range of event.target.querySelectorAll(".compare-range")) showCut(range);
});
