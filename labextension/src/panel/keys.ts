/** Keys pressed in the panel -> the focus moved: arrows, Home and End through the list, `/` to the search. */

const STOPS = '.jg-Group-head:not(:disabled), .jg-Finding-message, .jg-Redaction';

/** Whether the key was one of these; an answer is never given by them. */
export function moveFocus(panel: HTMLElement, event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
  const search = panel.querySelector<HTMLInputElement>('.jg-Search');
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  if (event.key === '/' && !isTyping && search) {
    search.focus();
    search.select();
    return true;
  }
  const stops = [...panel.querySelectorAll<HTMLElement>(STOPS)];
  const next = stopAfter(event.key, stops.indexOf(target), stops.length, target === search);
  if (next === null) {
    return false;
  }
  stops[next]?.focus();
  return true;
}

/** Where the focus goes from place `at` of `total` (-1: elsewhere), or `null` when it stays. */
export function stopAfter(key: string, at: number, total: number, isSearch: boolean): number | null {
  if (total === 0 || (at < 0 && !isSearch)) {
    return null;
  }
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, total - 1);
    case 'ArrowUp':
      return isSearch ? null : Math.max(at - 1, 0);
    case 'Home':
      return isSearch ? null : 0;
    case 'End':
      return isSearch ? null : total - 1;
    default:
      return null;
  }
}
