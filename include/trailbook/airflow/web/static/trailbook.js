"use strict";
// Every page works without this script. It keeps the theme of the Airflow around it, filters lists while somebody
// types, copies, and opens Airflow's own pages outside the frame that Airflow shows these pages in.
(() => {
  const root = document.documentElement;

  function theme() {
    let around = null;
    try {
      if (window.parent !== window) around = window.parent.document.documentElement;
    } catch {
      return null; // another origin around us
    }
    if (around === null) return null;
    const said = around.dataset.theme || [...around.classList].find((name) => name === "dark" || name === "light");
    return said === "dark" || said === "light" ? { around, said } : { around, said: null };
  }

  function follow() {
    const found = theme();
    if (found === null) return;
    const set = () => {
      const now = theme()?.said;
      if (now) root.dataset.theme = now;
      else delete root.dataset.theme;
    };
    set();
    new MutationObserver(set).observe(found.around, { attributes: true, attributeFilter: ["class", "data-theme"] });
  }

  function filterWhileTyping(input) {
    const lines = document.getElementById(input.dataset.filters);
    const told = document.getElementById("matched");
    if (lines === null) return;
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const line of lines.children) {
        const match = words.every((word) => line.dataset.words.includes(word));
        line.hidden = !match;
        if (match) shown += 1;
      }
      if (told !== null) told.textContent = `${shown} of ${lines.children.length} shown`;
    });
  }

  function copies(place) {
    if (!navigator.clipboard) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(place.dataset.copies).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    place.append(button);
  }

  function opensOutside(link) {
    link.addEventListener("click", (event) => {
      try {
        if (window.parent === window || event.ctrlKey || event.metaKey || event.shiftKey) return;
        const outside = window.parent.document.createElement("a");
        outside.href = link.href;
        window.parent.document.body.append(outside);
        event.preventDefault();
        outside.click();
        outside.remove();
      } catch {
        // the link then opens in the frame
      }
    });
  }

  follow();
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("input[data-filters]").forEach(filterWhileTyping);
    document.querySelectorAll("[data-copies]").forEach(copies);
    document.querySelectorAll("a[data-outside], a[href^='https://']").forEach(opensOutside);
    document.querySelectorAll("form.filters select").forEach((select) => {
      select.addEventListener("change", () => select.form.requestSubmit());
    });
  });
})();
