/** What a person or a program copies or drags in this page -> `Copies`. */

import { Copies, IHashStore } from './copies';
import { TrustedInput } from './input';
import { hear, isNative } from './native';

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

/** Whose copying it is at this moment -> what is done with the text. */
type Noting = () => (text: string) => void;

/** Listens for the whole page. Copying and dragging out of a cell's own editor is the editor's affair. */
export function watchClipboard(copies: Copies, input: TrustedInput, noteTaken: (text: string) => void): void {
  const onTake = (event: Event): void => {
    if (isFromChat(event)) {
      copies.noteChat(document.getSelection()?.toString() ?? '');
    }
  };
  window.addEventListener('copy', onTake, { capture: true, passive: true });
  window.addEventListener('dragstart', onTake, { capture: true, passive: true });
  // What a chat makes of the text that is dragged stands there once it has handled the event.
  const onDrag = (event: DragEvent): void => {
    if (isFromChat(event)) {
      copies.noteChat(event.dataTransfer?.getData('text/plain') ?? '');
    }
  };
  window.addEventListener('dragstart', onDrag, { passive: true });

  // The copy buttons of chats fill the clipboard themselves, in one of three ways.
  const isChats = (): boolean => !input.within(1000) || input.isIn(CHATS);
  const noting: Noting = () => (isChats() ? text => copies.noteChat(text) : noteTaken);
  watchCommand(text => noting()(text));
  watchWrites(noting);
  watchReads(text => input.noteRead(text));
}

/** Scripts that copy what they selected, often in a field out of sight that they made for it. */
function watchCommand(note: (text: string) => void): void {
  const onCopy = (event: Event): void => {
    if (isScripts(event) && !isOwnEditor(event.target)) {
      note(selected(event.target));
    }
  };
  // What the script itself puts into the event stands there once it has handled it, wherever the selection is.
  const onCopied = (event: ClipboardEvent): void => {
    if (isScripts(event)) {
      note(event.clipboardData?.getData('text/plain') ?? '');
    }
  };
  hear(['copy', 'cut'], onCopy);
  for (const type of ['copy', 'cut'] as const) {
    window.addEventListener(type, onCopied, { passive: true });
  }
}

/** By `document.execCommand`: the browser's own event, that nobody's hand is behind. */
function isScripts(event: Event): boolean {
  return event.isTrusted && !isNative(event);
}

/** `navigator.clipboard`, which is not there where the page is no secure context. */
function watchWrites(noting: Noting): void {
  const clipboard = navigator.clipboard as Partial<Clipboard> | undefined;
  if (clipboard?.writeText) {
    const write = clipboard.writeText.bind(clipboard);
    clipboard.writeText = (text: string): Promise<void> => {
      noting()(String(text));
      return write(text);
    };
  }
  if (clipboard?.write) {
    const write = clipboard.write.bind(clipboard);
    clipboard.write = async (items: ClipboardItems): Promise<void> => {
      const note = noting();
      await write(items);
      // Before the script hears that it is done, so that nobody pastes it unknown.
      (await Promise.all([...items].map(plainText))).forEach(note);
    };
  }
}

/** What a script reads, before it hears of it. */
function watchReads(note: (text: string) => void): void {
  const clipboard = navigator.clipboard as Partial<Clipboard> | undefined;
  if (clipboard?.readText) {
    const read = clipboard.readText.bind(clipboard);
    clipboard.readText = async (): Promise<string> => {
      const text = await read();
      note(text);
      return text;
    };
  }
}

async function plainText(item: ClipboardItem): Promise<string> {
  const type = 'text/plain';
  try {
    return item.types.includes(type) ? await (await item.getType(type)).text() : '';
  } catch {
    // What cannot be read did not get onto the clipboard either.
    return '';
  }
}

function selected(target: EventTarget | null): string {
  const field = target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement ? target : null;
  return field
    ? field.value.slice(field.selectionStart ?? 0, field.selectionEnd ?? field.value.length)
    : (document.getSelection()?.toString() ?? '');
}

function isOwnEditor(target: EventTarget | null): boolean {
  return !!elementOf(target)?.closest('.jp-Cell .cm-content');
}

function isFromChat({ target }: Event): boolean {
  const node = elementOf(target) ?? document.activeElement;
  const from = elementOf(document.getSelection()?.anchorNode ?? null) ?? node;
  return !isOwnEditor(node) && (from?.closest(CHATS) ?? node?.closest(CHATS) ?? null) !== null;
}

function elementOf(target: EventTarget | null): Element | null {
  return target instanceof Element ? target : target instanceof Node ? target.parentElement : null;
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
