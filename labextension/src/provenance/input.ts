/** The page's own events -> when a person last did what, and where. */

import { Afterwards } from './afterwards';
import { EVENT_WINDOW_MS, IEditorInput } from './classify';
import { commandAt, editorOf, isChoice, isModifier, isRunKey, isUndo, LASTS, Power, powers } from './keys';
import { IStep } from './ledger';
import { hear, isNative } from './native';
import { IReplacing, replacement } from './replacement';
import { isBrought, TypedCharacters } from './typing';

type Kind = 'key' | 'paste' | 'drop' | 'pointer';

/** How far a pointer goes, in pixels, before it drags what was under it. */
const DRAG_PX = 5;
/** JupyterLab's own menu in a cell, for those who cut and paste with the mouse. */
const CUT_COMMAND = 'notebook:cut-selected-text';
const PASTE_COMMAND = 'notebook:paste-text';
const UNDO_COMMAND = /\b(undo|redo)\b/;
/** JupyterLab's search box: its button that replaces, and the field with what is put in, which takes Enter for it. */
const SEARCH = '.jp-DocumentSearch-overlay';
const REPLACE = '.jp-DocumentSearch-replace-wrapper-class';
const REPLACE_BUTTON = '.jp-DocumentSearch-replace-button-wrapper';
/** A paste and a drop say by events of their own what they put in. */
const BROUGHT = /^insertFrom(Paste|Drop)/;
const COMPOSING = 'insertCompositionText';
const BEGINS_LINE = /^insert(Paragraph|LineBreak)/;

interface IPlace {
  readonly in: Element | null;
  readonly time: number;
}

/** A key or a click, and what it can still do; in any editor where none is named. */
interface IAct extends IPlace {
  readonly can: ReadonlySet<Power>;
}

interface IBrought {
  readonly by: 'paste' | 'drop';
  readonly text: string;
  /** Whether files were dropped, which the editor reads for their text. */
  readonly isFile: boolean;
}

/** A key or a click that takes a step back: what it has counted for, and whether it is still being handled itself. */
interface IUndoing {
  readonly time: number;
  by: object | null;
  isHandled: boolean;
}

/** Listens for the whole page, before anything can stop the events. */
export class TrustedInput {
  constructor(private readonly _afterwards: Afterwards) {
    // Cutting and pasting may come from a menu, without a key.
    hear(['keydown', 'beforeinput', 'compositionend', 'input', 'cut'], event => this._note(event, 'key'));
    hear(['paste'], event => this._note(event, 'paste'));
    hear(['drop'], event => this._note(event, 'drop'));
    hear(['pointerdown', 'pointerup', 'click'], event => this._note(event, 'pointer'));
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
      take: pieces => {
        const typed = content && this._typed.get(content);
        return typed ? typed.take(pieces, now) : !pieces.join('').trim();
      },
      takeRead: pieces => {
        const isTaken = this._read !== null && isBrought(pieces, this._read);
        this._read = isTaken ? null : this._read;
        return isTaken;
      },
      takeKey: power => {
        const act = this._act;
        const isHere = act !== null && (act.in === null || act.in === content);
        const isTaken = isHere && act.can.has(power) && now - act.time < LASTS[power];
        this._act = isTaken ? null : act;
        return isTaken;
      }
    };
  }

  /** JupyterLab reads the clipboard for its own menu's *Paste Text*, which a person has just chosen. */
  noteRead(text: string): void {
    if (performance.now() - this._pasting < LASTS.cut) {
      this._pasting = -Infinity;
      this._read = text;
      // It is put in at once.
      window.setTimeout(() => (this._read = null));
    }
  }

  /** Whether a person did anything at all within `ms`. */
  within(ms: number): boolean {
    const { key, paste, drop, pointer } = this._times;
    return performance.now() - Math.max(key, paste, drop, pointer) < ms;
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

  /** When that key or click was. */
  get ran(): number {
    return this._ran;
  }

  /** When a person last told the front end to take a step back. */
  get undone(): number {
    return this._undoing?.time ?? -Infinity;
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
    return this._undoing !== null && (this._undoing.isHandled || performance.now() - this._undoing.time < ms);
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
    if (!isNative(event)) {
      return;
    }
    // An edit counts by what came before it; this one tells of it.
    event.type === 'input' || this._afterwards.settle();
    const now = performance.now();
    const place = { in: editorOf(event.target), time: now };
    this._replacing = replacingBy(event, now) ?? this._replacing;
    this._times[kind] = now;
    this._target = event.target;
    this._editors[kind] = place.in;
    if (event instanceof KeyboardEvent ? isRunKey(event) : kind === 'pointer' && !place.in) {
      this._ran = now;
      this._isHandled = true;
      window.setTimeout(() => (this._isHandled = false));
    }
    if (event instanceof KeyboardEvent) {
      if (event.type === 'keydown' && !isModifier(event)) {
        this._act = place.in && { ...place, can: powers(event, hasModes(place.in)) };
        this._undoing = isUndo(event) ? undoingFrom(now) : this._undoing;
      }
    } else if (event instanceof InputEvent && event.type === 'beforeinput') {
      this._noteText(event, now);
      this._act = inputAct(event, place) ?? this._act;
      if (event.inputType.startsWith('history')) {
        this._undoing = undoingFrom(now);
      }
    } else if (event.type === 'cut') {
      this._act = { ...place, can: new Set(['deletion']) };
    } else if (event instanceof ClipboardEvent || event instanceof DragEvent) {
      this._brought = broughtBy(event);
    } else if (event instanceof PointerEvent) {
      this._notePointer(event, now);
    }
    this._noteCommand(commandAt(event), now);
  }

  /** A person gives a command in a menu or the palette, or with a button. */
  private _noteCommand(command: string, now: number): void {
    if (command === CUT_COMMAND) {
      this._act = { in: null, time: now, can: new Set(['cut']) };
    } else if (command === PASTE_COMMAND) {
      this._pasting = now;
    } else if (UNDO_COMMAND.test(command)) {
      this._undoing = undoingFrom(now);
    }
  }

  private _noteText(event: InputEvent, now: number): void {
    const content = editorOf(event.target);
    const text = event.data ?? event.dataTransfer?.getData('text/plain');
    if (content && text && !BROUGHT.test(event.inputType)) {
      const typed = this._typed.get(content) ?? new TypedCharacters(EVENT_WINDOW_MS);
      this._typed.set(content, typed);
      typed.note(text, now, event.inputType === COMPOSING);
    }
  }

  private _notePointer({ type, target, clientX, clientY }: PointerEvent, now: number): void {
    if (type === 'pointerdown') {
      this._pressed = { on: target instanceof Element ? target : null, x: clientX, y: clientY };
      // JupyterLab takes the completion at once.
      this._act = isChoice(target) ? { in: null, time: now, can: new Set(['choice']) } : this._act;
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
  /** The person's last key, until it has counted for a change. */
  private _act: IAct | null = null;
  private _pasting = -Infinity;
  private _read: string | null = null;
  private _undoing: IUndoing | null = null;
  private _pressed: { readonly on: Element | null; readonly x: number; readonly y: number } | null = null;
  private _dragged: { readonly from: Element | null; readonly time: number } = { from: null, time: -Infinity };
  private _replacing: IReplacing & { readonly time: number } = { query: '', value: '', time: -Infinity };
  private _target: EventTarget | null = null;
  private _ran = -Infinity;
  /** Whether a key or a click that can run cells is still being handled, however long that takes on a busy machine. */
  private _isHandled = false;
}

function undoingFrom(time: number): IUndoing {
  const undoing: IUndoing = { time, by: null, isHandled: true };
  window.setTimeout(() => (undoing.isHandled = false));
  return undoing;
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

/** What the browser is about to do in an editor, where that is more, or less, than the key before it said. */
function inputAct(event: InputEvent, place: IPlace): IAct | null {
  const { inputType, data } = event;
  const isTyped = inputType.startsWith('insert') && !!data;
  const power: Power | null = inputType.startsWith('delete')
    ? 'deletion'
    : BEGINS_LINE.test(inputType)
      ? 'blank'
      : isTyped && !data.trim()
        ? 'space'
        : null;
  // A key that is typed has done what it can.
  return power || isTyped ? { ...place, can: new Set(power ? [power] : []) } : null;
}

function hasModes(editor: Element | null): boolean {
  return editor?.parentElement?.classList.contains('cm-vimMode') === true;
}
