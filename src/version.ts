declare const LAMBDA_TOOL_VERSION: string | undefined;

/** Version of this package; the build puts it in. */
export const VERSION: string = typeof LAMBDA_TOOL_VERSION === 'string' ? LAMBDA_TOOL_VERSION : '0.0.0-source';
