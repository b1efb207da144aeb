// Without a net the page says so, and what was typed in a form marked `data-keep` outlives a reload of this tab.
const banner = document.getElementById("offline");
const show = () => { if (banner) banner.hidden = navigator.onLine; };
addEventListener("online", show);
addEventListener("offline", show);
document.addEventListener("htmx:error", show);
show();
// The page that stands for one that cannot be fetched keeps its address: who was at the desk is led back to the desk.
const desk = document.getElementById("offline-desk");
if (desk && /^(\/en)?\/ban-hang(\/|$)/.test(location.pathname)) {
  desk.hidden = false;
  document.getElementById("offline-shop").hidden = true;
}

const SECRET = /password|code|otp|hidden|file/;
const fields = (form) => [...form.elements].filter((field) => field.name && !SECRET.test(field.type + field.name));
const place = (form) => `kept:${form.dataset.keep}`;
const keep = (form) => {
  const typed = fields(form).filter((field) => field.type !== "radio" || field.checked)
    .map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]);
  try { sessionStorage.setItem(place(form), JSON.stringify(Object.fromEntries(typed))); } catch { /* storage is full or forbidden */ }
};
const restore = (form) => {
  let kept = {};
  try { kept = JSON.parse(sessionStorage.getItem(place(form)) ?? "{}"); } catch { return; }
  for (const field of fields(form)) {
    const value = kept[field.name];
    if (value === undefined || field.tagName === "SELECT") continue;
    if (field.type === "radio") field.checked ||= field.value === value && !form.querySelector(`[name="${field.name}"]:checked`);
    else if (field.type !== "checkbox" && !field.value) field.value = value;
  }
};
for (const form of document.querySelectorAll("form[data-keep]")) restore(form);
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.dataset.keep) keep(form);
});
for (const done of document.querySelectorAll("[data-kept-done]")) sessionStorage.removeItem(`kept:${done.dataset.keptDone}`);
