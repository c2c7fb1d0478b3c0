/** The tag by which `list-serverless` of the reference tool knows its stacks; any tool's list goes on working. */
export const STACK_MARKER_TAG = 'AWSServerlessAppNETCore';
