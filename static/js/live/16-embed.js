// Another site's player: put in its frame when the viewer asks for it, not before.
document.addEventListener("click", (event) => {
  const place = event.target.closest?.(".play-embed")?.closest("[data-embed]");
  if (!place) return;
  event.preventDefault();
  const frame = document.createElement("iframe");
  frame.src = place.dataset.embed;
  frame.allow = "autoplay; fullscreen; picture-in-picture";
  frame.allowFullscreen = true;
  frame.referrerPolicy = "strict-origin-when-cross-origin";
  frame.sandbox = "allow-scripts allow-same-origin allow-presentation allow-popups";
  frame.title = event.target.textContent.trim();
  place.replaceChildren(frame);
});
