// Figures of a comparison open where they are: the same page that the link leads to, in a dialog.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-figure]");
  const dialog = document.getElementById("figure");
  if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return location.assign(link.href);
  document.getElementById("figure-body").innerHTML = await answer.text(); // our own page, from our own server
  dialog.showModal();
});
