/** What a hint may speak of. */
export interface CauseFacts {
  /** AWS's words as they came, with their frames. */
  readonly reason: string;
  readonly logicalId: string;
  readonly resourceType: string;
  readonly physicalId: string;
  readonly stackName: string;
  /** Switches that lead to the same account and place: ` --local`, ` --profile shop`, or nothing. */
  readonly target: string;
}

/** A cause that people meet again and again: how AWS puts it, and what happened and what to do next. */
export interface KnownCause {
  /** Stable, for machines and for the docs. */
  readonly id: string;
  readonly reason: RegExp;
  /** Only for these resource types. */
  readonly type?: RegExp | undefined;
  readonly hint: string | ((match: RegExpExecArray, facts: CauseFacts) => string);
}

/** The command that deploys again. */
export function deployAgain({ stackName, target }: Pick<CauseFacts, 'stackName' | 'target'>, switches = ''): string {
  return `lambda-tool deploy-serverless -sn ${stackName}${switches}${target}`;
}
