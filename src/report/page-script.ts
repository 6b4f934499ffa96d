/**
 * What else runs in the reader's browser: it switches the theme and saves charts, tables and the
 * result as files. It asks the network for nothing.
 */
export const PAGE_SCRIPT = String.raw`
"use strict";
(() => {
  const root = document.documentElement;

  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // A saved picture has no page around it: its colours are written out.
  async function svgText(canvas) {
    await drawChart(document.querySelector('[data-for="' + canvas.id + '"]'));
    const probe = document.createElement("span");
    canvas.append(probe);
    const copy = canvas.querySelector("svg").outerHTML.replace(/var\(--[a-z-]+\)/g, (name) => {
      probe.style.color = name;
      return getComputedStyle(probe).color;
    });
    probe.remove();
    return copy;
  }

  function csvText(table) {
    const cell = (each) => {
      const text = each.innerText.replace(/\s+/g, " ").trim();
      // A leading =, +, - or @ would be run as a formula by a spreadsheet.
      const inert = /^[=+@]|^-\D/.test(text) ? "'" + text : text;
      return /[",]/.test(inert) ? '"' + inert.replaceAll('"', '""') + '"' : inert;
    };
    return [...table.rows].map((row) => [...row.cells].map(cell).join(",")).join("\r\n") + "\r\n";
  }

  function addTools() {
    for (const figure of document.querySelectorAll("figure")) {
      const tools = document.createElement("p");
      tools.className = "tools";
      const add = (label, action) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "link";
        button.textContent = label;
        button.addEventListener("click", action);
        tools.append(button);
      };
      const canvases = [...figure.querySelectorAll(".canvas")];
      add(canvases.length === 1 ? "Save the chart (SVG)" : "Save the charts (SVG)", async () => {
        for (const canvas of canvases) {
          save(canvas.id + ".svg", "image/svg+xml", await svgText(canvas));
        }
      });
      const table = figure.querySelector("table");
      const name = table.caption.textContent.toLowerCase().replace(/[^a-z0-9]+/g, "-");
      add("Save the numbers (CSV)", () => save(name + ".csv", "text/csv", csvText(table)));
      figure.querySelector("details").append(tools);
    }
    for (const button of document.querySelectorAll("[data-save]")) {
      const { save: name } = button.dataset;
      button.addEventListener("click", async () =>
        save(name + ".json", "application/json", await dataText(name)),
      );
    }
  }

  // The data lie in the page deflated: they are many times the rest of a large run's page.
  async function dataText(name) {
    const base64 = document.getElementById("data-" + name).textContent.trim();
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.stringify(JSON.parse(await new Response(inflated).text()), null, 2) + "\n";
  }

  function addTheme() {
    const button = document.querySelector("button.theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const label = () => {
      button.textContent = isDark() ? "Light" : "Dark";
      button.setAttribute("aria-label", "Switch to the " + (isDark() ? "light" : "dark") + " theme");
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      label();
    });
    system.addEventListener("change", label);
    label();
  }

  addTheme();
  addTools();
})();
`;
