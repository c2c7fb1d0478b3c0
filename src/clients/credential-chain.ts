// A module of its own: keys in the environment, as in most of CI, need none of it.
export { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers';
