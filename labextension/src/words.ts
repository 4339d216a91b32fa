/** Values of the protocol -> the words that people read, ready for translation. */

import { TranslationBundle } from '@jupyterlab/translation';

import { IFinding, Severity, Verdict } from './protocol';

export const TRANSLATION_DOMAIN = 'jupyter_guard';

/** What happened to a cell, as a headline. */
export function stateTitle(state: string, trans: TranslationBundle): string {
  switch (state) {
    case 'blocked':
      return trans.__('Stopped before it ran');
    case 'declined':
      return trans.__('Not run: it was not allowed');
    case 'asked':
      return trans.__('Waiting for your answer');
    case 'confirmed':
      return trans.__('Ran: you allowed it');
    case 'warned':
      return trans.__('Ran, with a warning');
    case 'ran':
      return trans.__('Ran');
    case 'draft':
      return trans.__('Not run yet');
    case 'draft-block':
      return trans.__('Will be stopped');
    case 'draft-confirm':
      return trans.__('Will ask you');
    default:
      return trans.__('Good to know');
  }
}

/** Who wrote a cell, as a phrase. */
export function originPhrase(origin: string, trans: TranslationBundle): string {
  switch (origin) {
    case 'human':
      return trans.__('written by a person');
    case 'assistant':
      return trans.__('written by an assistant');
    case 'imported':
      return trans.__('imported code');
    default:
      return trans.__('nobody watched it being written');
  }
}

export function severityWord(severity: Severity, trans: TranslationBundle): string {
  switch (severity) {
    case 'critical':
      return trans.__('critical');
    case 'high':
      return trans.__('high');
    case 'medium':
      return trans.__('medium');
    case 'low':
      return trans.__('low');
    case 'note':
      return trans.__('note');
  }
}

/** What a cell does, as a full sentence; `sentence` is the guard's own, which has no subject. */
export function cellSentence(sentence: string, trans: TranslationBundle): string {
  return trans.__('This cell %1.', sentence.replace(/\.$/, ''));
}

/** What a cell would do that nobody has run, as a full sentence. */
export function draftSentence(sentence: string, trans: TranslationBundle): string {
  return trans.__('When run, this cell %1.', sentence.replace(/\.$/, ''));
}

/** What comes when a judged cell is run; empty when nothing does. */
export function verdictAhead(verdict: Verdict, trans: TranslationBundle): string {
  switch (verdict) {
    case 'block':
      return trans.__('will be stopped');
    case 'confirm':
      return trans.__('will wait for your answer');
    case 'warn':
      return trans.__('will run, with a warning');
    case 'allow':
      return '';
  }
}

/** A report's state for showing: a run that drew a warning is told from one that did not. */
export function shownState(report: { readonly state: string; readonly verdict: string }): string {
  if (report.state === 'draft') {
    return report.verdict === 'block' || report.verdict === 'confirm' ? `draft-${report.verdict}` : 'draft';
  }
  return report.state === 'ran' && report.verdict === 'warn' ? 'warned' : report.state;
}

/** The tone in which a state is shown; drives colours only, never words. */
export function stateTone(state: string): 'stop' | 'ask' | 'warn' | 'calm' {
  switch (state) {
    case 'blocked':
    case 'declined':
    case 'draft-block':
      return 'stop';
    case 'asked':
    case 'draft-confirm':
      return 'ask';
    case 'warned':
      return 'warn';
    default:
      return 'calm';
  }
}

/** Somebody's answer, as the journal has it. */
export function choicePhrase(choice: string, trans: TranslationBundle): string {
  switch (choice) {
    case 'once':
      return trans.__('allowed once');
    case 'code':
    case 'session':
      return trans.__('allowed this code');
    case 'before':
      return trans.__('allowed before');
    case 'refuse':
      return trans.__('refused');
    default:
      return choice;
  }
}

/** Where an answer was given; empty where nobody was asked. */
export function channelPhrase(channel: string, trans: TranslationBundle): string {
  switch (channel) {
    case 'panel':
      return trans.__('in the panel');
    case 'stdin':
      return trans.__('at the prompt');
    case 'interrupt':
      return trans.__('by an interrupt');
    default:
      return '';
  }
}

/** A limit of the policy's in words: "memory 4 GiB". */
export function limitWords(name: string, value: number, trans: TranslationBundle): string {
  switch (name) {
    case 'memory':
      return trans.__('memory %1', sizeWords(value, trans));
    case 'disk':
      return trans.__('disk %1', sizeWords(value, trans));
    case 'output':
      return trans.__('output %1', sizeWords(value, trans));
    case 'cell_seconds':
      return trans.__('cell %1 s', value);
    case 'cell_cpu_seconds':
      return trans.__('cell cpu %1 s', value);
    case 'processes':
      return trans.__('processes %1', value);
    case 'open_files':
      return trans.__('open files %1', value);
    case 'recursion':
      return trans.__('recursion %1', value);
    default:
      // Of a newer guard: its name is all that is known of it.
      return `${named(name, trans)} ${value}`;
  }
}

function sizeWords(bytes: number, trans: TranslationBundle): string {
  const step = Math.max(0, Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 4));
  const value = bytes / 1024 ** step;
  const shown = Number.isInteger(value) ? String(value) : value.toFixed(1);
  switch (step) {
    case 0:
      return trans.__('%1 B', shown);
    case 1:
      return trans.__('%1 KiB', shown);
    case 2:
      return trans.__('%1 MiB', shown);
    case 3:
      return trans.__('%1 GiB', shown);
    default:
      return trans.__('%1 TiB', shown);
  }
}

/** What a verdict would have meant, where nothing is stopped: "stopped". */
export function verdictPhrase(verdict: Verdict, trans: TranslationBundle): string {
  switch (verdict) {
    case 'block':
      return trans.__('stopped');
    case 'confirm':
      return trans.__('asked about');
    case 'warn':
      return trans.__('warned of');
    case 'allow':
      return trans.__('allowed');
  }
}

/** Where a secret was taken out, by the type of the kernel's message. */
export function outputWords(channel: string, trans: TranslationBundle): string {
  switch (channel) {
    case 'stream':
      return trans.__('printed text');
    case 'execute_result':
      return trans.__('result');
    case 'display_data':
    case 'update_display_data':
      return trans.__('display');
    case 'error':
      return trans.__('error message');
    case 'input_request':
      return trans.__('prompt');
    case 'comm_open':
    case 'comm_msg':
    case 'comm_close':
      return trans.__('widget');
    default:
      return named(channel, trans);
  }
}

/** Where a finding is: "line 3". */
export function place(finding: IFinding, trans: TranslationBundle): string {
  return trans.__('line %1', String(finding.span.line));
}

/**
 * A redaction's kind, as the scrubber names it, in words: "aws_key" -> "aws key". The kinds are data of the guard's:
 * a translation names those that it knows, and the others stay as they are.
 */
export function kindWords(kind: string, trans: TranslationBundle): string {
  return named(kind, trans);
}

function named(name: string, trans: TranslationBundle): string {
  const words = name.replace(/[_.-]+/g, ' ').trim();
  // Of an empty text, a catalogue gives its head.
  return words && trans.__(words);
}
