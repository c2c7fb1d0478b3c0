/** Texts that must not be shown. */
export interface Secrets {
  add(texts: readonly string[]): void;
  hide(text: string): string;
  /** For JSON.stringify: hides them in every text of a document. */
  readonly replacer: (key: string, value: unknown) => unknown;
}

/** Shorter texts are parts of other words, and no secrets. */
const SHORTEST = 4;
const MASK = '****';

export function createSecrets(): Secrets {
  // The longest first: one may be a part of another.
  let known: readonly string[] = [];
  const hide = (text: string): string => known.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
  return {
    add(texts) {
      const long = texts.filter((text) => text.trim().length >= SHORTEST);
      known = [...new Set([...known, ...long])].toSorted((a, b) => b.length - a.length);
    },
    hide,
    replacer: (_, value) => (typeof value === 'string' ? hide(value) : value),
  };
}
