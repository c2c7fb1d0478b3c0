/** Why the local target could not be started or stopped. */
export type LocalTargetErrorCode =
  | 'PORT_TAKEN'
  | 'RUNNING_ON_OTHER_PORT'
  | 'START_FAILED'
  | 'STOP_FAILED'
  | 'FOLDER_NOT_WRITABLE'
  | 'NOT_RUNNING';

export class LocalTargetError extends Error {
  readonly code: LocalTargetErrorCode;
  constructor(code: LocalTargetErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LocalTargetError';
    this.code = code;
  }
}
