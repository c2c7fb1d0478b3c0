/**
 * Filter patterns of CloudWatch Logs for plain text: `ERROR`, `"two words"`, `-without`, `?either ?or`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
import { ServiceError } from '../../types.ts';

/** Answers whether a message fits. Throws ServiceError `InvalidParameterException` for patterns over JSON and columns. */
export function compileFilterPattern(pattern: string): (message: string) => boolean {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (text.startsWith('{') || text.startsWith('[') || text.startsWith('%')) {
    throw new ServiceError('InvalidParameterException', 'The local target only knows filter patterns of plain terms');
  }
  const terms = [...text.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign, quoted, plain]) => ({
    sign,
    term: quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'),
  }));
  const all = terms.filter(({ sign }) => sign === '');
  const none = terms.filter(({ sign }) => sign === '-');
  const any = terms.filter(({ sign }) => sign === '?');
  return (message) =>
    all.every(({ term }) => message.includes(term)) &&
    !none.some(({ term }) => message.includes(term)) &&
    // Beside terms that must be there, AWS ignores the optional ones.
    (all.length > 0 || any.length === 0 || any.some(({ term }) => message.includes(term)));
}
