/** A notebook's kernel -> the guard's state, kept current over one comm. */

import { ISessionContext } from '@jupyterlab/apputils';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Choice, parseMessage } from '../protocol';
import { EMPTY_STATE, IGuardState, Link, linked, received } from '../store';
import { Channel, hasOpenComm } from './channel';
import { isGuarded } from './guarded';
import { answered, READING_MS } from './offers';
import { PageKey } from './seal';
import { shownHash } from './shown';
import { OpenInputs } from './stdin';
import { IClaim, IGuardConnection } from './token';
import { TypedAnswers } from './typed';
import { IFixRequest, Rewrite } from '../fix/answer';
import { Trail } from '../trail/records';
import { IChangedFiles } from '../undo/steps';
import { IDraftRequest, IVetted, parseAnswer } from '../vetting/answer';
import { Questions } from './questions';

/** A guard that has not answered by then is called silent; a late answer still counts. */
const PATIENCE_MS = 15_000;

const LOAD_EXTENSION = /^\s*%load_ext\s+jupyter_guard\b/m;

/**
 * Tell a notebook's guard who wrote the cell that is about to run; does nothing without a guard. Not a method: whoever
 * holds a connection could say that a person wrote something.
 */
export let claimOver: (connection: IGuardConnection, claim: IClaim) => void;

/** What could speak for the person stands in fields that no program in the page reads. */
export class GuardConnection implements IGuardConnection, IDisposable {
  static {
    claimOver = (connection, claim) => {
      if (connection instanceof GuardConnection) {
        connection.#claim(claim);
      }
    };
  }

  constructor(
    private readonly _session: ISessionContext,
    typed: TypedAnswers
  ) {
    this.#typed = typed;
    _session.kernelChanged.connect(this._onKernelChanged, this);
    _session.connectionStatusChanged.connect(this._onConnectionStatus, this);
    _session.statusChanged.connect(this._onStatus, this);
    _session.iopubMessage.connect(this._onIopub, this);
    void this._attach(_session.session?.kernel ?? null);
  }

  get state(): IGuardState {
    return this.#state;
  }

  get changed(): ISignal<IGuardConnection, void> {
    return this._changed;
  }

  get answered(): ISignal<IGuardConnection, { readonly cellId: string; readonly choice: string }> {
    return this._answered;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._closeComm();
    Signal.clearData(this);
  }

  answer(id: string, choice: Choice, event: Event): boolean {
    const item = answered(event, id, choice);
    return item !== null && this.#send({ type: 'answer', id, choice, shown: shownHash(item) });
  }

  vet(draft: IDraftRequest): Promise<IVetted | null> {
    return this.#questions.vet(draft);
  }

  policy(): Promise<string | null> {
    return this.#questions.policy();
  }

  trail(last: number): Promise<Trail | null> {
    return this.#questions.trail(last);
  }

  get files(): IChangedFiles {
    return { steps: () => this.#questions.steps(), bringBack: (wanted, event) => this.#questions.bringBack(wanted, event) };
  }

  rewrite(request: IFixRequest): Promise<Rewrite | null> {
    return this.#questions.rewrite(request);
  }

  hasRewritten(before: string, after: string): boolean {
    return this.#questions.hasRewritten(before, after);
  }

  humans(): Promise<ReadonlySet<string> | null> {
    return this.#questions.humans();
  }

  #claim(claim: IClaim): void {
    this.#send({
      type: 'claim',
      sha256: claim.sha256,
      cell_id: claim.cellId,
      author: claim.author,
      shares: { ...claim.shares },
      started_by: claim.startedBy
    });
  }

  private _onKernelChanged(_: ISessionContext, change: { newValue: Kernel.IKernelConnection | null }): void {
    void this._attach(change.newValue);
  }

  private _onConnectionStatus(_: ISessionContext, status: Kernel.ConnectionStatus): void {
    if (status === 'connected' && this.#state.link === 'lost') {
      void this._attach(this._session.session?.kernel ?? null);
    } else if (status !== 'connected' && this.#channel) {
      this._lose();
    }
  }

  private _onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this._lose();
    } else if ((status === 'idle' || status === 'busy') && this.#state.link === 'lost') {
      void this._attach(this._session.session?.kernel ?? null);
    }
  }

  /** A kernel that loads the guard itself, as an extension, is asked from then on. */
  private _onIopub(_: ISessionContext, message: KernelMessage.IMessage): void {
    if (this.#state.link !== 'unguarded' || !KernelMessage.isExecuteInputMsg(message)) {
      return;
    }
    const { code } = message.content;
    const kernel = this._session.session?.kernel;
    if (kernel && typeof code === 'string' && LOAD_EXTENSION.test(code)) {
      // Shell messages are handled in order: the comm opens after the cell has run.
      this._open(kernel);
    }
  }

  private async _attach(kernel: Kernel.IKernelConnection | null): Promise<void> {
    this._closeComm();
    if (!kernel) {
      this._link('none', '');
      return;
    }
    if (kernel !== this._kernel) {
      this._kernel = kernel;
      this._inputs.follow(kernel);
      this._isGuardedKernel = isGuarded(kernel.name, undefined);
      this._setState({ ...EMPTY_STATE, kernel: kernel.name });
    }
    if (this._isGuardedKernel) {
      // At once: claims about cells that run right after a restart must find the comm open.
      this._link('connecting', kernel.name);
      this._open(kernel);
      return;
    }
    try {
      const guarded = isGuarded(kernel.name, await kernel.spec);
      const extended = !guarded && (await hasOpenComm(kernel));
      if (this._isDisposed || kernel !== this._kernel || this.#channel) {
        return;
      }
      this._isGuardedKernel = guarded;
      this._link(guarded ? 'connecting' : 'unguarded', kernel.name);
      if (guarded || extended) {
        this._open(kernel);
      }
    } catch (error) {
      console.warn('jupyter-guard: could not ask the kernel for its guard', error);
      this._link('silent', kernel.name);
    }
  }

  private _open(kernel: Kernel.IKernelConnection): void {
    if (!kernel.handleComms) {
      this._link(this.#state.link === 'connecting' ? 'silent' : 'unguarded', kernel.name);
      return;
    }
    const withoutAnswer = this.#state.link === 'connecting' ? 'silent' : 'unguarded';
    const channel: Channel = new Channel(kernel, this.#key, {
      message: data => this.#channel === channel && this.#onMessage(data),
      closed: () => {
        if (this.#channel === channel) {
          this.#channel = null;
          this._link(withoutAnswer, kernel.name);
        }
      }
    });
    this.#channel = channel;
    window.setTimeout(() => {
      if (this.#channel === channel && this.#state.link === 'connecting') {
        this._link('silent', kernel.name);
      }
    }, PATIENCE_MS);
  }

  #onMessage(data: unknown): void {
    const answer = parseAnswer(data, (text, proof) => this.#channel?.isGuards(text, proof) ?? false);
    if (answer) {
      this.#questions.settle(answer);
      return;
    }
    const message = parseMessage(data);
    if (!message) {
      return;
    }
    if (message.type === 'answered') {
      const question = this.#state.pending.find(item => item.id === message.id);
      this._setState(received(this.#state, message));
      this._inputs.settle(question?.msgId ?? '');
      this._answered.emit({ cellId: question?.cellId ?? '', choice: message.choice });
    } else if (message.type === 'asked') {
      // Another page would answer: this one, which ran the cell, is there.
      this.#send({ type: 'here', id: message.id });
    } else {
      if (message.type === 'snapshot') {
        this.#channel?.agree(message.key);
      }
      this._setState(received(this.#state, message));
    }
  }

  /** What a person typed at the prompt counts; the reply on stdin, which any program can send, does not. */
  #onReply(msgId: string, value: string): void {
    const question = this.#state.pending.find(item => item.msgId === msgId);
    const shown = question && this.#shown.get(question.id);
    if (question && shown !== undefined && performance.now() - shown >= READING_MS && this.#typed.take(value)) {
      this.#send({ type: 'typed', id: question.id, value });
    }
  }

  #send(data: JSONObject): boolean {
    return this.#channel?.send(data) ?? false;
  }

  private _lose(): void {
    if (this.#channel || this.#state.link === 'connected') {
      this._closeComm();
      this._link('lost', this.#state.kernel);
    }
  }

  private _closeComm(): void {
    const channel = this.#channel;
    this.#channel = null;
    this.#questions.giveUp();
    channel?.close();
  }

  private _link(link: Link, kernel: string): void {
    this._setState(linked(this.#state, link, kernel));
  }

  private _setState(state: IGuardState): void {
    this.#state = state;
    const now = performance.now();
    this.#shown = new Map(state.pending.map(item => [item.id, this.#shown.get(item.id) ?? now]));
    this._changed.emit();
  }

  #state: IGuardState = EMPTY_STATE;
  #channel: Channel | null = null;
  /** By which the guard knows this page, also over its next comm. */
  readonly #key = new PageKey();
  readonly #typed: TypedAnswers;
  #shown = new Map<string, number>();
  /** A guard within the kernel cannot answer before the cell that runs is done: nobody to ask. */
  readonly #questions = new Questions(
    data => this.#state.link === 'connected' && this.#send(data),
    () => this.#state.guard?.enforced === true
  );
  private _kernel: Kernel.IKernelConnection | null = null;
  private _isGuardedKernel = false;
  private _inputs = new OpenInputs((msgId, value) => this.#onReply(msgId, value));
  private _isDisposed = false;
  private _changed = new Signal<IGuardConnection, void>(this);
  private _answered = new Signal<IGuardConnection, { readonly cellId: string; readonly choice: string }>(this);
}
