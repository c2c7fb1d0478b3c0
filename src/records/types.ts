/** Goes up when a record of this version would be misread by an older reader. */
export const RECORD_SCHEMA = 1;

/** Where artefacts and records of a deployment lie: a bucket, and what is put before every key as it is. */
export interface Place {
  readonly bucket: string;
  readonly prefix: string;
}

export interface StoredArtifact {
  readonly type: 's3';
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

export interface RegistryArtifact {
  readonly type: 'image';
  /** `<registry host>/<name>` */
  readonly repositoryUri: string;
  /** `sha256:…`; at least one of digest and tag is known. */
  readonly digest?: string | undefined;
  readonly tag?: string | undefined;
}

/** Something that a deployment refers to. */
export type ArtifactReference = StoredArtifact | RegistryArtifact;

/** A parameter as it was deployed. The value of a NoEcho parameter is never written down. */
export type RecordedParameter =
  | { readonly name: string; readonly value: string }
  /** `given`: a value was given for it in this deployment, so it may differ from what was before. */
  | { readonly name: string; readonly usePrevious: true; readonly given: boolean };

export type RecordedAction = 'created' | 'updated' | 'recreated' | 'rolled-back';

/**
 * `succeeded` and `failed` as the stack said; `started` when nobody waited for the end; `prepared` for a change set that waits
 * for `--execute`.
 */
export type RecordedOutcome = 'succeeded' | 'failed' | 'started' | 'prepared';

/** One deployment of a stack, as it is written beside its artefacts. */
export interface DeploymentRecord {
  readonly schema: number;
  /** Sorts by time: `20261123T140812345Z-3f2a1c07`; the part after the dash is enough to name it. */
  readonly id: string;
  /** The service's time of the operation, ISO 8601. */
  readonly time: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly action: RecordedAction;
  readonly outcome: RecordedOutcome;
  /** For `rolled-back`: the record that was gone back to. */
  readonly of?: string | undefined;
  /** For `prepared`: the name of the change set. */
  readonly changeSet?: string | undefined;
  /** The packaged template: where its copy is, and the hex SHA-256 of its text. */
  readonly template: { readonly key: string; readonly digest: string };
  readonly parameters: readonly RecordedParameter[];
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly roleArn?: string | undefined;
  readonly artifacts: readonly ArtifactReference[];
  /** ARN of the identity that deployed. */
  readonly by: string;
  readonly commit?: string | undefined;
  readonly toolVersion: string;
}
