/** What starter and daemon tell each other. */

/** The exit code that says: the port asked for is taken. */
export const EXIT_PORT_TAKEN = 3;

/** The settings as JSON, in this environment variable of the daemon. */
export const SETTINGS_VARIABLE = 'LAMBDA_TOOL_LOCAL_DAEMON';

export interface DaemonSettings {
  readonly version: string;
  /** Only this port will do. */
  readonly port?: number | undefined;
}
