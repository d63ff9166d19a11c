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

// Numbers keep their size on the screen, whatever size the picture has there.
function fit() {
  const unit = stage.dataset.width / stage.clientWidth;
  for (const tag of stage.querySelectorAll(".tag")) {
    const { x, y, height } = tag.dataset;
    const above = y - 22 * unit;
    const top = above >= 0 ? above : Number(y) + Number(height) + 2 * unit;
    tag.setAttribute("transform", `translate(${x} ${top}) scale(${unit})`);
  }
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
  document.addEventListener("keydown", (event) => event.key === "Escape" && hush());
}
