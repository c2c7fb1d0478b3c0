/** Splits text into arguments: blanks separate, quotes of both kinds hold together, a backslash protects a quote in double ones. */
export function splitArguments(text: string): string[] {
  const found = text.matchAll(/(?:"(?:\\"|[^"])*"|'[^']*'|[^\s"'])+/g);
  return [...found].map(([word]) =>
    word.replace(
      /"((?:\\"|[^"])*)"|'([^']*)'/g,
      (_, double: string | undefined, single: string | undefined) => double?.replaceAll('\\"', '"') ?? single ?? '',
    ),
  );
}

/** One argument as a shell takes it, for command lines that are shown. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
