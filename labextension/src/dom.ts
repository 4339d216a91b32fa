/** Untrusted text -> DOM nodes, by text nodes and attributes only: nothing here parses HTML. */

type Child = Node | string | null;

/** An element with a class, attributes and children; `null` children are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  children: readonly Child[] = [],
  attributes: Readonly<Record<string, string>> = {}
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (className) {
    node.className = className;
  }
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children.filter((child): child is Node | string => child !== null));
  return node;
}

/** Prose in which `back-ticked` names become code elements. */
export function prose(text: string): (Node | string)[] {
  return proseParts(text).map(part => (part.code ? element('code', '', [part.text]) : part.text));
}

export interface IProsePart {
  readonly text: string;
  readonly code: boolean;
}

/** Prose split at its back-ticked names; an unpaired back-tick stays text. */
export function proseParts(text: string): IProsePart[] {
  const parts: IProsePart[] = [];
  let end = 0;
  for (const match of text.matchAll(/`([^`\n]+)`/g)) {
    if (match.index > end) {
      parts.push({ text: text.slice(end, match.index), code: false });
    }
    parts.push({ text: match[1] ?? '', code: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) {
    parts.push({ text: text.slice(end), code: false });
  }
  return parts;
}
