/** Stack policies: which updates of which resources a stack allows. */
import { asDict, asList, type Dict, isDict, scalarText } from './values.ts';

export type PolicyAction = 'Update:Modify' | 'Update:Replace' | 'Update:Delete';

/**
 * Why the policy forbids the action; undefined when it allows it. With a policy everything is denied that no statement allows.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
 */
export function policyDenial(policy: string | undefined, action: PolicyAction, logicalId: string, type: string): string | undefined {
  if (policy === undefined || policy === '') return undefined;
  const statements = asList(asDict(JSON.parse(policy))['Statement']).filter(isDict);
  const matching = statements
    .map((statement, index) => ({ statement, number: index + 1 }))
    .filter(({ statement }) => matches(statement, action, logicalId, type));
  const denial = matching.find(({ statement }) => statement['Effect'] === 'Deny');
  if (denial !== undefined)
    return `Action denied by stack policy: Statement [#${denial.number}] does not allow [${action}] for resource [LogicalResourceId/${logicalId}];`;
  if (matching.some(({ statement }) => statement['Effect'] === 'Allow')) return undefined;
  return `Action not allowed by stack policy: no statement allows [${action}] for resource [LogicalResourceId/${logicalId}];`;
}

function matches(statement: Dict, action: PolicyAction, logicalId: string, type: string): boolean {
  const actionFits = statement['NotAction'] === undefined ? fits(statement['Action'], action) : !fits(statement['NotAction'], action);
  const resource = `LogicalResourceId/${logicalId}`;
  const resourceFits =
    statement['NotResource'] === undefined ? fits(statement['Resource'], resource) : !fits(statement['NotResource'], resource);
  return actionFits && resourceFits && conditionFits(asDict(statement['Condition']), type);
}

function conditionFits(condition: Dict, type: string): boolean {
  return Object.values(condition).every((test) => {
    const wanted = asDict(test)['ResourceType'];
    return wanted === undefined || fits(wanted, type);
  });
}

/** One pattern or several, `*` and `?` as wildcards. */
function fits(patterns: unknown, text: string): boolean {
  const list = Array.isArray(patterns) ? patterns : [patterns];
  return list.some((pattern) => {
    const source = (scalarText(pattern) ?? '')
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`).test(text);
  });
}
