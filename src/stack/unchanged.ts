import type { Stack, Stacks } from '../clients/cloudformation.ts';
import type { DeclaredParameter } from './parameters.ts';
import { hasWishedSettings, type StackSwitches } from './switches.ts';

export interface Wish {
  readonly templateText: string;
  readonly declared: readonly DeclaredParameter[];
  readonly given: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly roleArn: string | undefined;
  /** Whether something outside the template and its parameters decides what it becomes (macros, dynamic references). */
  readonly hasOutsideInputs: boolean;
  readonly switches: StackSwitches;
}

const AT_REST = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE']);

/**
 * Whether the stack is already what is wished for, found without a change set: the same template text, parameters and
 * tags. Answers false whenever that cannot be known for sure; the change set then decides.
 */
export async function isAlreadyDeployed(stacks: Stacks, stack: Stack, wish: Wish, signal: AbortSignal): Promise<boolean> {
  if (!AT_REST.has(stack.status) || wish.hasOutsideInputs) return false;
  if (wish.roleArn !== undefined && wish.roleArn !== stack.roleArn) return false;
  if (!hasWishedSettings(stack, wish.switches)) return false;
  if (!sameTags(stack.tags, wish.tags) || !sameParameters(stack, wish)) return false;
  const deployed = await stacks.template(stack.id, signal);
  return deployed !== undefined && normalise(deployed) === normalise(wish.templateText);
}

/** The service gives back what it was sent, but for the white space around it. */
function normalise(text: string): string {
  return text.trim().replaceAll('\r\n', '\n');
}

function sameTags(current: Readonly<Record<string, string>>, wished: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(wished);
  return names.length === Object.keys(current).length && names.every((name) => current[name] === wished[name]);
}

function sameParameters(stack: Stack, wish: Wish): boolean {
  const current = new Map(stack.parameters.map((parameter) => [parameter.name, parameter]));
  return wish.declared.every((parameter) => {
    const known = current.get(parameter.name);
    if (known === undefined) return false;
    // A value in the parameter store may have changed since, and a NoEcho value cannot be compared.
    if (parameter.type.startsWith('AWS::SSM::')) return false;
    const given = Object.hasOwn(wish.given, parameter.name) ? wish.given[parameter.name] : undefined;
    return given === undefined || (!parameter.noEcho && given === known.value);
  });
}
