/** The page's own events -> when a person last did what, and where. */

import { EVENT_WINDOW_MS, IEditorInput } from './classify';
import { IStep } from './ledger';
import { IReplacing, replacement } from './replacement';
import { isBrought, TypedCharacters } from './typing';

type Kind = 'key' | 'paste' | 'drop' | 'pointer';

/** How far a pointer goes, in pixels, before it drags what was under it. */
const DRAG_PX = 5;
/** JupyterLab carries a key's command out just after the editors have let the key pass. */
const CHORD_MS = 100;
/** Where a click or Enter can give the command to take a step back. */
const COMMANDING = '.lm-Menu, .lm-MenuBar, .lm-CommandPalette, .jp-Toolbar, .jp-ToolbarButton';
/** JupyterLab's search box: its button that replaces, and the field with what is put in, which takes Enter for it. */
const SEARCH = '.jp-DocumentSearch-overlay';
const REPLACE = '.jp-DocumentSearch-replace-wrapper-class';
const REPLACE_BUTTON = '.jp-DocumentSearch-replace-button-wrapper';
/** A paste and a drop say by events of their own what they put in. */
const BROUGHT = /^insertFrom(Paste|Drop)/;
const BEGINS_LINE = /^insert(Paragraph|LineBreak)/;

interface IPlace {
  readonly in: Element | null;
  readonly time: number;
}

interface IBrought {
  readonly by: 'paste' | 'drop';
  readonly text: string;
  /** Whether files were dropped, which the editor reads for their text. */
  readonly isFile: boolean;
}

/** Listens for the whole page, before anything can stop the events. */
export class TrustedInput {
  constructor() {
    const options = { capture: true, passive: true };
    for (const type of ['keydown', 'beforeinput', 'compositionend', 'input']) {
      window.addEventListener(type, event => this._note(event, 'key'), options);
    }
    // Cutting and pasting may come from a menu, without a key.
    for (const type of ['paste', 'cut']) {
      window.addEventListener(type, event => this._note(event, type === 'paste' ? 'paste' : 'key'), options);
    }
    window.addEventListener('drop', event => this._note(event, 'drop'), options);
    for (const type of ['pointerdown', 'pointerup', 'click']) {
      window.addEventListener(type, event => this._note(event, 'pointer'), options);
    }
  }

  /** What a person did last in one editor, given by what it shows or anything in it. */
  inEditor(content: Element | null): IEditorInput {
    const now = performance.now();
    const timeOf = (kind: Kind): number =>
      content !== null && this._editors[kind] === content ? this._times[kind] : -Infinity;
    return {
      key: timeOf('key'),
      takeBrought: (by, pieces) => {
        const brought = this._brought;
        const isTaken =
          now - timeOf(by) < EVENT_WINDOW_MS && brought?.by === by && (brought.isFile || isBrought(pieces, brought.text));
        this._brought = isTaken ? null : brought;
        return isTaken;
      },
      takeChord: () => {
        const chord = this._chord;
        const isTaken = chord !== null && content !== null && chord.in === content && now - chord.time < CHORD_MS;
        this._chord = isTaken ? null : chord;
        return isTaken;
      },
      take: pieces => {
        const typed = content && this._typed.get(content);
        return typed ? typed.take(pieces, now) : !pieces.join('').trim();
      },
      takeDeletion: () => this._takeUnseen('deletion', content, now),
      takeBlank: () => this._takeUnseen('blank', content, now)
    };
  }

  private _takeUnseen(kind: 'deletion' | 'blank', content: Element | null, now: number): boolean {
    const key = this._unseen[kind];
    const isTaken = key !== null && content !== null && key.in === content;
    this._unseen[kind] = isTaken ? null : key;
    return isTaken && now - key.time < EVENT_WINDOW_MS;
  }

  /** Whether a person did anything at all within `ms`. */
  within(ms: number): boolean {
    const { key, paste, drop, pointer } = this._times;
    return performance.now() - Math.max(key, paste, drop, pointer) < ms;
  }

  /** Whether a person's last key or click within `ms` was inside an element that `selector` matches. */
  wasIn(selector: string, ms: number): boolean {
    return this.within(ms) && this.isIn(selector);
  }

  /** Whether a person's last key or click, however long ago, was in an element that `selector` matches. */
  isIn(selector: string): boolean {
    return this._target instanceof Element && this._target.closest(selector) !== null;
  }

  /**
   * Whether a person's last key or click within `ms` can be one that runs cells: typing on in an editor is not, so
   * that a program does not pass for a person by running cells while the person types.
   */
  mayRun(ms: number): boolean {
    return this._isHandled || performance.now() - this._ran < ms;
  }

  /**
   * Whether a person has just told the front end to take a step back, or to do it again: by its keys, or in a menu, a
   * toolbar or the palette. It counts for one change, `by`, which may be in several cells.
   */
  mayUndo(by: object, ms: number): boolean {
    const undoing = this._undoing;
    if (!undoing || !this.undid(ms) || (undoing.by !== null && undoing.by !== by)) {
      return false;
    }
    undoing.by = by;
    return true;
  }

  /** Whether that was within `ms`, whatever it has counted for. */
  undid(ms: number): boolean {
    return this._undoing !== null && (this._isHandled || performance.now() - this._undoing.time < ms);
  }

  /** Whether a person, within `ms`, let go of what they had dragged by an element that `selector` matches. */
  dragged(selector: string, ms: number): boolean {
    return performance.now() - this._dragged.time < ms && this._dragged.from?.closest(selector) != null;
  }

  /** The steps by which the search box made one text out of another, where a person has just had it do so. */
  replaced(before: string, after: string): IStep[] | null {
    const isFresh = performance.now() - this._replacing.time < EVENT_WINDOW_MS;
    return isFresh ? replacement(before, after, this._replacing) : null;
  }

  private _note(event: Event, kind: Kind): void {
    if (!event.isTrusted) {
      return;
    }
    const now = performance.now();
    this._replacing = replacingBy(event, now) ?? this._replacing;
    this._times[kind] = now;
    this._target = event.target;
    this._editors[kind] = editorOf(event.target);
    if (event instanceof KeyboardEvent ? isRunKey(event) : kind === 'pointer' && !editorOf(event.target)) {
      this._ran = now;
      this._isHandled = true;
      window.setTimeout(() => (this._isHandled = false));
    }
    if (event instanceof KeyboardEvent) {
      const place = { in: editorOf(event.target), time: now };
      this._chord = isChord(event) ? place : null;
      if (event.type === 'keydown') {
        this._unseen.deletion = isDeletion(event, place.in) ? place : null;
        this._unseen.blank = isBlank(event, place.in) ? place : null;
        this._undoing = isUndo(event) ? { time: now, by: null } : this._undoing;
      }
    } else if (event instanceof InputEvent && event.type === 'beforeinput') {
      this._noteText(event, now);
      if (event.inputType.startsWith('delete')) {
        this._unseen.deletion = { in: editorOf(event.target), time: now };
      } else if (BEGINS_LINE.test(event.inputType) || (event.data && !event.data.trim())) {
        this._unseen.blank = { in: editorOf(event.target), time: now };
      } else if (event.inputType.startsWith('history')) {
        this._undoing = { time: now, by: null };
      }
    } else if (event.type === 'cut') {
      this._unseen.deletion = { in: editorOf(event.target), time: now };
    } else if (event instanceof ClipboardEvent || event instanceof DragEvent) {
      this._brought = broughtBy(event);
    } else if (event instanceof PointerEvent) {
      this._notePointer(event, now);
    }
  }

  private _noteText(event: InputEvent, now: number): void {
    const content = editorOf(event.target);
    const text = event.data ?? event.dataTransfer?.getData('text/plain');
    if (content && text && !BROUGHT.test(event.inputType)) {
      const typed = this._typed.get(content) ?? new TypedCharacters(EVENT_WINDOW_MS);
      this._typed.set(content, typed);
      typed.note(text, now);
    }
  }

  private _notePointer({ type, target, clientX, clientY }: PointerEvent, now: number): void {
    if (type === 'pointerdown') {
      this._pressed = { on: target instanceof Element ? target : null, x: clientX, y: clientY };
    } else if (type === 'pointerup' && target instanceof Element && target.closest(COMMANDING)) {
      this._undoing = { time: now, by: null };
    } else if (type === 'pointerup' && this._pressed) {
      const { on, x, y } = this._pressed;
      if (Math.hypot(clientX - x, clientY - y) > DRAG_PX) {
        this._dragged = { from: on, time: now };
      }
      this._pressed = null;
    }
  }

  private _times: Record<Kind, number> = { key: -Infinity, paste: -Infinity, drop: -Infinity, pointer: -Infinity };
  /** The editor that each kind of event was last in; what it shows is drawn anew while it handles the event. */
  private _editors: Record<Kind, Element | null> = { key: null, paste: null, drop: null, pointer: null };
  private _typed = new WeakMap<Element, TypedCharacters>();
  private _brought: IBrought | null = null;
  private _chord: IPlace | null = null;
  /** The person's last key, where it took text away or put in blanks. */
  private _unseen: Record<'deletion' | 'blank', IPlace | null> = { deletion: null, blank: null };
  private _undoing: { readonly time: number; by: object | null } | null = null;
  private _pressed: { readonly on: Element | null; readonly x: number; readonly y: number } | null = null;
  private _dragged: { readonly from: Element | null; readonly time: number } = { from: null, time: -Infinity };
  private _replacing: IReplacing & { readonly time: number } = { query: '', value: '', time: -Infinity };
  private _target: EventTarget | null = null;
  private _ran = -Infinity;
  /** Whether a key or a click that can run cells is still being handled, however long that takes on a busy machine. */
  private _isHandled = false;
}

/** What the search box has in its fields, where this event tells it to replace. */
function replacingBy(event: Event, time: number): (IReplacing & { readonly time: number }) | null {
  const { target } = event;
  const isEnter = event instanceof KeyboardEvent && event.type === 'keydown' && event.key === 'Enter' && !event.ctrlKey;
  const isTold =
    target instanceof Element &&
    (isEnter
      ? target.matches(`${REPLACE} textarea, ${REPLACE} input`)
      : event.type === 'click' && target.closest(REPLACE_BUTTON) !== null);
  const fields = isTold ? target.closest(SEARCH)?.querySelectorAll<HTMLTextAreaElement>('textarea, input[type="text"]') : null;
  const [query, value] = [...(fields ?? [])].map(field => field.value);
  return query && value !== undefined ? { query, value, time } : null;
}

/** What a paste or a drop brings, as editors read it. */
function broughtBy(event: ClipboardEvent | DragEvent): IBrought {
  const isDrop = event instanceof DragEvent;
  const data = isDrop ? event.dataTransfer : event.clipboardData;
  const text = data?.getData('text/plain') || data?.getData('text/uri-list') || '';
  return { by: isDrop ? 'drop' : 'paste', text, isFile: isDrop && (data?.files.length ?? 0) > 0 };
}

/** A key with a modifier, Enter outside of editors, any key outside of text: people bind running to keys of their own. */
function isRunKey(event: KeyboardEvent): boolean {
  const { target } = event;
  const isText = target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea'));
  const isEnter = event.key === 'Enter' && (event.shiftKey || !editorOf(target));
  return event.type === 'keydown' && (isEnter || event.ctrlKey || event.metaKey || event.altKey || !isText);
}

/** A key with a modifier, and not the modifier alone; with Enter they run cells. */
function isChord({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return (ctrlKey || metaKey || altKey) && !/^(Control|Meta|Alt|AltGraph|Shift|Enter)$/.test(key);
}

/** Keys that take text away: their own, those with a modifier (Ctrl+K, Alt+D), and any in an editor with modes (vim). */
function isDeletion(event: KeyboardEvent, editor: Element | null): boolean {
  return /^(Backspace|Delete|Tab)$/.test(event.key) || isChord(event) || hasModes(editor);
}

/** Keys that put in blanks, likewise. */
function isBlank(event: KeyboardEvent, editor: Element | null): boolean {
  const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
  const isLine = key === 'Enter' && !shiftKey && !ctrlKey && !metaKey && !altKey;
  return isLine || /^(Tab|\s)$/.test(key) || isChord(event) || hasModes(editor);
}

function hasModes(editor: Element | null): boolean {
  return editor?.parentElement?.classList.contains('cm-vimMode') === true;
}

/** Ctrl+Z, Ctrl+Y and the like; in the notebook's command mode Z alone; Enter on a command that was looked up. */
function isUndo({ key, ctrlKey, metaKey, target }: KeyboardEvent): boolean {
  const isText = target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea'));
  const isCommand = key === 'Enter' && target instanceof Element && target.closest(COMMANDING) !== null;
  return isCommand || (/^[zy]$/i.test(key) && (ctrlKey || metaKey || !isText));
}

/** What an editor shows, if `target` is in one. */
function editorOf(target: EventTarget | null): Element | null {
  const element = target instanceof Element ? target : target instanceof Node ? target.parentElement : null;
  return element?.closest('.cm-content') ?? null;
}
