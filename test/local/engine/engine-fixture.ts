/** An engine on a real store in a folder of its own, with providers that note what they are asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEngine, type Engine, type StartOptions } from '../../../src/local/engine/engine.ts';
import type { GivenParameter } from '../../../src/local/engine/parameters.ts';
import { prepareContent } from '../../../src/local/engine/prepare.ts';
import type { StackContent, StackRecord } from '../../../src/local/engine/records.ts';
import { createStore } from '../../../src/local/store.ts';
import { type ResourceContext, type ResourceProvider, ServiceError } from '../../../src/local/types.ts';

export const REGION = 'eu-west-1';

export interface Fixture {
  readonly engine: Engine;
  readonly folder: string;
  /** `create X`, `update X`, `delete X` in the order of the calls, with physical ids for update and delete. */
  readonly calls: string[];
  readonly objects: Map<string, string>;
  prepare(name: string, template: object | string, options?: ContentOptions): StackContent;
  create(name: string, template: object | string, options?: ContentOptions & StartOptions): Promise<StackRecord>;
  update(name: string, template: object | string, options?: ContentOptions & StartOptions): Promise<StackRecord>;
  remove(name: string, options?: StartOptions): Promise<StackRecord>;
  stack(nameOrId: string): StackRecord;
  /** `LogicalId STATUS` per event, oldest first. */
  events(uid: string): readonly string[];
  /** Another engine on the same folder, as after a restart. */
  reopen(): Fixture;
  dispose(): Promise<void>;
}

export interface ContentOptions {
  readonly parameters?: readonly GivenParameter[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** `Test::Unit::Thing`: FailOn (`create` `update` `delete`), Wait (ms or `abort`), Name (create-only), anything else. */
function thingProvider(calls: string[]): ResourceProvider {
  let serial = 0;
  const act = async (step: string, properties: Readonly<Record<string, unknown>>, context: ResourceContext) => {
    const wait = properties['Wait'];
    if (wait === 'abort') await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve(), { once: true }));
    else if (typeof wait === 'number') await new Promise((resolve) => setTimeout(resolve, wait));
    if (wait === 'abort') throw new ServiceError('Aborted', 'aborted');
    const failOn = properties['FailOn'];
    if (typeof failOn === 'string' && failOn.split(',').includes(step))
      throw new ServiceError('InvalidParameterValueException', `no ${step}`);
  };
  return {
    type: 'Test::Unit::Thing',
    createOnlyProperties: ['Name'],
    async create(properties, context) {
      calls.push(`create ${context.logicalId}`);
      await act('create', properties, context);
      const physicalId = `${context.logicalId.toLowerCase()}-${process.pid}-${++serial}`;
      return { physicalId, attributes: { Arn: `arn:thing:${physicalId}`, 'Endpoint.Address': `${physicalId}.host` } };
    },
    async update(current, properties, context) {
      calls.push(`update ${context.logicalId}`);
      await act('update', properties, context);
      return { physicalId: current.physicalId, attributes: current.attributes };
    },
    async delete(current, context) {
      calls.push(`delete ${context.logicalId} ${current.physicalId}`);
      await act('delete', current.properties, context);
    },
  };
}

export function openFixture(
  folder = mkdtempSync(path.join(tmpdir(), 'engine-test-')),
  providers: readonly ResourceProvider[] = [],
): Fixture {
  const calls: string[] = [];
  const objects = new Map<string, string>();
  const readText = (location: string) => {
    const text = objects.get(location);
    if (text === undefined) throw new ServiceError('ValidationError', 'S3 error: The specified key does not exist.');
    return text;
  };
  const engine = createEngine({ store: createStore(folder), providers: [thingProvider(calls), ...providers], readText, log: () => {} });
  const { store } = engine.parts;
  const fixture: Fixture = {
    engine,
    folder,
    calls,
    objects,
    prepare(name, template, options = {}) {
      const stack = store.find(name, REGION);
      return prepareContent(
        { store, readText },
        {
          templateBody: typeof template === 'string' ? template : JSON.stringify(template),
          given: options.parameters ?? [],
          previous: stack?.parameters ?? [],
          tags: options.tags ?? stack?.tags ?? {},
          capabilities: [],
          identity: { stackName: name, stackId: stack?.stackId ?? '', region: REGION, notificationArns: [] },
        },
      );
    },
    async create(name, template, options = {}) {
      const { uid } = engine.create({ name, region: REGION }, fixture.prepare(name, template, options), options);
      await engine.wait(uid);
      return fixture.stack(uid);
    },
    async update(name, template, options = {}) {
      const { uid } = fixture.stack(name);
      engine.update(uid, fixture.prepare(name, template, options), options);
      await engine.wait(uid);
      return fixture.stack(uid);
    },
    async remove(name, options = {}) {
      const { uid } = fixture.stack(name);
      engine.remove(uid, options);
      await engine.wait(uid);
      return fixture.stack(uid);
    },
    stack(nameOrUid) {
      const stack = store.find(nameOrUid, REGION) ?? store.stack(nameOrUid);
      if (stack === undefined) throw new Error(`no stack ${nameOrUid}`);
      return stack;
    },
    events: (uid) => store.events(uid).map(({ logicalId, status }) => `${logicalId} ${status}`),
    reopen: () => openFixture(folder, providers),
    async dispose() {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fixture;
}

export function thing(properties: object = {}, more: object = {}): object {
  return { Type: 'Test::Unit::Thing', Properties: properties, ...more };
}
