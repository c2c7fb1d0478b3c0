import { parseTemplate } from '../../src/template/parse.ts';
import { checkTemplate, type CheckOptions, type Finding } from '../../src/validation/check-template.ts';

/** A day on which nodejs24.x has years to live and nodejs20.x is deprecated. */
export const TODAY = Date.parse('2026-11-23');

export async function check(text: string, options: Partial<CheckOptions> = {}): Promise<Finding[]> {
  return checkTemplate(await parseTemplate(text, 'serverless.template'), { now: TODAY, ...options });
}

/** `12:5 rule`, one for each finding. */
export function short(findings: readonly Finding[]): string[] {
  return findings.map(({ line, column, rule }) => `${line}:${column} ${rule}`);
}

export const SAM = 'Transform: AWS::Serverless-2016-10-31\n';

/** A template of one function, whose properties begin in line 5. */
export function lambda(properties: string, more = ''): string {
  return `${SAM}Resources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n      ${properties.replaceAll('\n', '\n      ')}\n${more}`;
}

export const ZIP = 'Runtime: nodejs24.x\nHandler: index.handler\nInlineCode: x';
