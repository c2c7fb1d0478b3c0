/** The errors of the OCI distribution protocol. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'TAG_INVALID'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED';

export class RegistryError extends Error {
  readonly code: RegistryErrorCode;
  readonly status: number;
  constructor(code: RegistryErrorCode, status: number, message: string) {
    super(message);
    this.name = 'RegistryError';
    this.code = code;
    this.status = status;
  }
}
