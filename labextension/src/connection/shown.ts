/** A question as the panel draws it -> a hash that an answer carries: a yes is about what was read, or about nothing. */

import { IPending } from '../protocol';
import { sha256 } from '../provenance/sha256';

/** The guard computes the same of what it asked, as `shown_hash`. */
export function shownHash(item: IPending): string {
  const { id, cellId, origin, sentence, prompt, changes } = item;
  const about = [id, cellId, item.sha256, origin, sentence, prompt, changes?.before ?? '', changes?.after ?? ''];
  return sha256([...about, ...item.findings.map(({ rule, message }) => `${rule} ${message}`)].join('\n'));
}
