// Photos by finger: drag the handle to another place, drag a frame and cut by it. Plain buttons beside do the same.
const LEAST = 100; // thousandths of a side that must stay
const clamp = (value, least, most) => Math.min(most, Math.max(least, Math.round(value)));

const begin_cut = (form) => {
  const area = form.querySelector(".cut-picture");
  const frame = document.createElement("div");
  frame.className = "cut-frame";
  for (const name of ["nw", "ne", "sw", "se"]) {
    const corner = document.createElement("span");
    corner.className = name;
    frame.append(corner);
  }
  area.append(frame);
  const box = { left: 80, top: 80, width: 840, height: 840 };
  const draw = () => {
    for (const [side, value] of Object.entries(box)) {
      frame.style[side] = `${value / 10}%`;
      form.elements[side].value = value;
    }
  };
  draw();
  frame.addEventListener("pointerdown", (down) => {
    down.preventDefault();
    frame.setPointerCapture(down.pointerId);
    const from = { ...box };
    const size = area.getBoundingClientRect();
    const corner = down.target === frame ? "" : down.target.className;
    frame.onpointermove = (move) => {
      const x = ((move.clientX - down.clientX) / size.width) * 1000;
      const y = ((move.clientY - down.clientY) / size.height) * 1000;
      if (!corner) {
        box.left = clamp(from.left + x, 0, 1000 - box.width);
        box.top = clamp(from.top + y, 0, 1000 - box.height);
      }
      if (corner.endsWith("e")) box.width = clamp(from.width + x, LEAST, 1000 - from.left);
      if (corner.startsWith("s")) box.height = clamp(from.height + y, LEAST, 1000 - from.top);
      if (corner.endsWith("w")) {
        box.left = clamp(from.left + x, 0, from.left + from.width - LEAST);
        box.width = from.left + from.width - box.left;
      }
      if (corner.startsWith("n")) {
        box.top = clamp(from.top + y, 0, from.top + from.height - LEAST);
        box.height = from.top + from.height - box.top;
      }
      draw();
    };
    frame.onpointerup = frame.onpointercancel = () => { frame.onpointermove = null; };
  });
  return frame;
};

for (const form of document.querySelectorAll("[data-cut]")) {
  const [start, end, stop] = ["begin", "end", "stop"].map((name) => form.querySelector(`[data-cut-${name}]`));
  let frame = null;
  const show = (cutting) => { start.hidden = cutting; end.hidden = stop.hidden = !cutting; };
  start.addEventListener("click", () => { frame = begin_cut(form); show(true); });
  stop.addEventListener("click", () => { frame?.remove(); show(false); });
  form.querySelector("[data-cut-buttons]").hidden = false;
}

const list = document.querySelector("[data-photos]");
const photos = () => [...list.querySelectorAll("[data-photo]")];
const send_place = (item) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = item.dataset.place + photos().indexOf(item);
  document.body.append(form);
  form.submit();
};
for (const handle of list?.querySelectorAll("[data-drag]") ?? []) {
  const item = handle.closest("[data-photo]");
  handle.hidden = photos().length < 2;
  handle.addEventListener("pointerdown", (down) => {
    down.preventDefault();
    handle.setPointerCapture(down.pointerId);
    const was = photos().indexOf(item);
    item.classList.add("dragged");
    list.classList.add("sorting");
    scrollBy({ top: handle.getBoundingClientRect().top - down.clientY + 24, behavior: "instant" });
    handle.onpointermove = (move) => {
      const over = photos().find((other) => {
        const { top, bottom } = other.getBoundingClientRect();
        return other !== item && move.clientY > top && move.clientY < bottom;
      });
      if (!over) return;
      // the others step aside: the one under the finger stays in the page, or the browser would let go of it
      const all = photos();
      const [at, to] = [all.indexOf(item), all.indexOf(over)];
      to < at ? item.after(...all.slice(to, at)) : item.before(...all.slice(at + 1, to + 1));
    };
    handle.onpointerup = handle.onpointercancel = () => {
      handle.onpointermove = null;
      item.classList.remove("dragged");
      list.classList.remove("sorting");
      if (photos().indexOf(item) !== was) send_place(item);
    };
  });
}
const say = document.querySelector("[data-photos-say]");
if (say) say.hidden = false;
