// What was typed in a form marked `data-keep` outlives a reload, a lost connection or a wrong turn in this tab, until a
// page says that it arrived. A field is filled in again only where the page still shows what it showed then. A form whose
// answer was lost goes again, unchanged, under the same `key`, so that it counts once.
{
  const drafts = (form) => `kept:${form.dataset.keep || new URL(form.action).pathname}`;
  const secret = (field) => /password|file|hidden|submit|button/.test(field.type) || /password|otp|^code$/.test(field.name);
  const fields = (form) => [...form.elements].filter((field) => field.name && field.type && !secret(field));
  const chosen = (field) => /radio|checkbox/.test(field.type);
  const name_of = (field) => (chosen(field) ? `${field.name}=${field.value}` : field.name);
  const was = (field) => (chosen(field) ? field.defaultChecked
    : field.options ? ([...field.options].find((one) => one.defaultSelected) ?? field.options[0])?.value : field.defaultValue);
  const is = (field) => (chosen(field) ? field.checked : field.value);
  const read = (place) => { try { return JSON.parse(sessionStorage.getItem(place)) ?? {}; } catch { return {}; } };
  const write = (place, draft) => { try { sessionStorage.setItem(place, JSON.stringify(draft)); } catch { /* full or forbidden */ } };
  const key_of = (form) => form.querySelector("input[type=hidden][name=key]");

  let filling = false;
  const keep = (form, sent) => {
    const typed = fields(form).filter((field) => is(field) !== was(field)).map((field) => [name_of(field), [was(field), is(field)]]);
    write(drafts(form), { typed: Object.fromEntries(typed), sent, key: sent && key_of(form)?.value });
  };
  const fill = (form, kept) => {
    let filled = false;
    filling = true;
    for (const field of fields(form)) {
      const [before, value] = kept.typed?.[name_of(field)] ?? [];
      if (value === undefined || before !== was(field) || is(field) !== before) continue;
      if (field.options && ![...field.options].some((one) => one.value === value)) continue; // comes with what is chosen above
      if (chosen(field)) field.checked = value;
      else field.value = value;
      filled = true;
      field.closest("details")?.setAttribute("open", "");
      for (const kind of ["input", "change", ...(field.matches("[data-searches]") ? ["search"] : [])]) {
        field.dispatchEvent(new Event(kind, { bubbles: true })); // words of a price, wards of a province
      }
    }
    filling = false;
    const key = key_of(form);
    if (kept.key && key) [key.dataset.fresh, key.value] = [key.dataset.fresh ?? key.value, kept.key];
    return filled;
  };
  const restore = () => {
    for (const form of document.querySelectorAll("form[data-keep]")) {
      const again = document.getElementById("typed-before");
      if (!fill(form, read(drafts(form))) || !again || form.querySelector(".typed-before")) continue;
      form.prepend(again.content.cloneNode(true));
    }
  };
  const forget = (which) => {
    for (const place of Object.keys(sessionStorage).filter((one) => one.startsWith("kept:"))) {
      if (which(place, read(place))) sessionStorage.removeItem(place);
    }
  };
  // "Saved", "sent": what a page says once, unless it says that something was missing.
  const arrived = () => {
    if (!document.querySelector("[data-notice]:not([data-notice$=missing], [data-notice$=incomplete], [data-notice$=wrong], [data-read])")) return;
    forget((_place, draft) => draft.sent);
    for (const notice of document.querySelectorAll("[data-notice]")) notice.dataset.read = "";
  };

  arrived();
  for (const done of document.querySelectorAll("[data-kept-done]")) forget((place) => place === `kept:${done.dataset.keptDone}`);
  forget((place, draft) => { if (draft.sent) write(place, { ...draft, sent: false }); return false; });
  addEventListener("DOMContentLoaded", () => setTimeout(restore)); // when htmx listens, too
  document.addEventListener("htmx:after:swap", () => { arrived(); restore(); });
  document.addEventListener("input", ({ target: { form } }) => {
    if (filling || form?.dataset.keep === undefined) return;
    const key = key_of(form);
    if (key?.dataset.fresh) key.value = key.dataset.fresh; // another order than the one that was sent
    keep(form);
  });
  document.addEventListener("submit", ({ target: form }) => {
    if (form.dataset.keep !== undefined) keep(form, true);
    if (form.action.endsWith("/dang-xuat")) forget(() => true);
  });
  document.addEventListener("click", ({ target }) => {
    const form = target.closest?.(".typed-before button")?.form;
    if (!form) return;
    forget((place) => place === drafts(form));
    form.reset();
    form.querySelector(".typed-before").remove();
  });
}
