/**
 * The images of registries that a Dockerfile builds on (`FROM`, `COPY --from`, `RUN --mount=…from=`), without those that it names by
 * digest. One whose name nobody can know here makes the answer undefined.
 */
export function baseImagesOf(dockerfile: string, buildArgs: Readonly<Record<string, string>>): readonly string[] | undefined {
  return allBaseImagesOf(dockerfile, buildArgs)?.filter((image) => !image.includes('@sha256:'));
}

/** The same with those that it names by digest; its own stages never count. https://docs.docker.com/reference/dockerfile/ */
export function allBaseImagesOf(dockerfile: string, buildArgs: Readonly<Record<string, string>>): readonly string[] | undefined {
  const values = new Map<string, string>();
  const stages = new Set<string>();
  const bases = new Set<string>();
  let stageCount = 0;
  for (const line of instructions(dockerfile)) {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/s.exec(line) ?? [];
    const instruction = word.toUpperCase();
    // Only arguments before the first FROM count in one.
    if (instruction === 'ARG' && stageCount === 0) declare(rest, buildArgs, values);
    const named = instruction === 'FROM' ? fromOf(rest) : fromSwitchOf(instruction, rest);
    if (named !== undefined) {
      const image = substitute(named, values);
      if (image === undefined) return undefined;
      const isOwn = image === 'scratch' || stages.has(image.toLowerCase()) || /^\d+$/.test(image);
      if (!isOwn) bases.add(image);
    }
    if (instruction !== 'FROM') continue;
    stageCount += 1;
    const [, name] = /\sAS\s+(\S+)\s*$/i.exec(rest) ?? [];
    if (name !== undefined) stages.add(name.toLowerCase());
  }
  return [...bases].toSorted();
}

/** Lines without comments, those that end in the escape character joined. */
function instructions(dockerfile: string): string[] {
  const escape = /^#\s*escape\s*=\s*`/im.test(dockerfile) ? '`' : '\\';
  const lines: string[] = [];
  let open = '';
  for (const line of dockerfile.split(/\r?\n/)) {
    const text = line.trim();
    if (text.startsWith('#') || text === '') continue;
    if (text.endsWith(escape)) {
      open += `${text.slice(0, -1)} `;
      continue;
    }
    lines.push(`${open}${text}`);
    open = '';
  }
  return open === '' ? lines : [...lines, open.trim()];
}

function declare(rest: string, buildArgs: Readonly<Record<string, string>>, values: Map<string, string>): void {
  for (const [, name = '', quoted, plain] of rest.matchAll(/(\w+)(?:=(?:"([^"]*)"|(\S*)))?/g)) {
    const value = Object.hasOwn(buildArgs, name) ? buildArgs[name] : (quoted ?? plain);
    if (value !== undefined) values.set(name, value);
  }
}

function fromOf(rest: string): string | undefined {
  return rest.split(/\s+/).find((word) => !word.startsWith('--'));
}

function fromSwitchOf(instruction: string, rest: string): string | undefined {
  if (instruction === 'COPY') return /(?:^|\s)--from=(\S+)/.exec(rest)?.[1];
  return instruction === 'RUN' ? /(?:^|\s)--mount=\S*\bfrom=([^,\s]+)/.exec(rest)?.[1] : undefined;
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`; undefined when a value is missing or the form is another. */
function substitute(text: string, values: ReadonlyMap<string, string>): string | undefined {
  let isKnown = true;
  const image = text.replace(/\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g, (_, braced?: string, fallback?: string, plain?: string) => {
    const value = values.get(braced ?? plain ?? '') ?? fallback;
    if (value === undefined) isKnown = false;
    return value ?? '';
  });
  return isKnown && image !== '' && !image.includes('$') ? image.replace(/^["']|["']$/g, '') : undefined;
}
