/** Stacks, resources, events and change sets: kept in memory, written through to the store. */
import type { Store } from '../types.ts';
import { idPart } from './names.ts';
import type { ChangeSetRecord, EventRecord, ResourceRecord, StackRecord } from './records.ts';

/** Events that share a file. */
const BLOCK = 50;
/** Deleted stacks that can still be described by their id. */
const KEPT_DELETED = 100;

export interface StackStore {
  stacks(): readonly StackRecord[];
  stack(uid: string): StackRecord | undefined;
  /** By id, also when deleted; by name only while it lives. */
  find(nameOrId: string, region: string): StackRecord | undefined;
  saveStack(stack: StackRecord): void;
  /** Forgets a stack and everything that belongs to it. */
  dropStack(uid: string): void;
  resources(uid: string): ReadonlyMap<string, ResourceRecord>;
  saveResource(uid: string, resource: ResourceRecord): void;
  dropResource(uid: string, logicalId: string): void;
  /** Oldest first. */
  events(uid: string): readonly EventRecord[];
  appendEvent(uid: string, event: EventRecord): void;
  changeSets(uid: string): readonly ChangeSetRecord[];
  changeSet(uid: string): ChangeSetRecord | undefined;
  allChangeSets(): Iterable<ChangeSetRecord>;
  saveChangeSet(changeSet: ChangeSetRecord): void;
  dropChangeSet(uid: string): void;
}

/** Opens the engine's records. */
export function openStackStore(store: Store): StackStore {
  const stackFiles = store.collection<StackRecord>('cloudformation-stacks');
  const resourceFiles = store.collection<ResourceRecord>('cloudformation-resources');
  const eventFiles = store.collection<readonly EventRecord[]>('cloudformation-events');
  const changeSetFiles = store.collection<ChangeSetRecord>('cloudformation-change-sets');
  const stacks = new Map(stackFiles.entries());
  const changeSets = new Map(changeSetFiles.entries());
  const resources = readResources(resourceFiles.entries());
  const events = readEvents(eventFiles.entries());
  const resourcesOf = (uid: string) => getOrAdd(resources, uid, () => new Map<string, ResourceRecord>());
  const eventsOf = (uid: string) => getOrAdd(events, uid, (): EventRecord[] => []);

  const self: StackStore = {
    stacks: () => [...stacks.values()],
    stack: (uid) => stacks.get(uid),
    find(nameOrId, region) {
      if (nameOrId.startsWith('arn:')) {
        const stack = stacks.get(idPart(nameOrId));
        return stack?.stackId === nameOrId ? stack : undefined;
      }
      return self.stacks().find((stack) => stack.name === nameOrId && stack.region === region && stack.status !== 'DELETE_COMPLETE');
    },
    saveStack(stack) {
      stacks.set(stack.uid, stack);
      stackFiles.put(stack.uid, stack);
      if (stack.status === 'DELETE_COMPLETE') forgetOldest(self);
    },
    dropStack(uid) {
      for (const logicalId of resourcesOf(uid).keys()) resourceFiles.delete(`${uid}.${logicalId}`);
      for (const { uid: changeSet } of self.changeSets(uid)) self.dropChangeSet(changeSet);
      for (let block = 0; block * BLOCK < eventsOf(uid).length; block++) eventFiles.delete(blockKey(uid, block));
      stackFiles.delete(uid);
      for (const map of [stacks, resources, events]) map.delete(uid);
    },
    resources: resourcesOf,
    saveResource(uid, resource) {
      resourcesOf(uid).set(resource.logicalId, resource);
      resourceFiles.put(`${uid}.${resource.logicalId}`, resource);
    },
    dropResource(uid, logicalId) {
      resourcesOf(uid).delete(logicalId);
      resourceFiles.delete(`${uid}.${logicalId}`);
    },
    events: eventsOf,
    appendEvent(uid, event) {
      const list = eventsOf(uid);
      list.push(event);
      const block = Math.floor((list.length - 1) / BLOCK);
      eventFiles.put(blockKey(uid, block), list.slice(block * BLOCK));
    },
    changeSets: (uid) => [...changeSets.values()].filter((changeSet) => changeSet.stackUid === uid),
    changeSet: (uid) => changeSets.get(uid),
    allChangeSets: () => changeSets.values(),
    saveChangeSet(changeSet) {
      changeSets.set(changeSet.uid, changeSet);
      changeSetFiles.put(changeSet.uid, changeSet);
    },
    dropChangeSet(uid) {
      changeSets.delete(uid);
      changeSetFiles.delete(uid);
    },
  };
  return self;
}

function blockKey(uid: string, block: number): string {
  return `${uid}.${String(block).padStart(5, '0')}`;
}

function readResources(entries: Iterable<readonly [string, ResourceRecord]>): Map<string, Map<string, ResourceRecord>> {
  const all = new Map<string, Map<string, ResourceRecord>>();
  for (const [key, resource] of entries) {
    getOrAdd(all, key.slice(0, key.indexOf('.')), () => new Map<string, ResourceRecord>()).set(resource.logicalId, resource);
  }
  return all;
}

function readEvents(entries: Iterable<readonly [string, readonly EventRecord[]]>): Map<string, EventRecord[]> {
  const all = new Map<string, EventRecord[]>();
  const sorted = [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, block] of sorted) getOrAdd(all, key.slice(0, key.indexOf('.')), (): EventRecord[] => []).push(...block);
  return all;
}

function getOrAdd<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

function forgetOldest(store: StackStore): void {
  const deleted = store.stacks().filter((stack) => stack.status === 'DELETE_COMPLETE');
  if (deleted.length <= KEPT_DELETED) return;
  const oldest = deleted.toSorted((a, b) => ((a.deletionTime ?? '') < (b.deletionTime ?? '') ? -1 : 1));
  for (const stack of oldest.slice(0, deleted.length - KEPT_DELETED)) store.dropStack(stack.uid);
}
