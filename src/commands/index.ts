import { bucketCreate } from './bucket-create.ts';
import { bucketDelete } from './bucket-delete.ts';
import type { Command } from './define.ts';
import { deleteServerless } from './delete-serverless.ts';
import { deployServerless } from './deploy-serverless.ts';
import { describeServerless } from './describe-serverless.ts';
import { diagnose } from './diagnose.ts';
import { diff } from './diff.ts';
import { listServerless } from './list-serverless.ts';
import { gc } from './gc.ts';
import { localEnv } from './local-env.ts';
import { localLogs } from './local-logs.ts';
import { localReset } from './local-reset.ts';
import { localStart } from './local-start.ts';
import { localStatus } from './local-status.ts';
import { localStop } from './local-stop.ts';
import { newProject } from './new.ts';
import { packageCi } from './package-ci.ts';
import { packageProject } from './package.ts';
import { pushImage } from './push-image.ts';
import { rollbackServerless } from './rollback-serverless.ts';
import { validate } from './validate.ts';
import { watch } from './watch.ts';

/** All commands, in the order of `--help`. */
export const COMMANDS: readonly Command[] = [
  deployServerless,
  rollbackServerless,
  deleteServerless,
  describeServerless,
  listServerless,
  diagnose,
  watch,
  packageCi,
  packageProject,
  pushImage,
  diff,
  validate,
  bucketCreate,
  bucketDelete,
  gc,
  newProject,
  localStart,
  localStop,
  localStatus,
  localEnv,
  localLogs,
  localReset,
];
