/** A notebook's kernel -> the guard's state, kept current over one comm. */

import { ISessionContext } from '@jupyterlab/apputils';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Choice, COMM_TARGET, parseMessage, PROTOCOL_VERSION } from '../protocol';
import { EMPTY_STATE, IGuardState, Link, linked, received } from '../store';
import { isGuarded } from './guarded';
import { hasOpenComm, randomKey } from './opening';
import { OpenInputs } from './stdin';
import { IClaim, IGuardConnection } from './token';
import { isTrustedNow } from './trusted';
import { TypedAnswers } from './typed';
import { IFixRequest, Rewrite } from '../fix/answer';
import { Trail } from '../trail/records';
import { IDraftRequest, IVetted, parseAnswer } from '../vetting/answer';
import { Questions } from './questions';

/** A guard that has not answered by then is called silent; a late answer still counts. */
const PATIENCE_MS = 15_000;

/** A question must have been on screen this long before a click counts: it may have appeared under the pointer. */
const READING_MS = 400;

const LOAD_EXTENSION = /^\s*%load_ext\s+jupyter_guard\b/m;

export class GuardConnection implements IGuardConnection, IDisposable {
  constructor(
    private readonly _session: ISessionContext,
    private readonly _typed: TypedAnswers
  ) {
    _session.kernelChanged.connect(this._onKernelChanged, this);
    _session.connectionStatusChanged.connect(this._onConnectionStatus, this);
    _session.statusChanged.connect(this._onStatus, this);
    _session.iopubMessage.connect(this._onIopub, this);
    void this._attach(_session.session?.kernel ?? null);
  }

  get state(): IGuardState {
    return this._state;
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
    const shown = this._shown.get(id);
    if (shown === undefined || !isTrustedNow(event) || performance.now() - shown < READING_MS) {
      return false;
    }
    return this._send({ type: 'answer', id, choice, key: this._key });
  }

  claim(claim: IClaim): void {
    this._send({
      type: 'claim',
      sha256: claim.sha256,
      cell_id: claim.cellId,
      author: claim.author,
      shares: { ...claim.shares },
      started_by: claim.startedBy,
      key: this._key
    });
  }

  vet(draft: IDraftRequest): Promise<IVetted | null> {
    return this._questions.vet(draft);
  }

  policy(): Promise<string | null> {
    return this._questions.policy();
  }

  trail(last: number): Promise<Trail | null> {
    return this._questions.trail(last);
  }

  rewrite(request: IFixRequest): Promise<Rewrite | null> {
    return this._questions.rewrite(request);
  }

  hasRewritten(before: string, after: string): boolean {
    return this._questions.hasRewritten(before, after);
  }

  private _onKernelChanged(_: ISessionContext, change: { newValue: Kernel.IKernelConnection | null }): void {
    void this._attach(change.newValue);
  }

  private _onConnectionStatus(_: ISessionContext, status: Kernel.ConnectionStatus): void {
    if (status === 'connected' && this._state.link === 'lost') {
      void this._attach(this._session.session?.kernel ?? null);
    } else if (status !== 'connected' && this._comm) {
      this._lose();
    }
  }

  private _onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this._lose();
    } else if ((status === 'idle' || status === 'busy') && this._state.link === 'lost') {
      void this._attach(this._session.session?.kernel ?? null);
    }
  }

  /** A kernel that loads the guard itself, as an extension, is asked from then on. */
  private _onIopub(_: ISessionContext, message: KernelMessage.IMessage): void {
    if (this._state.link !== 'unguarded' || !KernelMessage.isExecuteInputMsg(message)) {
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
      if (this._isDisposed || kernel !== this._kernel || this._comm) {
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
      this._link(this._state.link === 'connecting' ? 'silent' : 'unguarded', kernel.name);
      return;
    }
    const comm = kernel.createComm(COMM_TARGET);
    // A comm on a subshell would start a thread in the child for traffic that never reaches it (JupyterLab 4.4+).
    if ('commsOverSubshells' in comm) {
      (comm as { commsOverSubshells: string }).commsOverSubshells = 'disabled';
    }
    this._comm = comm;
    this._key = randomKey();
    comm.onMsg = message => this._onMessage(message.content.data);
    const withoutAnswer = this._state.link === 'connecting' ? 'silent' : 'unguarded';
    comm.onClose = () => {
      if (this._comm === comm) {
        this._comm = null;
        this._link(withoutAnswer, kernel.name);
      }
    };
    comm.open({ version: PROTOCOL_VERSION, key: this._key, previous: this._lastKey });
    this._lastKey = this._key;
    window.setTimeout(() => {
      if (this._comm === comm && this._state.link === 'connecting') {
        this._link('silent', kernel.name);
      }
    }, PATIENCE_MS);
  }

  private _onMessage(data: unknown): void {
    const answer = parseAnswer(data);
    if (answer) {
      this._questions.settle(answer);
      return;
    }
    const message = parseMessage(data);
    if (!message) {
      return;
    }
    if (message.type === 'answered') {
      const question = this._state.pending.find(item => item.id === message.id);
      this._setState(received(this._state, message));
      this._inputs.settle(question?.msgId ?? '');
      this._answered.emit({ cellId: question?.cellId ?? '', choice: message.choice });
    } else if (message.type === 'asked') {
      // Another page would answer: this one, which ran the cell, is there.
      this._send({ type: 'here', id: message.id, key: this._key });
    } else {
      this._setState(received(this._state, message));
    }
  }

  /** What a person typed at the prompt counts; the reply on stdin, which any program can send, does not. */
  private _onReply(msgId: string, value: string): void {
    const question = this._state.pending.find(item => item.msgId === msgId);
    const shown = question && this._shown.get(question.id);
    if (question && shown !== undefined && performance.now() - shown >= READING_MS && this._typed.has(value)) {
      this._send({ type: 'typed', id: question.id, value, key: this._key });
    }
  }

  private _send(data: JSONObject): boolean {
    if (!this._comm || this._comm.isDisposed) {
      return false;
    }
    this._comm.send(data);
    return true;
  }

  private _lose(): void {
    if (this._comm || this._state.link === 'connected') {
      this._closeComm();
      this._link('lost', this._state.kernel);
    }
  }

  private _closeComm(): void {
    const comm = this._comm;
    this._comm = null;
    this._key = '';
    this._questions.giveUp();
    try {
      if (comm && !comm.isDisposed && !this._kernel?.isDisposed) {
        comm.close();
      }
    } catch {
      // The kernel is gone already, and the comm with it.
    }
  }

  private _link(link: Link, kernel: string): void {
    this._setState(linked(this._state, link, kernel));
  }

  private _setState(state: IGuardState): void {
    this._state = state;
    const now = performance.now();
    this._shown = new Map(state.pending.map(item => [item.id, this._shown.get(item.id) ?? now]));
    this._changed.emit();
  }

  private _state: IGuardState = EMPTY_STATE;
  private _kernel: Kernel.IKernelConnection | null = null;
  private _isGuardedKernel = false;
  private _comm: Kernel.IComm | null = null;
  private _key = '';
  /** The key of the comm before, which proves to the guard that the next one is this page's too. */
  private _lastKey = '';
  private _inputs = new OpenInputs((msgId, value) => this._onReply(msgId, value));
  /** A guard within the kernel cannot answer before the cell that runs is done: nobody to ask. */
  private _questions = new Questions(
    data =>
      this._state.link === 'connected' &&
      this._state.guard?.enforced === true &&
      this._send({ ...data, key: this._key })
  );
  private _shown = new Map<string, number>();
  private _isDisposed = false;
  private _changed = new Signal<IGuardConnection, void>(this);
  private _answered = new Signal<IGuardConnection, { readonly cellId: string; readonly choice: string }>(this);
}
