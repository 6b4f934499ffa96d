/** WGSL of a loop's turns, one after the other, of which each is told its number: `0u`, `1u`, .. */
export const unrolled = (count: number, body: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => body(at)).join("\n");
