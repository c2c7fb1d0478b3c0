const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

// oxlint-disable-next-line no-control-regex -- what must not be in a document
const NOT_ALLOWED = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g;

/** Text as text, in an element or in a quoted attribute. Characters that HTML does not allow become visible marks. */
export function escapeHtml(text: string): string {
  return text.replaceAll(NOT_ALLOWED, '\uFFFD').replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
