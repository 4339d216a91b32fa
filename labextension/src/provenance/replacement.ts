/** What a person had replaced in the front end's search box -> the steps by which one text became another. Pure. */

import { IStep } from './ledger';

/** What stood in the box's two fields when the person pressed its button. */
export interface IReplacing {
  readonly query: string;
  readonly value: string;
}

/**
 * The steps, where nothing was changed but what the query finds, into the value; else `null`. Which of the box's
 * switches were on (letter case, whole words, regular expression) is nothing that a program could make use of: any
 * of them will do, and any of the finds may have been left.
 */
export function replacement(before: string, after: string, replacing: IReplacing): IStep[] | null {
  const literal = replacing.query.replace(/[-[\]/{}()*+?.\\^$|]/g, '\\$&');
  for (const source of new Set([literal, replacing.query])) {
    for (const pattern of [source, `\\b${source}\\b`]) {
      for (const flags of ['gm', 'gim']) {
        const found = aligned(before, after, compiled(pattern, flags), replacing.value);
        if (found) {
          return found;
        }
      }
    }
  }
  return null;
}

/** A regular expression that is none, or finds the empty text, the box does not take either. */
function compiled(pattern: string, flags: string): RegExp | null {
  try {
    const expression = new RegExp(pattern, flags);
    return ''.search(expression) < 0 ? expression : null;
  } catch {
    return null;
  }
}

function aligned(before: string, after: string, finds: RegExp | null, value: string): IStep[] | null {
  // By how far it goes in the text after: every way to get there.
  let ways = new Map<number, readonly IStep[]>([[0, []]]);
  let at = 0;
  for (const match of finds ? before.matchAll(finds) : []) {
    const [found] = match;
    const gap = before.slice(at, match.index);
    at = (match.index ?? 0) + found.length;
    const further = new Map<number, readonly IStep[]>();
    for (const [reached, steps] of ways) {
      const place = reached + gap.length;
      if (!after.startsWith(gap, reached)) {
        continue;
      }
      if (after.startsWith(found, place)) {
        further.set(place + found.length, [...steps, { retain: gap.length + found.length }]);
      }
      for (const text of finds ? [value, found.replace(finds, value)] : []) {
        const put = after.slice(place, place + text.length);
        // The box may keep the case of what it replaces.
        if (put.toLowerCase() === text.toLowerCase()) {
          further.set(place + put.length, [
            ...steps,
            { retain: gap.length },
            { delete: found.length },
            { insert: put }
          ]);
        }
      }
    }
    ways = further;
  }
  for (const [reached, steps] of ways) {
    if (after.slice(reached) === before.slice(at) && steps.some(step => step.delete)) {
      return [...steps, { retain: before.length - at }];
    }
  }
  return null;
}
