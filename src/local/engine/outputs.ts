/** The outputs of a stack whose resources are all there. */
import { failureReason, resolving, TemplateFailure } from './failure.ts';
import { resolveValue } from './intrinsics.ts';
import { type EngineParts, findExport, type Run, stackOf } from './parts.ts';
import type { OutputRecord } from './records.ts';
import { compact, scalarText } from './values.ts';

/** Throws TemplateFailure when a value cannot be resolved, is not text, or its export name is taken. */
export function resolveOutputs(parts: EngineParts, run: Run): readonly OutputRecord[] {
  const stack = stackOf(parts, run.uid);
  const records: OutputRecord[] = [];
  for (const output of run.bound.outputs) {
    const value = scalarText(resolving(() => resolveValue(output.value, run.scope)));
    if (value === undefined)
      throw new TemplateFailure(`Template format error: The Value field of every Outputs member must evaluate to a String.`);
    const exportName =
      output.exportName === undefined ? undefined : scalarText(resolving(() => resolveValue(output.exportName, run.scope)));
    const owner = exportName === undefined ? undefined : findExport(parts.store, stack.region, exportName)?.stack;
    if (owner !== undefined && owner.uid !== run.uid)
      throw new TemplateFailure(`Export with name ${exportName} is already exported by stack ${owner.name}`);
    records.push(compact({ key: output.key, value, description: output.description, exportName }));
  }
  checkExportsInUse(parts, run.uid, records);
  return records;
}

/** Exports that other stacks import may be neither removed nor changed. */
function checkExportsInUse(parts: EngineParts, uid: string, records: readonly OutputRecord[]): void {
  for (const old of stackOf(parts, uid).outputs) {
    if (old.exportName === undefined) continue;
    const now = records.find(({ exportName }) => exportName === old.exportName);
    if (now?.value === old.value) continue;
    const users = importersOf(parts, uid, old.exportName);
    const deed = now === undefined ? 'deleted' : 'updated';
    if (users.length > 0) throw new TemplateFailure(`Export ${old.exportName} cannot be ${deed} as it is in use by ${users.join(' and ')}`);
  }
}

/** Names of the living stacks that import a name which this stack exports. */
export function importersOf(parts: Pick<EngineParts, 'store'>, exporterUid: string, exportName: string): readonly string[] {
  const exporter = parts.store.stack(exporterUid);
  return parts.store
    .stacks()
    .filter((stack) => stack.uid !== exporterUid && stack.region === exporter?.region && stack.status !== 'DELETE_COMPLETE')
    .filter((stack) => importedNames(stack.processed, (value) => importText(value, stack)).has(exportName))
    .map((stack) => stack.name);
}

/** Imports are nearly always plain text or a Sub of parameters: enough is resolved to know the name. */
function importText(
  value: unknown,
  stack: { readonly parameters: readonly { key: string; value: string }[]; readonly region: string },
): string {
  if (typeof value === 'string') return value;
  const values = new Map<string, unknown>(stack.parameters.map(({ key, value: text }) => [key, text]));
  values.set('AWS::Region', stack.region);
  const scope = { region: stack.region, values, mappings: {}, conditions: {}, resource: () => undefined, importValue: () => '' };
  try {
    return scalarText(resolveValue(value, scope)) ?? '';
  } catch (error) {
    return failureReason(error);
  }
}

function importedNames(value: unknown, name: (argument: unknown) => string): Set<string> {
  const names = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [key, member] of Object.entries(part)) {
      if (key === 'Fn::ImportValue') names.add(name(member));
      else visit(member);
    }
  };
  visit(value);
  return names;
}
