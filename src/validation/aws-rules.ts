import { createRequire } from 'node:module';
import { join } from 'node:path';

import { UserError, messageOf } from '../errors.ts';
import { rowsOf } from '../template/resource-types.ts';
import type { Template } from '../template/types.ts';
import type { Finding } from './types.ts';

const PACKAGE = '@aws/cloudformation-validate';

/**
 * Its rules about references and circles: ours see the same, and know the names that the serverless transform makes (`FnUrl`, `Fn.Alias`),
 * which these take for missing.
 */
const COVERED = new Set(['E3005', 'E6005', 'E8002', 'F1010', 'F1018', 'F1020', 'F3004', 'F6101']);

/** What we use of the package (its `index.d.ts`, 1.9.0-beta). */
interface AwsValidator {
  readonly CelEngine: new () => {
    validateStandard(
      template: { readonly path: string; readBytes(): Uint8Array },
      config?: object,
    ): { readonly diagnostics: readonly Diagnostic[] };
    free(): void;
  };
}

interface Diagnostic {
  readonly ruleId: string;
  readonly severity: string;
  readonly message: string;
  readonly entity?: { readonly resourceType?: string };
  readonly propertyPath?: string;
  readonly startLine?: number;
  readonly startColumn?: number;
}

export interface AwsRulesWish {
  /** Absolute: the package is looked for as code of this directory would find it. */
  readonly directory: string;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly region?: string | undefined;
}

/**
 * What AWS's own offline rules say, when their package is installed in the project; undefined otherwise. Remarks below a warning are left out,
 * and so is what is said of local paths, which are no longer there when AWS sees the template.
 */
export async function checkWithAwsRules(template: Template, wish: AwsRulesWish): Promise<Finding[] | undefined> {
  const validator = loadValidator(wish.directory);
  if (validator === undefined) return undefined;
  const engine = new validator.CelEngine();
  try {
    const file = { path: template.path, readBytes: () => Buffer.from(template.text.replace(/^\uFEFF/, '')) };
    const config = {
      severityLevel: 'WARN',
      ...(wish.parameters === undefined ? {} : { parameterOverrides: wish.parameters }),
      ...(wish.region === undefined ? {} : { pseudoParameterOverrides: { region: wish.region } }),
    };
    return engine
      .validateStandard(file, config)
      .diagnostics.filter(isOfInterest)
      .map((diagnostic) => findingOf(diagnostic, template));
  } catch (error) {
    throw new UserError('TEMPLATE_INVALID', `${template.path}: ${PACKAGE} cannot read the template: ${messageOf(error)}`, { cause: error });
  } finally {
    engine.free();
  }
}

function loadValidator(directory: string): AwsValidator | undefined {
  const path = resolvePackage(directory);
  if (path === undefined) return undefined;
  // Not `import`: our own modules are built as CommonJS. Since 20.19 Node requires ES modules as well.
  const loaded = createRequire(path)(path) as Partial<AwsValidator> & { readonly default?: Partial<AwsValidator> };
  const CelEngine = loaded.CelEngine ?? loaded.default?.CelEngine;
  return CelEngine === undefined ? undefined : { CelEngine };
}

function resolvePackage(directory: string): string | undefined {
  try {
    return createRequire(join(directory, 'package.json')).resolve(PACKAGE);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function isOfInterest({ ruleId, severity, entity, propertyPath }: Diagnostic): boolean {
  if (severity === 'INFO' || severity === 'DEBUG' || COVERED.has(ruleId)) return false;
  const local = rowsOf(entity?.resourceType ?? '').map(({ property }) => `Properties.${property[0] ?? ''}`);
  return !local.some((property) => propertyPath === property || propertyPath?.startsWith(`${property}.`) === true);
}

function findingOf({ ruleId, severity, message, startLine, startColumn }: Diagnostic, template: Template): Finding {
  return {
    rule: `aws/${ruleId}`,
    severity: severity === 'WARN' ? 'warning' : 'error',
    message,
    path: template.path,
    line: startLine ?? 1,
    column: startColumn ?? 1,
  };
}
