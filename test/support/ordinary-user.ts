export const isRoot = process.getuid?.() === 0;
/** nobody, or whoever has this number. */
export const OTHER_USER = 65_534;

/** Does the work without the rights of root, who may read and remove anything. It needs a folder that this user gets to. */
export async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
  if (!isRoot || process.seteuid === undefined) return work();
  process.seteuid(OTHER_USER);
  try {
    await work();
  } finally {
    process.seteuid(0);
  }
}
