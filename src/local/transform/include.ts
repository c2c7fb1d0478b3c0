/** `Fn::Transform` with `AWS::Include`: a snippet of the local S3 takes the place of the call. */
import { resolveValue, type Scope } from '../engine/intrinsics.ts';
import { parseSnippet, validationError } from '../engine/parse-template.ts';
import { asDict, type Dict, isDict, scalarText } from '../engine/values.ts';

/** Reads an object by `s3://bucket/key` or its address. Throws ServiceError `ValidationError`. */
export type ReadText = (location: string) => string;

/** Replaces every `AWS::Include`, inside out. Other macros are refused. */
export function expandIncludes(document: Dict, scope: Scope, read: ReadText): Dict {
  return asDict(expand(document, scope, read));
}

function expand(value: unknown, scope: Scope, read: ReadText): unknown {
  if (Array.isArray(value)) return value.map((item) => expand(item, scope, read));
  if (!isDict(value)) return value;
  const rest = Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'Fn::Transform')
      .map(([key, member]) => [key, expand(member, scope, read)]),
  );
  if (!Object.hasOwn(value, 'Fn::Transform')) return rest;
  const snippet = expand(include(asDict(value['Fn::Transform']), scope, read), scope, read);
  if (!isDict(snippet)) return snippet;
  return { ...rest, ...snippet };
}

function include(call: Dict, scope: Scope, read: ReadText): unknown {
  const name = scalarText(call['Name']);
  if (name !== 'AWS::Include') throw validationError(`No transform named ${name ?? ''} found.`);
  const location = scalarText(resolveValue(asDict(call['Parameters'])['Location'], scope));
  if (location === undefined) throw validationError('Transform AWS::Include failed with: The location parameter is required');
  return parseSnippet(read(location));
}
