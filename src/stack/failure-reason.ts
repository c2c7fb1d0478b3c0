/**
 * Frames that CloudFormation and its resource handlers put around what a service says. The error code of a handler is one of
 * https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
 */
const HANDLER = /Resource handler returned message: ['"](.*)['"] \(RequestToken: [^()]*\)/s;
const CUSTOM_RESOURCE = /^Received response status \[FAILED\] from custom resource\. Message returned: (.*)$/s;
/** `(Service: Lambda, Status Code: 400, Request ID: …)`, older `(Service: AmazonIAM; Status Code: 409; Error Code: …)`. */
const SERVICE = /\s*\(Service: [^()]*\)/g;
const ATTEMPTS = /\s*\(SDK Attempt Count: \d+\)/g;
const REQUEST = /\s*\(Request ?Id: [^()]*\)\s*$/i;

/** AWS's words without the frames that services put around them. */
export function cleanReason(reason: string | undefined): string {
  if (reason === undefined || reason.trim() === '') return 'AWS gave no reason';
  const inner = HANDLER.exec(reason)?.[1] ?? CUSTOM_RESOURCE.exec(reason)?.[1]?.replace(REQUEST, '') ?? reason;
  const bare = inner.replaceAll(SERVICE, '').replaceAll(ATTEMPTS, '').trim();
  return bare === '' || bare === 'null' ? reason.trim() : bare;
}
