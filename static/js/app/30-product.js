// The chosen variant's price everywhere it is shown, and which photo is in view.
const show = (chosen) => {
  for (const out of document.querySelectorAll("[data-shows]")) {
    const words = chosen.dataset[out.dataset.shows];
    if (words !== undefined) out.textContent = words;
  }
};
document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=radio][data-price]")) show(event.target);
});
const first = document.querySelector("input[type=radio][data-price]:checked");
if (first) show(first);

const photos = document.querySelector("[data-gallery]");
if (photos) {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const thumb = document.querySelector(`a[href="#${entry.target.id}"]`);
      if (entry.isIntersecting) thumb?.setAttribute("aria-current", "true");
      else thumb?.removeAttribute("aria-current");
    }
  }, { root: photos, threshold: 0.6 });
  for (const photo of photos.children) seen.observe(photo);
  document.addEventListener("click", (event) => {
    const thumb = event.target.closest?.("[data-thumbs] a");
    if (!thumb) return;
    event.preventDefault();
    const photo = document.querySelector(thumb.hash);
    photos.scrollTo({ left: photo.offsetLeft - photos.offsetLeft, behavior: "smooth" });
  });
}
