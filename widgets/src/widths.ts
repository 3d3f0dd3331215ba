// Column widths: guessed from the first rows, kept by name once somebody has dragged them.
export const MIN_WIDTH = 56;
export const MAX_GUESS = 340;
const MAX_NATURAL = 1_200;
const CHARACTER = 7.6;
const PADDING = 30;

/** The width that shows name and texts whole. */
export function naturalWidth(name: string, texts: string[]): number {
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  const width = Math.max(name.length * CHARACTER + 14, longest * CHARACTER) + PADDING;
  return Math.round(Math.min(MAX_NATURAL, Math.max(MIN_WIDTH, width)));
}

export class WidthKeeper {
  private readonly kept = new Map<string, number>();
  private readonly natural = new Map<string, number>();
  private readonly guessed = new Map<string, number>();

  of(name: string): number {
    return this.kept.get(name) ?? this.guessed.get(name) ?? 120;
  }

  suggest(name: string, width: number): void {
    this.natural.set(name, width);
    this.guessed.set(name, Math.min(MAX_GUESS, width));
  }

  /** Give room that is left over to columns that were cut, but not to those somebody dragged. */
  spread(names: string[], room: number): void {
    let spare = room - names.reduce((sum, name) => sum + this.of(name), 0);
    for (const name of names) {
      const missing = (this.natural.get(name) ?? 0) - (this.guessed.get(name) ?? 0);
      if (this.kept.has(name) || missing <= 0 || spare <= 0) continue;
      const more = Math.min(missing, spare);
      this.guessed.set(name, (this.guessed.get(name) ?? 0) + more);
      spare -= more;
    }
  }

  keep(name: string, width: number): number {
    const wide = Math.max(MIN_WIDTH, Math.round(width));
    this.kept.set(name, wide);
    return wide;
  }
}
