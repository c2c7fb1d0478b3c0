/** A stack as it stands. `id` is the ARN. */
export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly statusReason: string | undefined;
  readonly parameters: readonly StackParameter[];
  readonly outputs: readonly StackOutput[];
  readonly tags: Readonly<Record<string, string>>;
  readonly terminationProtection: boolean;
  readonly roleArn: string | undefined;
  readonly description?: string | undefined;
  /** ARN of the change set that was executed last; undefined where the endpoint tells none. */
  readonly changeSetId?: string | undefined;
  readonly createdAt?: Date | undefined;
  readonly updatedAt?: Date | undefined;
  /** ARN of the stack that this one is nested in. */
  readonly parentId?: string | undefined;
  /** `VALIDATION_FAILED` or `CONFIGURATION_COMPLETE`; undefined where there is nothing to add to the status. */
  readonly detailedStatus?: string | undefined;
  /** The newest operation of each kind, newest first; undefined where the endpoint tells none. */
  readonly lastOperations?: readonly OperationEntry[] | undefined;
  /** Whether the last operation was one in express mode. */
  readonly express?: boolean | undefined;
  readonly notificationArns?: readonly string[] | undefined;
  /** What was acknowledged when it was last deployed. */
  readonly capabilities?: readonly string[] | undefined;
  /** Alarms that roll operations of the stack back. */
  readonly rollbackTriggers?: RollbackTriggers | undefined;
  /** `IN_SYNC`, `DRIFTED`, `NOT_CHECKED` …, as the last detection found it. */
  readonly driftStatus?: string | undefined;
}

export interface RollbackTriggers {
  /** Left out in a request: those that the stack has stay. */
  readonly alarmArns?: readonly string[] | undefined;
  readonly monitoringMinutes?: number | undefined;
}

export interface OperationEntry {
  readonly id: string;
  /** `CREATE_STACK`, `UPDATE_STACK`, `DELETE_STACK`, `ROLLBACK`, `CONTINUE_ROLLBACK` or `CREATE_CHANGESET`. */
  readonly type: string;
}

export interface StackParameter {
  readonly name: string;
  /** `****` for NoEcho parameters. */
  readonly value: string;
  /** Present for parameters whose value is looked up in the parameter store. */
  readonly resolvedValue: string | undefined;
}

export interface StackOutput {
  readonly name: string;
  readonly value: string;
  readonly description: string | undefined;
  /** The name under which other stacks import it. */
  readonly exportName?: string | undefined;
}

export interface StackEvent {
  readonly id: string;
  readonly timestamp: Date;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly resourceType: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly stackId: string;
  /** What a hook said of the resource, in the events that tell of one. */
  readonly hook?: HookResult | undefined;
}

export interface HookResult {
  readonly type: string;
  /** `HOOK_COMPLETE_FAILED`, `HOOK_FAILED` … */
  readonly status: string;
  readonly reason: string | undefined;
  readonly invocationPoint: string | undefined;
  /** `FAIL` stops the operation, `WARN` does not. */
  readonly mode: string | undefined;
}

/** An event by its id, or by what it is like. */
export type EventMark = string | ((event: StackEvent) => boolean);

/** An event as DescribeEvents tells it: by operation, with what only that call knows. */
export interface OperationEvent extends StackEvent {
  readonly operationId: string | undefined;
  /** `STACK_EVENT`, `PROGRESS_EVENT`, `VALIDATION_ERROR`, `PROVISIONING_ERROR` or `HOOK_INVOCATION_ERROR`. */
  readonly eventType: string;
  /** Status and reason of the operation itself: `IN_PROGRESS`, `SUCCEEDED`, `FAILED`. */
  readonly operationStatus: string | undefined;
  readonly detailedStatus: string | undefined;
  /** What a pre-deployment validation found. */
  readonly validation:
    | {
        readonly name: string;
        /** `FAILED` or `SKIPPED`. */
        readonly status: string;
        readonly reason: string;
        /** `/Resources/Bucket/Properties/BucketName`, where there is one. */
        readonly path: string | undefined;
        /** `FAIL` stops the operation, `WARN` does not. */
        readonly mode: string | undefined;
      }
    | undefined;
  readonly hook: HookResult | undefined;
}

/** Exactly one of the three says which events are meant. */
export interface OperationEventsQuery {
  readonly stackId?: string | undefined;
  readonly changeSetId?: string | undefined;
  readonly operationId?: string | undefined;
  readonly failedOnly?: boolean | undefined;
}

/** A stack as the list of an account has it. */
export interface StackSummary {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly description: string | undefined;
  readonly createdAt: Date | undefined;
  readonly updatedAt: Date | undefined;
  readonly parentId: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** How a resource differs from what its stack says. */
export interface ResourceDrift {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly resourceType: string;
  /** `IN_SYNC`, `MODIFIED`, `DELETED` or `NOT_CHECKED`. */
  readonly status: string;
  readonly differences: readonly {
    readonly path: string;
    /** `ADD`, `REMOVE` or `NOT_EQUAL`. */
    readonly kind: string;
    readonly expected: string | undefined;
    readonly actual: string | undefined;
  }[];
}

export interface DriftDetection {
  /** `DETECTION_IN_PROGRESS`, `DETECTION_COMPLETE` or `DETECTION_FAILED`. */
  readonly status: string;
  readonly reason: string | undefined;
  readonly driftStatus: string | undefined;
}

/** A resource as its stack has it now. */
export interface StackResource {
  readonly logicalId: string;
  /** Empty for one that never came to be. */
  readonly physicalId: string;
  readonly resourceType: string;
  readonly status: string;
  readonly reason: string | undefined;
}

export interface ChangeSetRequest {
  readonly stackName: string;
  readonly changeSetName: string;
  readonly type: 'CREATE' | 'UPDATE';
  readonly template: { readonly body: string } | { readonly url: string };
  readonly parameters: readonly ChangeSetParameter[];
  readonly capabilities: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly roleArn: string | undefined;
  readonly description?: string | undefined;
  /** Change sets for the nested stacks as well, so that their changes can be seen. */
  readonly includeNestedStacks?: boolean | undefined;
  /** SNS topics; undefined leaves those that the stack has. */
  readonly notificationArns?: readonly string[] | undefined;
  /** Alarms that roll the operation back; undefined leaves those that the stack has. */
  readonly rollbackTriggers?: RollbackTriggers | undefined;
  /** Resources with a name of their own that exist already become part of the stack. */
  readonly importExistingResources?: boolean | undefined;
  /** What a failed creation leads to. CloudFormation takes `DELETE` for a creation only, and no `disableRollback` beside it. */
  readonly onStackFailure?: 'DELETE' | 'ROLLBACK' | 'DO_NOTHING' | undefined;
  /** Express mode; `disableRollback` is always sent with it, because the service's own default there is not the documented one. */
  readonly express?: { readonly disableRollback: boolean } | undefined;
  /** Leave out CloudFormation's pre-deployment validation. */
  readonly disableValidation?: boolean | undefined;
}

export type ChangeSetParameter = { readonly name: string; readonly value: string } | { readonly name: string; readonly usePrevious: true };

/** A change set by its ARN, or by its name and stack. */
export interface ChangeSetReference {
  readonly id: string;
  readonly stackName?: string | undefined;
  /** Ask for the values of properties before and after, too. */
  readonly values?: boolean | undefined;
}

export interface ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly stackId: string;
  readonly status: string;
  readonly statusReason: string | undefined;
  /** `AVAILABLE`, `OBSOLETE`, `EXECUTE_COMPLETE` …; undefined where the endpoint tells none. */
  readonly executionStatus: string | undefined;
  /** How it was asked for: what a failure leads to is settled then. */
  readonly onStackFailure?: string | undefined;
  readonly express?: boolean | undefined;
  readonly description?: string | undefined;
  readonly changes: readonly ResourceChange[];
}

/** A change set as the list of a stack has it. */
export interface ChangeSetSummary {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly description: string | undefined;
  readonly createdAt: Date | undefined;
}

/** What CloudFormation says of a template that it takes. */
export interface TemplateCheck {
  readonly capabilities: readonly string[];
  readonly transforms: readonly string[];
}

export interface ResourceChange {
  /** `Add`, `Modify`, `Remove`, `Import` or `Dynamic`. */
  readonly action: string;
  readonly logicalId: string;
  readonly resourceType: string;
  /** `True`, `False` or `Conditional`; undefined unless the resource is modified. */
  readonly replacement: string | undefined;
  /** What becomes of the physical resource that is removed or replaced: `Delete`, `Retain`, `Snapshot`, `ReplaceAndRetain` … */
  readonly policyAction?: string | undefined;
  readonly details?: readonly PropertyDetail[] | undefined;
  /** The resource as JSON text before and after, where values were asked for and the endpoint gives them. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** Change set of a nested stack, where nested stacks were asked for. */
  readonly nestedChangeSetId?: string | undefined;
}

export interface PropertyDetail {
  /** `Properties`, `Tags`, `Metadata`, `DeletionPolicy` … */
  readonly attribute: string;
  readonly name: string | undefined;
  /** `/Properties/Environment/Variables/Stage`. */
  readonly path: string | undefined;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** `Never`, `Conditionally` or `Always`. */
  readonly requiresRecreation: string | undefined;
}

export interface DeletionOptions {
  readonly token: string;
  readonly roleArn?: string | undefined;
  /** Logical ids of resources that stay behind; CloudFormation takes them for a stack in DELETE_FAILED only. */
  readonly retain?: readonly string[] | undefined;
  readonly express?: boolean | undefined;
}

export interface RollbackOptions {
  readonly token: string;
  readonly roleArn?: string | undefined;
  /** Logical ids of resources that could not be rolled back and are left as they are. */
  readonly skip?: readonly string[] | undefined;
}

/** An update without a change set. */
export interface UpdateRequest extends Omit<
  ChangeSetRequest,
  'changeSetName' | 'type' | 'description' | 'includeNestedStacks' | 'onStackFailure' | 'importExistingResources'
> {
  readonly token: string;
  /** Without express mode, where it is said in `express`. */
  readonly disableRollback?: boolean | undefined;
}

/** The life of stacks, in our words. Every method throws a translated UserError. */
export interface Stacks {
  /** The endpoint that was chosen instead of AWS's own. */
  readonly endpoint?: string | undefined;
  /** By name or ARN. A stack that was deleted is undefined, whatever it is asked by. */
  find(name: string, signal?: AbortSignal): Promise<Stack | undefined>;
  /** A stack that was deleted within the last 90 days: by ARN, or the newest one of that name where the endpoint lists such. */
  findDeleted(name: string, signal?: AbortSignal): Promise<Stack | undefined>;
  /** The template as it was deployed, byte for byte; undefined when the endpoint does not keep it. */
  template(stackId: string, signal?: AbortSignal): Promise<string | undefined>;
  /** The template after its transforms, with every resource that the stack has. */
  processedTemplate(stackId: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Has a template looked at without a stack. A template that CloudFormation refuses is a UserError TEMPLATE_INVALID. */
  validateTemplate(template: ChangeSetRequest['template'], signal?: AbortSignal): Promise<TemplateCheck>;
  /**
   * The events that came after the newest one that `mark` means (all of them without it), oldest first, over as many pages as that
   * takes. DescribeStackEvents lists the newest first, so that a look costs one call unless much has happened.
   */
  eventsAfter(stackId: string, mark: EventMark | undefined, signal?: AbortSignal): Promise<StackEvent[]>;
  /** Id of the newest event, or undefined where there is none. */
  newestEventId(stackId: string, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * The events of an operation, a change set or a stack by DescribeEvents, oldest first; undefined where the endpoint does not
   * offer that call or the identity may not make it.
   */
  operationEvents(query: OperationEventsQuery, signal?: AbortSignal): Promise<OperationEvent[] | undefined>;
  /** All stacks of the account and region that are not deleted, with their tags. */
  list(signal?: AbortSignal): Promise<StackSummary[]>;
  /** Stops an update that runs: it is rolled back. Throws UserError TEMPLATE_INVALID when none runs. */
  cancelUpdate(stackId: string, token: string, signal?: AbortSignal): Promise<void>;
  setTerminationProtection(stackId: string, enabled: boolean, signal?: AbortSignal): Promise<void>;
  /** Begins a drift detection; answers its id. */
  detectDrift(stackId: string, signal?: AbortSignal): Promise<string>;
  driftDetection(detectionId: string, signal?: AbortSignal): Promise<DriftDetection>;
  /** What the last detection found of the resources that differ. */
  drifts(stackId: string, signal?: AbortSignal): Promise<ResourceDrift[]>;
  /** What the stack has, also what is deleted already or never came to be. */
  resources(stackId: string, signal?: AbortSignal): Promise<StackResource[]>;
  /** The stack policy as JSON text; undefined when it has none. */
  policy(stackId: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Names of the stacks that import what is exported under a name. */
  importers(exportName: string, signal?: AbortSignal): Promise<string[]>;
  createChangeSet(request: ChangeSetRequest, signal?: AbortSignal): Promise<{ readonly id: string; readonly stackId: string }>;
  /** Changes are only complete once the status is. Throws UserError CHANGE_SET_NOT_FOUND. */
  changeSet(reference: ChangeSetReference, signal?: AbortSignal): Promise<ChangeSet>;
  changeSets(stackId: string, signal?: AbortSignal): Promise<ChangeSetSummary[]>;
  /** `disableRollback`: a failure leaves everything as it is then. Undefined leaves that to how the change set was made. */
  executeChangeSet(
    id: string,
    options: { readonly token: string; readonly disableRollback?: boolean | undefined },
    signal?: AbortSignal,
  ): Promise<void>;
  deleteChangeSet(id: string): Promise<void>;
  /** Updates without a change set: where CloudFormation finds that nothing differs, and still has to leave a failed state. */
  updateStack(request: UpdateRequest, signal?: AbortSignal): Promise<void>;
  deleteStack(stackId: string, options: DeletionOptions, signal?: AbortSignal): Promise<void>;
  /** From UPDATE_ROLLBACK_FAILED on. */
  continueRollback(stackId: string, options: RollbackOptions, signal?: AbortSignal): Promise<void>;
  /** From UPDATE_FAILED or CREATE_FAILED back to the last good state. */
  rollBack(stackId: string, options: RollbackOptions, signal?: AbortSignal): Promise<void>;
}
