/**
 * What draws the charts in the reader's browser: `drawChart(holder)`, each when it comes near the
 * screen, all of them before the page is printed.
 */
export const CHART_SCRIPT = String.raw`
"use strict";
const drawChart = (() => {
  const waiting = new Set(document.querySelectorAll("script.spec"));
  const canvasOf = (holder) => document.getElementById(holder.dataset.for);

  // The dataflow is run without a break: a printer does not wait for a promise of another task.
  async function draw(holder) {
    if (!waiting.delete(holder)) return;
    const canvas = canvasOf(holder);
    try {
      canvas.replaceChildren();
      const runtime = vega.parse(JSON.parse(holder.textContent));
      const options = { renderer: "svg", container: canvas, hover: true, tooltip: showTip };
      await new vega.View(runtime, options).runAsync();
    } catch (error) {
      canvas.textContent = "This chart could not be drawn; its numbers are in the table below.";
      console.error(holder.dataset.for, error);
    }
    canvas.dataset.drawn = "yes";
  }

  const tip = document.createElement("dl");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);

  function showTip(_handler, { clientX, clientY }, _item, value) {
    tip.hidden = value === null || value === undefined || value === "";
    if (tip.hidden) return;
    const cells = Object.entries(value).flatMap(([name, text]) =>
      [["dt", name], ["dd", text]].map(([tag, content]) =>
        Object.assign(document.createElement(tag), { textContent: content }),
      ),
    );
    tip.replaceChildren(...cells);
    const { offsetWidth, offsetHeight } = tip;
    tip.style.left = Math.max(4, Math.min(clientX + 14, innerWidth - offsetWidth - 8)) + "px";
    const below = clientY + 14;
    tip.style.top = (below + offsetHeight < innerHeight ? below : clientY - offsetHeight - 10) + "px";
  }

  const holders = new Map([...waiting].map((holder) => [canvasOf(holder), holder]));
  const observer = new IntersectionObserver(
    async (entries) => {
      for (const { target } of entries.filter(({ isIntersecting }) => isIntersecting)) {
        observer.unobserve(target);
        // A breath between two charts: the page answers while they are drawn.
        await new Promise((next) => setTimeout(next));
        await draw(holders.get(target));
      }
      document.documentElement.dataset.ready = "yes";
    },
    { rootMargin: "60% 0px" },
  );
  for (const canvas of holders.keys()) observer.observe(canvas);
  addEventListener("beforeprint", () => [...waiting].forEach(draw));
  return draw;
})();
`;
