/** Where a repository is. */
export interface RepositoryPlace {
  readonly name: string;
  /** Set for a repository that was named in full: its account, its region and its host. */
  readonly registry?: { readonly account: string; readonly region: string; readonly host: string } | undefined;
}

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html, with the hosts of dual-stack endpoints. */
const FULL_NAME =
  /^((\d{12})\.dkr[.-]ecr(?:-fips)?[.-]([a-z0-9-]+)\.(?:amazonaws\.com|amazonaws\.com\.cn|on\.aws|on\.amazonwebservices\.com\.cn))\/(.+)$/;

/** `123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app`, or only `team/app` for the registry of the run's own account and region. */
export function placeOfRepository(text: string): RepositoryPlace {
  const [, host, account, region, name] = FULL_NAME.exec(text) ?? [];
  if (host === undefined || account === undefined || region === undefined || name === undefined) return { name: text };
  return { name, registry: { account, region, host } };
}
