import type { ChangeSetParameter, Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';

/** A parameter as the template declares it. */
export interface DeclaredParameter {
  readonly name: string;
  readonly type: string;
  readonly hasDefault: boolean;
  readonly noEcho: boolean;
}

export interface ParameterChoice {
  readonly parameters: readonly ChangeSetParameter[];
  /** Given, but not declared by the template: left out. */
  readonly undeclared: readonly string[];
  /** Declared without a default, and nothing gives them a value. */
  readonly missing: readonly string[];
}

/** Given values for declared parameters; on an update the previous values of the others. */
export function chooseParameters(
  declared: readonly DeclaredParameter[],
  given: Readonly<Record<string, string>>,
  current: Stack | undefined,
): ParameterChoice {
  const known = new Set(declared.map((parameter) => parameter.name));
  const previous = new Set(current?.parameters.map((parameter) => parameter.name));
  const parameters: ChangeSetParameter[] = [];
  const missing: string[] = [];
  for (const { name, hasDefault } of declared) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined) parameters.push({ name, value });
    else if (previous.has(name)) parameters.push({ name, usePrevious: true });
    else if (!hasDefault) missing.push(name);
  }
  return { parameters, missing, undeclared: Object.keys(given).filter((name) => !known.has(name)) };
}

/** Throws UserError MISSING_OPTION naming the parameters that have no value. */
export function requireParameters(choice: ParameterChoice): void {
  if (choice.missing.length === 0) return;
  const names = choice.missing.join(', ');
  throw new UserError('MISSING_OPTION', `The template needs values for ${names}`, {
    hint: `--template-parameters "${choice.missing.map((name) => `${name}=…`).join(';')}"`,
  });
}
