const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

/**
 * What a plain YAML scalar means. YAML 1.1 and 1.2 disagree about much (`yes`, `010`, `1_000`, `0x1F`, `1:30`, dates), and CloudFormation
 * turns most of it into text anyway, so only what every reader agrees on gets a type: true and false, null, and a number that is spelt
 * exactly as it would be written again. Everything else (`08`, `1.10`, `2012-10-17`, `yes`, an integer beyond 2^53) stays the text it is.
 */
export function plainScalarValue(text: string): string | number | boolean | null {
  switch (text) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    default:
      return isCanonicalNumber(text) ? Number(text) : text;
  }
}

function isCanonicalNumber(text: string): boolean {
  return NUMBER.test(text) && String(Number(text)) === text;
}

/** The key of the long form of a short tag: `Ref`, `Condition`, or `Fn::` and the name. */
export function longForm(tagName: string): string {
  return tagName === 'Ref' || tagName === 'Condition' ? tagName : `Fn::${tagName}`;
}
