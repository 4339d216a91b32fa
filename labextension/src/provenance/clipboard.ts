/** What a person or a program copies in this page -> `Copies`. */

import { Copies, IHashStore } from './copies';
import { TrustedInput } from './input';

/** Chats and answers of assistants, whoever makes them: by what their elements are called. */
export const CHATS = [
  ...['chat', 'copilot', 'assistant', 'jp-ai', 'jupyter-ai', 'nbi-', 'notebook-intelligence'].flatMap(word => [
    `[class*="${word}" i]`,
    `[id*="${word}" i]`
  ]),
  // `%%ai` and its like answer below the cell, in Markdown.
  '.jp-OutputArea .jp-RenderedMarkdown'
].join(', ');

const STORE_KEY = 'jupyter-guard:copied';

/** Listens for the whole page. Copying out of a cell's own editor is the editor's affair. */
export function watchClipboard(copies: Copies, input: TrustedInput): void {
  const onCopy = (event: ClipboardEvent): void => {
    const { target } = event;
    const node = target instanceof Element ? target : document.activeElement;
    const isOwnEditor = node?.closest('.jp-Cell .cm-content') ?? null;
    const anchor = document.getSelection()?.anchorNode;
    const from = anchor instanceof Element ? anchor : (anchor?.parentElement ?? node);
    if (!isOwnEditor && (from?.closest(CHATS) ?? node?.closest(CHATS))) {
      copies.noteChat(document.getSelection()?.toString() ?? '');
    }
  };
  window.addEventListener('copy', onCopy, { capture: true, passive: true });

  // The copy buttons of chats write to the clipboard themselves. Not there where the page is no secure context.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard && typeof clipboard.writeText === 'function') {
    const write = clipboard.writeText.bind(clipboard);
    clipboard.writeText = (text: string): Promise<void> => {
      if (!input.within(1000) || input.isIn(CHATS)) {
        copies.noteChat(String(text));
      }
      return write(text);
    };
  }
}

/** Hashes in the browser's storage, shared by the tabs of this server; without storage, in this page only. */
export class LocalHashes implements IHashStore {
  read(): string {
    try {
      return window.localStorage.getItem(STORE_KEY) ?? this._own;
    } catch {
      return this._own;
    }
  }

  write(hashes: string): void {
    this._own = hashes;
    try {
      window.localStorage.setItem(STORE_KEY, hashes);
    } catch {
      // Storage is full or forbidden.
    }
  }

  private _own = '';
}
