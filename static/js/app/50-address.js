// Enter in a search that stands inside a form searches, and does not send the form.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("input[data-searches]")) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event("search", { bubbles: true }));
});
