// Column widths: guessed from the first rows, kept by name once somebody has dragged them.
export const MIN_WIDTH = 56;
export const MAX_GUESS = 340;
const CHARACTER = 7.6;
const PADDING = 30;

export function guessWidth(name: string, texts: string[]): number {
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  const width = Math.max(name.length * CHARACTER + 14, longest * CHARACTER) + PADDING;
  return Math.round(Math.min(MAX_GUESS, Math.max(MIN_WIDTH, width)));
}

export class WidthKeeper {
  private readonly kept = new Map<string, number>();
  private readonly guessed = new Map<string, number>();

  of(name: string): number {
    return this.kept.get(name) ?? this.guessed.get(name) ?? 120;
  }

  suggest(name: string, width: number): void {
    this.guessed.set(name, width);
  }

  keep(name: string, width: number): number {
    const wide = Math.max(MIN_WIDTH, Math.round(width));
    this.kept.set(name, wide);
    return wide;
  }
}
