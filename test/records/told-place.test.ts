import { expect, it } from 'vitest';

import { notePlace, readNote } from '../../src/records/told-place.ts';

it('tells a place in the description of a change set, and reads it again', () => {
  for (const place of [
    { bucket: 'shop-artifacts', prefix: '' },
    { bucket: 'a.b', prefix: 'with space/und üml/' },
  ]) {
    expect(readNote(notePlace(place))).toEqual(place);
    expect(readNote(`Prepared by somebody. ${notePlace(place)}`)).toEqual(place);
  }
});

it('tells nothing that would not fit, and reads nothing out of other descriptions', () => {
  expect(notePlace(undefined)).toBeUndefined();
  expect(notePlace({ bucket: 'shop', prefix: 'x'.repeat(1000) })).toBeUndefined();
  for (const text of [undefined, '', 'CDK Changeset created at 12:00', 'Records: s3://Not_a_bucket/'])
    expect(readNote(text)).toBeUndefined();
});
