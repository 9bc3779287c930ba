// Buttons that copy something, and say so. They may come and go while the page is open.
"use strict";

(() => {
  const COPIED_MS = 2_000;

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without HTTPS, or inside of another site, there is no clipboard interface; the old command
      // still works.
      const field = document.createElement("textarea");
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
  }

  function showUncopied(button) {
    clearTimeout(button.copiedTimer);
    button.textContent = button.dataset.label;
  }

  // What it copies has changed.
  document.addEventListener("uncopied", (event) => showUncopied(event.target));

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (!button) return;
    await copy(button.dataset.copy);
    button.focus();
    button.textContent = button.dataset.copied;
    clearTimeout(button.copiedTimer);
    button.copiedTimer = setTimeout(() => showUncopied(button), COPIED_MS);
  });
})();
