"use strict";
// The pages work without this. With it, filters apply as they change, and drawings give way to pictures that have come.
(() => {
  document.documentElement.classList.add("scripted");

  for (const picture of document.querySelectorAll(".garment img")) {
    const arrived = () => picture.parentElement.classList.add("pictured");
    const failed = () => picture.remove();
    picture.addEventListener("load", arrived);
    picture.addEventListener("error", failed);
    if (picture.complete) (picture.naturalWidth ? arrived : failed)();
  }

  // Empty fields are left out, so that addresses stay short enough to send on.
  const tidy = (form) => {
    for (const field of form.elements) field.disabled = Boolean(field.name) && field.value === "";
  };
  for (const form of document.querySelectorAll("form")) form.addEventListener("submit", () => tidy(form));
  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form [name]")) field.disabled = false;
  });

  // Where a filter was changed, the next page goes on: same place, same field.
  const filters = document.querySelector(".narrow form");
  const before = sessionStorage.getItem("filters");
  sessionStorage.removeItem("filters");
  if (!filters) return;
  filters.addEventListener("change", (event) => {
    sessionStorage.setItem("filters", JSON.stringify({ path: location.pathname, field: event.target.id, top: scrollY }));
    if (filters.reportValidity()) filters.requestSubmit();
  });
  if (before) {
    const { path, field, top } = JSON.parse(before);
    if (path === location.pathname) {
      scrollTo({ top, behavior: "instant" });
      document.getElementById(field)?.focus({ preventScroll: true });
    }
  }
})();
