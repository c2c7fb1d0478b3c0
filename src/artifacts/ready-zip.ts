import { open as openZip, type Entry, type ZipFile } from 'yauzl';
import { UserError, messageOf } from '../errors.ts';

/**
 * Names and unpacked sizes of the entries of a zip that somebody else made. Throws UserError PACKAGE_INVALID when it
 * is none, when it is empty, or when an entry would be unpacked outside of its folder.
 */
export async function listReadyZip(path: string): Promise<{ path: string; size: number }[]> {
  let entries: Entry[];
  try {
    entries = await readEntries(await openFile(path));
  } catch (error) {
    throw new UserError('PACKAGE_INVALID', `${path} cannot be used as a zip: ${messageOf(error)}`, {
      hint: 'Make it again, with "zip -r" or the like, or name the directory instead and let lambda-tool zip it.',
      cause: error,
    });
  }
  const files = entries.filter((entry) => !entry.fileName.endsWith('/'));
  if (files.length === 0) throw new UserError('PACKAGE_INVALID', `${path} is a zip without files.`, { hint: 'Check how it was made.' });
  return files.map((entry) => ({ path: entry.fileName, size: entry.uncompressedSize }));
}

function openFile(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    openZip(path, { lazyEntries: true, autoClose: true }, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(error);
    });
  });
}

function readEntries(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('error', (error) => {
      zip.close();
      reject(error);
    });
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}
