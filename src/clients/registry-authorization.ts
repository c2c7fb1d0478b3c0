/** What a push needs. Lives in memory only: it prints as nothing, whatever logs it. */
export interface RegistryAuthorization {
  /** Host and port that the password is for, and no other. */
  readonly registryHost: string;
  /** The same with its scheme: `https://…`, and for a registry on this machine `http://127.0.0.1:…`. */
  readonly registryOrigin: string;
  readonly username: string;
  readonly expiresAt: Date | undefined;
  /** A method, so that no serialisation of this object holds the secret. */
  password(): string;
}

/** The value of an Authorization header; to be made where the request is, and kept nowhere. */
export function basicAuthorization(authorization: RegistryAuthorization): string {
  return `Basic ${Buffer.from(`${authorization.username}:${authorization.password()}`).toString('base64')}`;
}
