// The picture of a report: a slider between two pictures, and sentences at its outlines.
const stage = document.querySelector(".stage");
const tip = document.querySelector("#tip");
const split = document.querySelector("#split");
const handle = document.querySelector(".handle");

function divide(percent) {
  const value = Math.min(100, Math.max(0, percent));
  stage.style.setProperty("--split", `${value}%`);
  split.value = value;
}

function follow(event) {
  const { left, width } = stage.getBoundingClientRect();
  divide(((event.clientX - left) / width) * 100);
}

if (split) {
  split.addEventListener("input", () => divide(Number(split.value)));
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", follow);
  });
  for (const end of ["pointerup", "pointercancel"])
    handle.addEventListener(end, () => handle.removeEventListener("pointermove", follow));
}

// Numbers keep their size on the screen, whatever size the picture has there, and lie above their
// places, or where no other number and, if that can be, no other place is.
function fit() {
  const { width, height } = stage.dataset;
  const unit = width / stage.clientWidth;
  const tags = [...stage.querySelectorAll(".tag")].reverse();
  const boxes = tags.map((tag) => ["x", "y", "width", "height"].map((name) => Number(tag.dataset[name])));
  const placed = [];
  tags.forEach((tag, index) => {
    const [x, y, wide, tall] = boxes[index];
    const [w, h] = [tag.firstElementChild.width.baseVal.value * unit, 20 * unit];
    const gap = 2 * unit;
    const rooms = [[x, y - h - gap], [x, y + tall + gap], [x + wide - w, y - h - gap], [x + wide + gap, y], [x - w - gap, y], [x + wide - w, y + tall + gap]]
      .filter(([left, top]) => left >= 0 && top >= 0 && left + w <= width && top + h <= height);
    const meets = ([left, top], [l, t, wider, taller]) => left < l + wider && l < left + w && top < t + taller && t < top + h;
    const free = rooms.filter((room) => !placed.some((other) => meets(room, other)));
    const clear = free.find((room) => !boxes.some((box, other) => other !== index && meets(room, box)));
    const [left, top] = clear ?? free[0] ?? rooms[0] ?? [x, y];
    placed.push([left, top, w, h]);
    tag.setAttribute("transform", `translate(${left} ${top}) scale(${unit})`);
  });
}

function told(link, yes) {
  link.classList.toggle("told", yes);
  document.querySelector(`#finding-${link.dataset.number}`).classList.toggle("told", yes);
}

function tell(link) {
  for (const other of stage.querySelectorAll("a.told")) told(other, false);
  told(link, true);
  tip.textContent = link.getAttribute("aria-label");
  tip.hidden = false;
  const box = link.querySelector(".area").getBoundingClientRect();
  const room = stage.getBoundingClientRect();
  const left = Math.min(box.left - room.left, room.width - tip.offsetWidth - 8);
  const below = box.bottom - room.top + 30;
  const fits = below + tip.offsetHeight < room.height;
  const top = fits ? below : box.top - room.top - tip.offsetHeight - 30;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${Math.max(8, top)}px`;
}

function hush() {
  tip.hidden = true;
  for (const link of stage.querySelectorAll("a.told")) told(link, false);
}

if (stage) {
  new ResizeObserver(fit).observe(stage);
  for (const link of stage.querySelectorAll("a")) {
    for (const begin of ["pointerenter", "focus"]) link.addEventListener(begin, () => tell(link));
    link.addEventListener("blur", hush);
  }
  // The sentence may be pointed at as well, and goes with Escape.
  stage.addEventListener("pointerleave", hush);
  stage.addEventListener("pointermove", (event) => {
    if (!tip.hidden && !event.target.closest("a, .tip") && !stage.contains(document.activeElement)) hush();
  });
}

// Escape takes the sentence away first; the page around this one is told where there was none.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (tip && !tip.hidden) hush();
  else if (parent !== window) parent.postMessage("escape", "*");
});
