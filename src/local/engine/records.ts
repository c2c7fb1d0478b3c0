/** What the engine keeps on disk. Every record is replaced as a whole, never changed in place. */
import type { ResourceState } from '../types.ts';
import type { ParameterRecord } from './parameters.ts';
import type { Dict } from './values.ts';

export type StackStatus =
  | 'REVIEW_IN_PROGRESS'
  | `${'CREATE' | 'DELETE' | 'ROLLBACK' | 'UPDATE' | 'UPDATE_ROLLBACK'}_${'IN_PROGRESS' | 'FAILED' | 'COMPLETE'}`
  | `${'UPDATE' | 'UPDATE_ROLLBACK'}_COMPLETE_CLEANUP_IN_PROGRESS`;

export interface OutputRecord {
  readonly key: string;
  readonly value: string;
  readonly description?: string | undefined;
  readonly exportName?: string | undefined;
}

/** What an update may have to go back to. */
export interface StackContent {
  /** The text as it was given. */
  readonly templateBody: string;
  /** The template after its transforms. */
  readonly processed: Dict;
  readonly parameters: readonly ParameterRecord[];
  readonly tags: Readonly<Record<string, string>>;
  readonly outputs: readonly OutputRecord[];
  readonly capabilities: readonly string[];
  readonly description?: string | undefined;
  readonly notificationArns: readonly string[];
  /** Remarks of the transform by logical id; an empty id is the template as a whole. */
  readonly warnings: Readonly<Record<string, readonly string[]>>;
}

export type OnFailure = 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';

export type OperationKind = 'CREATE_CHANGESET' | 'CREATE_STACK' | 'UPDATE_STACK' | 'DELETE_STACK' | 'ROLLBACK' | 'CONTINUE_ROLLBACK';

export interface OperationRecord {
  readonly id: string;
  readonly kind: OperationKind;
  readonly startTime?: string | undefined;
  readonly token?: string | undefined;
  readonly onFailure: OnFailure;
  /** Logical ids that a deletion leaves alone, or that a rollback does not touch. */
  readonly skip: readonly string[];
  /** Overrides the stack's own policy while the operation runs. */
  readonly stackPolicy?: string | undefined;
  /** Deployment mode EXPRESS. */
  readonly express?: boolean | undefined;
  /** Physical ids of resources that are taken over, by logical id. */
  readonly imports?: Readonly<Record<string, string>> | undefined;
}

export interface DeploymentConfig {
  readonly mode: 'STANDARD' | 'EXPRESS';
  readonly disableRollback: boolean;
}

/** Alarms that are kept and shown; nothing watches them here. */
export interface RollbackConfiguration {
  readonly triggers: readonly { readonly arn: string; readonly type: string }[];
  readonly monitoringMinutes?: number | undefined;
}

export interface StackRecord extends StackContent {
  readonly uid: string;
  readonly stackId: string;
  readonly name: string;
  readonly region: string;
  readonly status: StackStatus;
  readonly statusReason?: string | undefined;
  readonly creationTime: string;
  readonly lastUpdatedTime?: string | undefined;
  readonly deletionTime?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly disableRollback: boolean;
  /** Of the last operation, where its request had one. */
  readonly deploymentConfig?: DeploymentConfig | undefined;
  readonly rollbackConfiguration?: RollbackConfiguration | undefined;
  readonly detailedStatus?: 'CONFIGURATION_COMPLETE' | undefined;
  readonly timeoutInMinutes?: number | undefined;
  readonly terminationProtection: boolean;
  readonly stackPolicy?: string | undefined;
  readonly changeSetId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly rootId?: string | undefined;
  readonly operation?: OperationRecord | undefined;
  /** Newest first. */
  readonly lastOperations: readonly { readonly type: OperationKind; readonly id: string }[];
  /** State before the running (or failed) update. */
  readonly baseline?: StackContent | undefined;
  /** The last detection. */
  readonly drift?:
    | { readonly id: string; readonly status: 'IN_SYNC' | 'DRIFTED'; readonly drifted: number; readonly timestamp: string }
    | undefined;
}

export interface DriftDifference {
  /** `/Environment/Variables/STAGE`. */
  readonly path: string;
  readonly kind: 'ADD' | 'REMOVE' | 'NOT_EQUAL';
  readonly expected: string;
  readonly actual: string;
}

/** What the last detection found of a resource that can be looked at. */
export interface ResourceDriftRecord {
  readonly status: 'IN_SYNC' | 'MODIFIED' | 'DELETED';
  readonly timestamp: string;
  readonly differences: readonly DriftDifference[];
  /** The properties that were compared, as they are. */
  readonly actual?: Dict | undefined;
}

/** A physical resource that is no longer, or not any more, the one that its logical id stands for. */
export interface OldResource extends ResourceState {
  readonly type: string;
  readonly policy: string;
}

export interface ResourceRecord {
  readonly logicalId: string;
  readonly type: string;
  readonly status: string;
  readonly statusReason?: string | undefined;
  readonly timestamp: string;
  /** Undefined until the provider has answered. */
  readonly physicalId?: string | undefined;
  readonly attributes: Dict;
  readonly properties: Dict;
  readonly metadata?: unknown;
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
  /** It was there before the operation that runs: a rollback leaves it alone. */
  readonly imported?: boolean | undefined;
  readonly drift?: ResourceDriftRecord | undefined;
  /** Its attributes are secrets. */
  readonly noEcho?: boolean | undefined;
  readonly dependsOn: readonly string[];
  /** The stack's state before the running (or failed) update: `absent` for a resource that it adds. */
  readonly baseline?: 'absent' | ResourceRecord | undefined;
  /** Physical resources that are to go when the operation is over. */
  readonly replaced?: readonly OldResource[] | undefined;
}

export interface EventRecord {
  readonly id: string;
  readonly timestamp: string;
  readonly logicalId: string;
  readonly physicalId?: string | undefined;
  readonly type: string;
  /** Of the resource; empty for events that only DescribeEvents tells. */
  readonly status: string;
  readonly reason?: string | undefined;
  readonly properties?: string | undefined;
  readonly token?: string | undefined;
  readonly operationId?: string | undefined;
  readonly operationKind?: OperationKind | undefined;
  readonly operation?: OperationProgress | undefined;
  readonly validation?: ValidationRecord | undefined;
  readonly detailedStatus?: 'CONFIGURATION_COMPLETE' | undefined;
}

/** How the operation itself stands, in the events of the stack as a whole. */
export interface OperationProgress {
  readonly status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED';
  readonly startTime?: string | undefined;
  readonly endTime?: string | undefined;
}

/** What a pre-deployment validation found. */
export interface ValidationRecord {
  readonly name: string;
  readonly reason: string;
  /** `/Resources/Bucket/Properties/BucketName`. */
  readonly path: string;
  readonly mode: 'FAIL' | 'WARN';
}

export interface ChangeDetail {
  readonly attribute: string;
  readonly name?: string | undefined;
  readonly requiresRecreation: 'Never' | 'Conditionally' | 'Always';
  readonly evaluation: 'Static' | 'Dynamic';
  readonly source: string;
  readonly causingEntity?: string | undefined;
  readonly path?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly changeType?: 'Add' | 'Remove' | 'Modify' | undefined;
}

export interface ChangeRecord {
  readonly action: 'Add' | 'Modify' | 'Remove' | 'Import';
  readonly logicalId: string;
  readonly physicalId?: string | undefined;
  readonly type: string;
  readonly replacement?: 'True' | 'False' | 'Conditional' | undefined;
  readonly scope: readonly string[];
  readonly details: readonly ChangeDetail[];
  readonly changeSetId?: string | undefined;
  readonly policyAction?: string | undefined;
  /** Resolved properties as JSON. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export interface ChangeSetRecord {
  readonly id: string;
  readonly uid: string;
  readonly name: string;
  readonly stackUid: string;
  readonly type: 'CREATE' | 'UPDATE';
  readonly status: 'CREATE_COMPLETE' | 'FAILED';
  readonly statusReason?: string | undefined;
  readonly executionStatus: 'UNAVAILABLE' | 'AVAILABLE' | 'EXECUTE_IN_PROGRESS' | 'EXECUTE_COMPLETE' | 'EXECUTE_FAILED' | 'OBSOLETE';
  readonly creationTime: string;
  readonly description?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly onStackFailure?: OnFailure | undefined;
  readonly deploymentConfig?: DeploymentConfig | undefined;
  readonly rollbackConfiguration?: RollbackConfiguration | undefined;
  readonly importExistingResources?: boolean | undefined;
  readonly content: StackContent;
  readonly changes: readonly ChangeRecord[];
  readonly clientToken?: string | undefined;
  /** The operation that made it. */
  readonly operationId?: string | undefined;
  readonly includeNestedStacks: boolean;
  /** Of the nested stack in its parent's template. */
  readonly nestedAs?: string | undefined;
  readonly parentId?: string | undefined;
  readonly rootId?: string | undefined;
}
