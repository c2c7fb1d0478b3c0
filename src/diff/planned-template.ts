import { basename } from 'node:path';

import type { Artifact, ArtifactUse, Location } from '../artifacts/types.ts';
import { loopEdits } from '../template/loop-mappings.ts';
import { isIntrinsic } from '../template/read.ts';
import type { JsonObject, JsonValue, Path, Template } from '../template/types.ts';
import { isMap, member, pathText, valueAt, withMembers } from '../template/value.ts';
import { shownPath } from './compare-values.ts';
import type { Planned } from './dry-publish.ts';
import { deployedValue, keptReference, mappingPlace, readS3Place, writtenFor, type Written } from './planned-place.ts';
import type { Undecided } from './types.ts';

export interface PlannedArtifact {
  readonly artifact: Artifact;
  readonly planned: Planned;
  /** Path of the code as people know it: `src/Worker`. */
  readonly name: string;
  /** The same is compared elsewhere: what cannot be known here is nothing to tell. */
  readonly isComparedInside?: boolean | undefined;
}

export interface PlannedTemplate {
  /** The template as a deployment would send it, as far as that is known. */
  readonly value: JsonObject;
  /** Remarks on code that differs, by the path of its property. */
  readonly notes: ReadonlyMap<string, string>;
  readonly undecided: readonly Undecided[];
}

/** What comes into the place of one use. */
interface PlannedUse {
  readonly use: ArtifactUse;
  readonly written: Written;
  readonly note?: string | undefined;
  readonly undecided?: string | undefined;
}

/**
 * Writes the places of artefacts into a template's value. Where the deployed template refers to the same content, its reference is taken
 * over; without a named bucket (`isExact` false), content of the same digest is the same in whichever bucket and below whichever prefix.
 */
export function planTemplate(
  template: Template,
  deployed: JsonObject | undefined,
  artifacts: readonly PlannedArtifact[],
  isExact: boolean,
): PlannedTemplate {
  const places = new Map<string, PlannedUse[]>();
  for (const item of artifacts) {
    for (const use of item.artifact.uses) {
      const key = JSON.stringify(use.path);
      places.set(key, [...(places.get(key) ?? []), planUse(item, use, deployedValue(deployed, use), isExact)]);
    }
  }
  let value: JsonValue = template.value;
  const single = [...places.values()].flatMap((uses) => (uses.length === 1 ? uses : []));
  for (const { use, written } of single) value = withValueAt(value, use.path, placed(written, valueAt(template.value, use.path)));
  const inLoops = [...places.values()].filter((uses) => uses.length > 1);
  for (const edit of loopEdits(template, inLoops)) value = withValueAt(value, edit.path, edit.value);
  const all = [...places.values()].flat();
  return {
    value: value as JsonObject,
    notes: new Map(all.flatMap((planned) => notesOf(planned, value))),
    undecided: all.flatMap(({ use, undecided }) => (undecided === undefined ? [] : [{ subject: subjectOf(use), reason: undecided }])),
  };
}

function planUse(item: PlannedArtifact, use: ArtifactUse, present: JsonValue | undefined, isExact: boolean): PlannedUse {
  const { planned, name } = item;
  if (planned.kind === 'known') {
    const location = knownLocation(use, planned.location, present, isExact);
    const written = writtenFor(use, location ?? planned.location, present);
    return { use, written, note: location === undefined ? remark(use, planned.location, present, name) : undefined };
  }
  const kept = planned.kind === 'undecided' ? keptReference(use, present) : undefined;
  if (planned.kind === 'undecided' && kept !== undefined)
    return { use, written: kept, undecided: item.isComparedInside === true ? undefined : planned.reason };
  const note = planned.kind === 'new' ? `${name} differs and would be built` : planned.reason;
  return { use, written: `(${name}, to be built)`, note };
}

function remark(use: ArtifactUse, planned: Location, present: JsonValue | undefined, name: string): string {
  const place = readS3Place(use, present);
  const isMoved = planned.type === 's3' && place !== undefined && basename(place.key) === basename(planned.key);
  return isMoved ? 'the same content in another place' : `${name === '.' ? 'the project' : name} differs`;
}

/** The place itself, and for rounds of a loop those of its mapping. */
function notesOf({ use, note }: PlannedUse, value: JsonValue): [string, string][] {
  if (note === undefined) return [];
  const present = valueAt(value, use.path);
  const calls = isMap(present) && !isIntrinsic(present) ? Object.values<JsonValue>(present) : [present];
  const inMapping = (use.loop?.rounds ?? []).flatMap((round) =>
    calls.flatMap((call): [string, string][] => {
      const place = mappingPlace(call, round.join('-'));
      return place === undefined ? [] : [[pathText(place.slice(0, -1)), note]];
    }),
  );
  return inMapping.length > 0 ? inMapping : [[pathText(use.path), note]];
}

/** `Resources.Fn.Properties.CodeUri` → `Fn.CodeUri`; with the values of the loop variables where there are any. */
function subjectOf({ path, loop }: ArtifactUse): string {
  const short = path.filter((step, index) => !(index === 0 && step === 'Resources') && !(index === 2 && step === 'Properties'));
  const rounds = (loop?.rounds ?? []).map((round) => round.join('-'));
  return rounds.length === 0 ? shownPath(short) : `${shownPath(short)} (${rounds.join(', ')})`;
}

/** The deployed location when it holds the same content, or undefined. */
function knownLocation(use: ArtifactUse, planned: Location, present: JsonValue | undefined, isExact: boolean): Location | undefined {
  if (planned.type === 'image') {
    return present === `${planned.repositoryUri}@${planned.digest}` ? planned : undefined;
  }
  const place = readS3Place(use, present);
  if (place === undefined) return undefined;
  if (isExact ? place.bucket !== planned.bucket || place.key !== planned.key : basename(place.key) !== basename(planned.key))
    return undefined;
  return { ...planned, ...place };
}

/** A map that is there keeps its other members. */
function placed(written: Written, local: JsonValue | undefined): JsonValue {
  if (typeof written === 'string') return written;
  return withMembers(isMap(local) && !isIntrinsic(local) ? local : {}, Object.entries(written));
}

/** A copy with one value set; maps that are missing on the way are made. */
function withValueAt(root: JsonValue | undefined, path: Path, value: JsonValue): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(root)) {
    return (root as readonly JsonValue[]).map((item, index) => (index === step ? withValueAt(item, rest, value) : item));
  }
  const map = isMap(root) ? root : {};
  return withMembers(map, [[String(step), withValueAt(member(map, String(step)), rest, value)]]);
}
