import { logger as quietLogger, parse, View } from "vega";
import type { LoggerInterface, Spec } from "vega";

/** Every chart of a page, by its id. */
export function chartSpecs(page: string): Map<string, Spec> {
  const holders = page.matchAll(
    /<script type="application\/json" class="spec" data-for="chart-([^"]+)">([^<]*)</g,
  );
  return new Map([...holders].map(([, id, json]) => [id!, JSON.parse(json!) as Spec]));
}

/** Draws a chart without a browser and hands back what the libraries complain of. */
export async function drawn(spec: Spec): Promise<{ complaints: string[]; svg: string }> {
  const complaints: string[] = [];
  const logger = listening(complaints);
  // Without a page there is no container to be as wide as.
  const signals = spec.signals?.filter(({ name }) => name !== "width") ?? [];
  const wide = { ...spec, width: 600, signals };
  const view = new View(parse(wide), { logger, renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return { complaints, svg };
}

function listening(complaints: string[]): LoggerInterface {
  const logger = quietLogger(0);
  logger.warn = (...words: readonly unknown[]) => {
    complaints.push(words.join(" "));
    return logger;
  };
  logger.error = (...words: readonly unknown[]) => logger.warn(...words);
  return logger;
}
